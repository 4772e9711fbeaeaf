import { days, hours } from "../../shared/duration.ts";
import { OWN_TAGS_MAX, TAGS_MAX } from "../../shared/tags.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { recipeText, release } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
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

test("as many tags as a resource takes, less those of Kiln, fit on everything through promotion and retention", async ({
  kiln,
  expect,
}) => {
  const own = Object.fromEntries(
    Array.from({ length: OWN_TAGS_MAX.image }, (_, n) => [`k${n}`.padEnd(64, "k"), "v".repeat(128)]),
  );
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
  const recipe = { image: { tags: own }, promote: { regions: ["cn-shanghai"] }, retention };
  for (const n of [1, 2, 3]) expect((await release(kiln, n, recipe)).promotion?.state).toBe("done");
  kiln.cloud.world.ageImages(days(10));
  expect((await request(kiln, "/recipes/web/retire")).result).toMatchObject({ marked: 2 });
  const { tags, snapshots } = kiln.cloud.world;
  const all = [
    ...ownImages(kiln).map(({ imageId }) => tags.of("image", imageId)),
    ...[...snapshots.keys()].map((id) => tags.of("snapshot", id)),
  ].map((each) => Object.fromEntries(each.map(({ key, value }) => [key, value])));
  expect(all).toHaveLength(9);
  for (const each of all) expect(each).toMatchObject(own);
  expect(Math.max(...all.map((each) => Object.keys(each).length))).toBe(TAGS_MAX);
});
