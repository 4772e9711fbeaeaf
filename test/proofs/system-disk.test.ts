/** Images without the data disks of their instance. */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { launchTagged, leftovers, machines, ownImages, tagsOf } from "../support/world.ts";

/** A running instance with a system and a data disk. */
async function withData(kiln: Deployment): Promise<string> {
  const id = await launchTagged(kiln, {}, { "DataDisk.1.Size": 100, "DataDisk.1.Category": "cloud_essd" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  return id;
}

const recipeOf = (id: string, more: object = {}) =>
  recipeText({
    source: { instance: { id, dataDisks: false, ...more } },
    provision: [],
    test: { skip: true },
    image: { tags: { team: "web" } },
  });

test.for([{}, { stop: false }])(
  "data disks are left out on request, and the snapshot is the image's own: %o",
  async (more, { kiln, expect }) => {
    const id = await withData(kiln);
    const [bake] = await bakeAndPromote(kiln, recipeOf(id, more));
    expect(bake?.state).toBe("done");
    const [image] = ownImages(kiln);
    expect(image?.disks.map(({ type }) => type)).toEqual(["system"]);
    expect(machines(kiln).map(({ status }) => status)).toEqual(["Running"]);
    expect(leftovers(kiln)).toEqual([]);
    const snapshot = image?.disks[0]?.snapshotId ?? "";
    const tags = Object.fromEntries(
      kiln.cloud.world.tags.of("snapshot", snapshot).map(({ key, value }) => [key, value]),
    );
    expect(tags).toMatchObject({ team: "web", "kiln:recipe": "web", "kiln:image": image?.imageId });
  },
);

test("a run that is cancelled while it takes the snapshot leaves none, and starts the instance again", async ({
  kiln,
  expect,
}) => {
  const id = await withData(kiln);
  await kiln.upload("recipes/web.yaml", recipeOf(id));
  const { snapshots } = kiln.cloud.world;
  await kiln.cloud.settle({ until: () => snapshots.size > 0, forMs: minutes(30) });
  expect(tagsOf(kiln, id)).toEqual({});
  await request(kiln, `/runs/${kiln.records("bake")[0]?.run}/cancel`);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect([snapshots.size, ownImages(kiln).length]).toEqual([0, 0]);
  expect(kiln.cloud.world.mustHave(id).status).toBe("Running");
});
