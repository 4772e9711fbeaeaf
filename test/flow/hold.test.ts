/** The hold of a family: the last decision of an operator stands, whatever bakes. */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { promotionOf, shown } from "../support/family.ts";
import { quickRelease } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { ownImages, served } from "../support/world.ts";

test("while a family is held, bakes build and test and their images wait; lifted, the next bake promotes what waits", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1, { rebake: { onlyIfChanged: true } });
  const hold = await request(kiln, "/families/web/hold", { why: "release freeze", until: "7d" });
  expect(hold).toMatchObject({ state: "done", by: "webhook:ci", result: { family: "web", held: true } });

  const snapshot = { source: { snapshot: { id: await snapshotOf(kiln) } }, provision: [] };
  const second = await quickRelease(kiln, 2, snapshot);
  expect(second.promotion).toMatchObject({
    state: "done",
    result: { imageId: second.imageId, held: { by: "webhook:ci", why: "release freeze" } },
  });
  expect(served(kiln)).toBe(first.imageId);
  expect(promotionOf(kiln, second.imageId)).toBe("held");
  expect((await shown(kiln)).hold).toMatchObject({ by: "webhook:ci", why: "release freeze" });

  const bake = { v: 1, request: "bake", recipe: "web" };
  await kiln.invoke("kiln-bake-image", bake);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("bake").at(-1)?.result?.["note"]).toMatch(
    /which waits: family web is held by webhook:ci until/,
  );

  const lifted = await request(kiln, "/families/web/unhold");
  expect(lifted.result).toMatchObject({ held: false, waits: second.imageId });
  expect(served(kiln)).toBe(first.imageId);
  await kiln.invoke("kiln-bake-image", bake);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("bake").at(-1)?.result).toMatchObject({ skipped: true, delivers: second.imageId });
  expect(served(kiln)).toBe(second.imageId);
  expect((await shown(kiln)).hold).toBeUndefined();
});

test("a family whose name has Chinese characters is held and lifted", async ({ kiln, expect }) => {
  const name = "网站_v2";
  await quickRelease(kiln, 1, { family: name });
  const path = `/families/${name}`;
  const hold = await request(kiln, `${path}/hold`, { why: "封版" });
  expect(hold).toMatchObject({ state: "done", result: { family: name, held: true } });
  expect(await request(kiln, `${path}/unhold`)).toMatchObject({ state: "done", result: { held: false } });
});

async function snapshotOf(kiln: Deployment): Promise<string> {
  const [image] = ownImages(kiln);
  return String(image?.disks[0]?.snapshotId);
}
