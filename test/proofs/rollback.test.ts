import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { quickRelease, recipeText, release } from "../support/recipes.ts";
import { shown } from "../support/family.ts";
import { sharedIn } from "../support/delivery.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { HOME, imagesIn, served, tagOf } from "../support/world.ts";

const TWO = { regions: ["cn-shanghai"], accounts: ["1000000000000001", "1000000000000002"] };
const statuses = (kiln: Deployment, region = HOME) => imagesIn(kiln, region).map(({ status }) => status);

test("one request goes back to the previous image in every region, and an undo restores the newer one", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1, { promote: TWO });
  const second = await quickRelease(kiln, 2, { promote: TWO });
  const abroad = imagesIn(kiln, "cn-shanghai").map(({ imageId }) => imageId);
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(back).toMatchObject({
    state: "done",
    result: {
      imageId: first.imageId,
      regions: { [HOME]: first.imageId, "cn-shanghai": abroad[0] },
      proved: `web answers with ${first.imageId}`,
    },
  });
  expect([served(kiln), served(kiln, "cn-shanghai")]).toEqual([first.imageId, abroad[0]]);
  expect(statuses(kiln)).toEqual(["Available", "Deprecated"]);
  expect(tagOf(kiln, second.imageId, "kiln:promotion")).toBe(`rolled-back ${back.run}`);
  const undone = await request(kiln, "/families/web/rollback", { undo: true });
  expect(undone.state).toBe("done");
  expect([served(kiln), served(kiln, "cn-shanghai")]).toEqual([second.imageId, abroad[1]]);
  expect([...(imagesIn(kiln, HOME)[1]?.sharedWith.keys() ?? [])]).toEqual(TWO.accounts);
  expect(tagOf(kiln, second.imageId, "kiln:promotion")).toBe(`promoted ${second.promotion?.run}`);
});

/** Built: an image made from an instance counts as changed at every bake. */
const BARE = { provision: [], test: { skip: true } };

test("a rolled-back image is not baked again unchanged; a change or force bakes it", async ({
  kiln,
  expect,
}) => {
  await release(kiln, 1, BARE);
  const second = await release(kiln, 2, BARE);
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  const again = await request(kiln, "/recipes/web/bake");
  expect(again.result?.["note"]).toMatch(
    new RegExp(
      `^nothing changed since ${second.imageId}, which was rolled back: .*; change the recipe, or bake with force: true$`,
    ),
  );
  expect(served(kiln)).toBe(back.result?.["imageId"]);
  expect((await quickRelease(kiln, 3)).promotion?.state).toBe("done");
});

test("a rollback over several images moves the family once, straight to its target", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  await quickRelease(kiln, 2);
  await quickRelease(kiln, 3);
  const seen: (string | undefined)[] = [];
  const look = (): void => {
    if (seen.at(-1) !== served(kiln)) seen.push(served(kiln));
    kiln.cloud.time.after(500, { label: "look", background: true }, look);
  };
  look();
  const back = await request(kiln, "/families/web/rollback", { to: first.imageId });
  expect(back.state).toBe("done");
  expect(seen).toHaveLength(2);
  expect(seen[1]).toBe(first.imageId);
  expect(statuses(kiln)).toEqual(["Available", "Deprecated", "Deprecated"]);
});

test("a family is never left empty, and a rollback without a target changes nothing", async ({
  kiln,
  expect,
}) => {
  const nothing = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(nothing.reason).toBe("family web serves nothing, so there is nothing to roll back");
  const only = await quickRelease(kiln, 1);
  const empty = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(empty.reason).toMatch(/is the only good image family web could serve; deprecating it would leave/);
  const undone = await request(kiln, "/families/web/rollback", { undo: true });
  expect(undone.reason).toBe("family web has no rollback to undo");
  expect(served(kiln)).toBe(only.imageId);
});

test("a region that has no copy to go back to keeps every region where it is", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2, { promote: { regions: ["cn-shanghai"] } });
  const refused = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(refused.reason).toMatch(
    /^family web in cn-shanghai has no available copy of m-.*regions: \[cn-hangzhou\]/,
  );
  expect(served(kiln)).toBe(second.imageId);
  const abroad = await request(kiln, "/families/web/rollback", { to: "previous", regions: ["cn-shanghai"] });
  expect(abroad.reason).toMatch(/^a rollback always covers cn-hangzhou, .* add it to the regions/);
  expect(served(kiln)).toBe(second.imageId);
  const home = await request(kiln, "/families/web/rollback", { to: "previous", regions: [HOME] });
  expect(home.state).toBe("done");
  expect(served(kiln)).not.toBe(second.imageId);
});

test("a late promotion of a rolled-back image fails and says so", async ({ kiln, expect }) => {
  const first = await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2);
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  const late = await request(kiln, "/families/web/promote", { recipe: "web", imageId: second.imageId });
  expect(late.reason).toContain(`${second.imageId} was rolled back by ${back.run}`);
  const old = kiln.cloud.fc.events.find(
    ({ payload }) => payload.includes('"request":"promote"') && payload.includes(second.imageId),
  );
  await kiln.invoke("kiln-promote-family", JSON.parse(old?.payload.toString() ?? "{}"));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(served(kiln)).toBe(first.imageId);
  expect(statuses(kiln)).toEqual(["Available", "Deprecated"]);
});

