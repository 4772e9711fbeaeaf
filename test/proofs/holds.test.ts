/** The ways in which the hold of a family begins and ends, besides the requests for it. */
import { hours } from "../../shared/duration.ts";
import { night } from "../support/bakes.ts";
import { ABROAD, unchanging } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { promotionOf, shown } from "../support/family.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { HOME, served } from "../support/world.ts";

test("a hold ends at its instant, an operator's promotion passes it, and one that cannot be read holds", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  await request(kiln, "/families/web/hold", { until: "1h" });
  const second = await quickRelease(kiln, 2);
  expect(served(kiln)).toBe(first.imageId);
  const promoted = await request(kiln, "/families/web/promote", { recipe: "web", imageId: second.imageId });
  expect(promoted.state).toBe("done");
  expect(served(kiln)).toBe(second.imageId);
  expect((await shown(kiln)).hold?.why).toBe("no reason given");
  await kiln.cloud.settle({ forMs: hours(2) });
  const third = await quickRelease(kiln, 3);
  expect(served(kiln)).toBe(third.imageId);

  kiln.cloud.oss.put(BUCKET, "state/families/web.jsonl", "no line of a log");
  const fourth = await quickRelease(kiln, 4);
  expect(promotionOf(kiln, fourth.imageId)).toBe("held");
  expect(served(kiln)).toBe(third.imageId);
  expect((await shown(kiln)).hold?.why).toMatch(/state\/families\/web\.jsonl .*no log of Kiln/);
  const none = await request(kiln, "/families/nosuch/hold");
  expect(none).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/^family nosuch has no image/),
  });
});

test("a dry run of a bake says that its family is held, by whom, until when and why", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const dryRun = async () => (await request(kiln, "/recipes/web/bake", { dryRun: true, force: true })).result;
  expect(await dryRun()).not.toHaveProperty("held");
  await request(kiln, "/families/web/hold", { why: "a bad kernel", until: "2d" });
  expect(await dryRun()).toMatchObject({
    wouldBake: true,
    held: expect.stringMatching(/^family web is held by \S+ until .*: a bad kernel$/),
  });
});

test("the end of a hold names the newest image that waits, and none that is older than the served one", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  await request(kiln, "/families/web/hold");
  await quickRelease(kiln, 2);
  const third = await quickRelease(kiln, 3);
  expect((await request(kiln, "/families/web/unhold")).result).toMatchObject({ waits: third.imageId });
  await request(kiln, "/families/web/hold");
  await request(kiln, "/families/web/promote", { recipe: "web", imageId: third.imageId });
  expect(served(kiln)).toBe(third.imageId);
  expect((await request(kiln, "/families/web/unhold")).result).toEqual({ family: "web", held: false });
});

test("after a rollback no bake moves the family until the hold is lifted; the undo of the rollback lifts it", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2);
  await request(kiln, "/families/web/rollback", { to: "previous" });
  expect((await shown(kiln)).hold).toMatchObject({
    by: "webhook:ci",
    why: `rolled back to ${first.imageId}`,
  });
  const third = await quickRelease(kiln, 3);
  expect([served(kiln), promotionOf(kiln, third.imageId)]).toEqual([first.imageId, "held"]);
  expect((await request(kiln, "/families/web/rollback", { undo: true })).state).toBe("done");
  expect(served(kiln)).toBe(second.imageId);
  expect((await shown(kiln)).hold).toBeUndefined();
  expect((await quickRelease(kiln, 4)).promotion?.state).toBe("done");
});

test("an older image that an operator promotes stays", async ({ kiln, expect }) => {
  const deprecate = { promote: { outranked: "deprecate" } };
  const first = await quickRelease(kiln, 1, deprecate);
  await quickRelease(kiln, 2, deprecate);
  const back = await request(kiln, "/families/web/promote", { recipe: "web", imageId: first.imageId });
  expect(back.state).toBe("done");
  expect(served(kiln)).toBe(first.imageId);
  const twin = await quickRelease(kiln, 2, { ...deprecate, description: "number 2 again" });
  expect([served(kiln), promotionOf(kiln, twin.imageId)]).toEqual([first.imageId, "held"]);
});

test("an older image that an operator promotes stays when newer ones of its recipe never joined the family", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const failing = (n: number) => {
    kiln.cloud.world.failNextCopy(ABROAD, "storage error");
    return quickRelease(kiln, n, { ...unchanging(kiln, { regions: [ABROAD] }), description: `number ${n}` });
  };
  const second = await failing(2);
  const third = await failing(3);
  const asked = { recipe: "web", imageId: second.imageId };
  expect((await request(kiln, "/families/web/promote", asked)).state).toBe("done");
  expect((await shown(kiln)).hold?.why).toBe(
    `${second.imageId} was promoted while ${third.imageId} was newer`,
  );
  await night(kiln);
  expect(served(kiln)).toBe(second.imageId);
  expect((await request(kiln, "/families/web/promote", { ...asked, imageId: third.imageId })).state).toBe(
    "done",
  );
});

test("an image that an operator promotes into the family of another recipe stays there", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const { imageId } = await quickRelease(kiln, 2, { ...unchanging(kiln, {}), description: "number 2" });
  // It bakes nothing before a disk is uploaded.
  const other = { source: { upload: {} }, provision: undefined, family: "canary", test: { skip: true } };
  await kiln.upload("recipes/other.yaml", recipeText(other));
  await request(kiln, "/families/canary/promote", { recipe: "other", imageId });
  expect(served(kiln, HOME, "canary")).toBe(imageId);
  expect((await night(kiln))?.result?.["note"]).toContain(
    `${imageId}, which an operator promoted into family canary by recipe other`,
  );
  expect(served(kiln, HOME, "canary")).toBe(imageId);
});

test("an undo brings back the hold that stood before its rollback: an operator's, or that of the rollback before", async ({
  kiln,
  expect,
}) => {
  const hold = async () => (await shown(kiln)).hold;
  const back = (to: Readonly<Record<string, unknown>>) => request(kiln, "/families/web/rollback", to);
  const first = await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2);
  await quickRelease(kiln, 3);
  await request(kiln, "/families/web/hold", { why: "freeze", until: "7d" });
  const freeze = await hold();
  expect(freeze?.why).toBe("freeze");
  await back({ to: "previous" });
  const rolledBack = await hold();
  expect(rolledBack?.why).toBe(`rolled back to ${second.imageId}`);
  await back({ to: first.imageId });
  expect((await back({ undo: true })).state).toBe("done");
  expect(await hold()).toEqual(rolledBack);
  const preview = await request(kiln, "/families/web/rollback", { undo: true, dryRun: true });
  expect(preview.result).toMatchObject({ wouldHold: "web" });
  expect(preview.result).not.toHaveProperty("wouldLiftHold");
  expect((await back({ undo: true })).state).toBe("done");
  expect(await hold()).toEqual(freeze);
});
