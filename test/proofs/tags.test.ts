import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { machines, ownImages, tagsOf } from "../support/world.ts";

const instanceOf = (kiln: Deployment, role: string) =>
  machines(kiln).find(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:role"] === role)?.instanceId;

test("the tags of a recipe are on its image and on everything that is made on the way to it", async ({
  kiln,
  expect,
}) => {
  const image = { tags: { team: "web", release: "{RELEASE}" } };
  const parameters = { RELEASE: { default: "v1" } };
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ image, parameters, promote: { regions: ["cn-shanghai"] } }),
  );
  const own = { team: "web", release: "v1" };
  for (const role of ["builder", "tester"]) {
    await kiln.cloud.settle({ until: () => instanceOf(kiln, role) !== undefined, forMs: hours(2) });
    expect(tagsOf(kiln, instanceOf(kiln, role) ?? "")).toMatchObject({ ...own, "kiln:recipe": "web" });
  }
  await kiln.cloud.settle({ until: () => ownImages(kiln).length === 2, forMs: hours(2) });
  const { tags, snapshots } = kiln.cloud.world;
  const things = [
    ...ownImages(kiln).map(({ imageId }) => tags.of("image", imageId)),
    ...[...snapshots.keys()].map((id) => tags.of("snapshot", id)),
  ];
  expect(things).toHaveLength(3);
  for (const each of things)
    expect(Object.fromEntries(each.map(({ key, value }) => [key, value]))).toMatchObject(own);
});