test("a region that refuses leaves the others rolled back, and a second request goes on where it stopped", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1, { promote: TWO });
  await quickRelease(kiln, 2, { promote: TWO });
  const abroad = served(kiln, "cn-shanghai");
  const stop = kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageAttribute",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "denied"),
    when: ({ RegionId, Status }) => RegionId === "cn-shanghai" && Status === "Deprecated",
  });
  const half = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(half.reason).toMatch(/^family web is back in cn-hangzhou, but not in cn-shanghai: .*Forbidden\.RAM/);
  expect([served(kiln), served(kiln, "cn-shanghai")]).toEqual([first.imageId, abroad]);
  stop();
  const whole = await request(kiln, "/families/web/rollback", {
    to: first.imageId,
    regions: [HOME, "cn-shanghai"],
  });
  expect(whole.state).toBe("done");
  expect(served(kiln, "cn-shanghai")).not.toBe(abroad);
});

const denied = new CloudFault(403, "Forbidden.RAM", "denied");
const STOPS = {
  "a region refuses the deprecation": {
    action: "ModifyImageAttribute",
    when: ({ RegionId, Status }) => RegionId === "cn-shanghai" && Status === "Deprecated",
  },
  "home refuses the deprecation": {
    action: "ModifyImageAttribute",
    when: ({ RegionId, Status }) => RegionId === HOME && Status === "Deprecated",
  },
  "the tags are refused": { action: "TagResources", when: (params) => params["RegionId"] === HOME },
  "the family is not read back": { action: "DescribeImageFromFamily", when: (_params, n) => n > 3 },
} satisfies Readonly<
  Record<string, Pick<Parameters<Deployment["cloud"]["faults"]["add"]>[0], "action" | "when">>
>;

for (const [name, stop] of Object.entries(STOPS))
  test(`the same request after a rollback that stopped half-way ends at its target, and one undo brings all back: ${name}`, async ({
    kiln,
    expect,
  }) => {
    const at = () => [served(kiln), served(kiln, "cn-shanghai")];
    await quickRelease(kiln, 1, { promote: TWO });
    const second = await quickRelease(kiln, 2, { promote: TWO });
    const target = at();
    await quickRelease(kiln, 3, { promote: TWO });
    const newest = at();
    const end = kiln.cloud.faults.add({ product: "ecs", kind: "before", fault: denied, ...stop });
    expect((await request(kiln, "/families/web/rollback", { to: "previous" })).state).toBe("failed");
    end();
    expect((await request(kiln, "/families/web/rollback", { to: "previous" })).state).toBe("done");
    expect(target[0]).toBe(second.imageId);
    expect(at()).toEqual(target);
    expect((await request(kiln, "/families/web/rollback", { undo: true })).state).toBe("done");
    expect(at()).toEqual(newest);
  });

for (const calls of [0, 1, 2, 3, 4])
  test(`a rollback that is cancelled after ${calls} changes puts images, accounts, tags and the hold back`, async ({
    kiln,
    expect,
  }) => {
    const now = () => ({
      at: [served(kiln), served(kiln, "cn-shanghai")],
      shared: [HOME, "cn-shanghai"].map((region) => sharedIn(kiln, region)),
      promotion: tagOf(kiln, String(served(kiln)), "kiln:promotion"),
    });
    await quickRelease(kiln, 1, { promote: TWO });
    await quickRelease(kiln, 2, { promote: TWO });
    const before = now();
    let made = 0;
    for (const action of ["ModifyImageSharePermission", "ModifyImageAttribute"])
      kiln.cloud.faults.interleave({ product: "ecs", action, before: () => void made++ });
    const { run } = await accepted(kiln, "/families/web/rollback", { to: "previous" });
    const isThere = () => made >= calls && kiln.record(run)?.phase === "deprecate";
    await kiln.cloud.settle({ until: isThere, forMs: minutes(10) });
    await accepted(kiln, `/runs/${run}/cancel`, {});
    expect((await ended(kiln, run)).state).toBe("cancelled");
    await kiln.cloud.settle({ forMs: minutes(5) });
    expect(now()).toEqual(before);
    expect((await shown(kiln)).hold).toBeUndefined();
  });

test("an undo that would change nothing fails: a newer image is served since", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  await quickRelease(kiln, 2);
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await request(kiln, "/families/web/unhold");
  const third = await quickRelease(kiln, 3);
  const undone = await request(kiln, "/families/web/rollback", { undo: true });
  expect(undone.reason).toMatch(new RegExp(`serves ${third.imageId} since`));
});

test("a rollback with duplicates and crashes ends the same, and its undo still restores the accounts", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1, { promote: TWO });
  const second = await quickRelease(kiln, 2, { promote: TWO });
  kiln.cloud.fc.duplicate(({ function: name }) => name.endsWith("promote-family"));
  for (const action of ["ModifyImageSharePermission", "ModifyImageAttribute"]) {
    kiln.cloud.faults.add({ product: "ecs", action, kind: "crash", when: (_params, n) => n % 2 === 0 });
  }
  expect((await request(kiln, "/families/web/rollback", { to: "previous" })).state).toBe("done");
  expect((await request(kiln, "/families/web/rollback", { undo: true })).state).toBe("done");
  expect(served(kiln)).toBe(second.imageId);
  const shared = imagesIn(kiln, HOME).find(({ imageId }) => imageId === second.imageId)?.sharedWith;
  expect([...(shared?.keys() ?? [])]).toEqual(TWO.accounts);
});

test("a rollback while a promotion of the family copies waits for its end", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  await quickRelease(kiln, 2);
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({
      description: "3",
      provision: [],
      test: { skip: true },
      promote: { regions: ["cn-shanghai"] },
    }),
  );
  const copying = () => imagesIn(kiln, "cn-shanghai").length > 0;
  await kiln.cloud.settle({ until: copying, forMs: hours(2) });
  const refused = await request(kiln, "/families/web/rollback", { to: "previous" });
  const promotion = kiln.records("promote").at(-1);
  expect(promotion?.state).toBe("done");
  expect(refused.steps[0]?.at).toBeGreaterThan(Date.parse(promotion?.updatedAt ?? ""));
});
