/** K11 where two runs meet, or a run meets its end: no image is deleted while a family serves it. */
import assert from "node:assert/strict";
import { days, hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { sharedIn } from "../support/delivery.ts";
import { test as base } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { hasEnded } from "../support/records.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { HOME, imagesIn, leftovers, served } from "../support/world.ts";

const ABROAD = "cn-shanghai";
const PROMOTE = { regions: [ABROAD], accounts: ["1000000000000001"] };

/** Images that were served when their deletion was asked for. */
function watchDeletions({ cloud }: Deployment): string[] {
  const seen: string[] = [];
  const before = ({ ImageId: id = "", RegionId: region = HOME }: Readonly<Record<string, string>>): void => {
    const family = cloud.world.image(region, id)?.family ?? "";
    if (family !== "" && cloud.world.served(region, family)?.imageId === id) seen.push(`${id} in ${region}`);
  };
  cloud.faults.interleave({ product: "ecs", action: "DeleteImage", before });
  return seen;
}

/** A deployment in which that happens in no test. */
const test = base.extend<{ watched: Deployment }>({
  watched: async ({ kiln }, use) => {
    const seen = watchDeletions(kiln);
    await use(kiln);
    assert.deepEqual(seen, []);
  },
});

/** Lets time pass until the promotion is in a phase and a region has its image. */
async function untilJoined(kiln: Deployment, region: string): Promise<string> {
  const joined = (): boolean => imagesIn(kiln, region).some(({ family }) => family === "web");
  await kiln.cloud.settle({ until: joined, forMs: hours(4) });
  return String(kiln.records("promote").at(-1)?.run);
}

const LAGS = [0, seconds(75)];

for (const lagMs of LAGS)
  for (const region of [ABROAD, HOME])
    test(`a promotion that is cancelled when ${region} has joined, and lists are ${lagMs / 1000} s late, leaves its family before its copy is deleted`, async ({
      watched: kiln,
      expect,
    }) => {
      kiln.cloud.world.lag(lagMs);
      await kiln.upload("recipes/web.yaml", recipeText({ promote: PROMOTE, test: { skip: true } }));
      const run = await untilJoined(kiln, region);
      await accepted(kiln, `/runs/${run}/cancel`, {});
      expect((await ended(kiln, run)).state).toBe("cancelled");
      await kiln.cloud.settle({ forMs: hours(1) });
      expect([served(kiln), served(kiln, ABROAD)]).toEqual([undefined, undefined]);
      expect(imagesIn(kiln, ABROAD)).toEqual([]);
      expect(leftovers(kiln)).toEqual([]);
    });

for (const noted of [true, false])
  test(`an undo waits until lists show the join, ${noted ? "which the run has noted" : "of which the run knows nothing"}`, async ({
    watched: kiln,
    expect,
  }) => {
    await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
    const isNext = (): boolean => kiln.records("promote")[0]?.phase === "join";
    await kiln.cloud.settle({ until: isNext, forMs: hours(4) });
    kiln.cloud.world.lag(seconds(170));
    if (!noted) kiln.cloud.faults.add({ product: "ecs", action: "ModifyImageAttribute", kind: "crash" });
    const run = await untilJoined(kiln, HOME);
    await accepted(kiln, `/runs/${run}/cancel`, {});
    expect((await ended(kiln, run)).state).toBe("cancelled");
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(served(kiln)).toBeUndefined();
  });

for (const region of [ABROAD, HOME])
  test(`when ${region} refuses to join while lists are late, the shared copy is taken back and deleted`, async ({
    watched: kiln,
    expect,
  }) => {
    const first = await quickRelease(kiln, 1, { promote: PROMOTE });
    const before = served(kiln, ABROAD);
    kiln.cloud.world.lag(seconds(75));
    kiln.cloud.faults.add({
      product: "ecs",
      action: "ModifyImageAttribute",
      kind: "before",
      fault: new CloudFault(400, "ImageQuotaFull.ImageFamily", "The image family has too many images."),
      when: ({ RegionId, ImageFamily }) => RegionId === region && ImageFamily === "web",
    });
    const { promotion } = await quickRelease(kiln, 2, { promote: PROMOTE });
    expect(promotion?.state).toBe("failed");
    expect(promotion?.reason).not.toContain("the undo ended with");
    expect([served(kiln), served(kiln, ABROAD)]).toEqual([first.imageId, before]);
    expect(imagesIn(kiln, ABROAD)).toHaveLength(1);
    // Only the image that is served.
    expect(sharedIn(kiln, HOME).flat()).toEqual(PROMOTE.accounts);
  });

test("an undo that cannot deprecate one copy removes the others, and its reason names the one that stays", async ({
  watched: kiln,
  expect,
}) => {
  const BEIJING = "cn-beijing";
  const refused = (code: string, region: string, param: string) =>
    kiln.cloud.faults.add({
      product: "ecs",
      action: "ModifyImageAttribute",
      kind: "before",
      fault: new CloudFault(403, code, "refused"),
      when: (params) => params["RegionId"] === region && param in params,
    });
  refused("ImageQuotaFull.ImageFamily", HOME, "ImageFamily");
  refused("Forbidden.RAM", BEIJING, "Status");
  const { promotion } = await quickRelease(kiln, 1, { promote: { regions: [BEIJING, ABROAD] } });
  const [copy] = imagesIn(kiln, BEIJING);
  expect(imagesIn(kiln, ABROAD)).toEqual([]);
  expect(promotion?.reason).toContain(`${copy?.imageId} in ${BEIJING} stays as it is: `);
});

const RETENTION = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
const RETAINED = { rebake: { nightly: false }, retention: RETENTION };

/** Four releases, of which retention deletes the first two. @returns the one that it deletes first */
async function twoDue(kiln: Deployment): Promise<string> {
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4]) ids.push((await quickRelease(kiln, n, RETAINED)).imageId);
  await markAll(kiln);
  return ids[1] ?? "";
}

/** Lets retention mark what nothing needs, and the time of its deletion come. */
async function markAll(kiln: Deployment): Promise<void> {
  kiln.cloud.world.ageImages(days(10));
  await kiln.cloud.settle({ forMs: seconds(1) });
  await request(kiln, "/recipes/web/retire");
  await kiln.cloud.settle({ forMs: hours(3) });
}

const phaseOf = (kiln: Deployment, run: string) => kiln.record(run)?.phase;

for (const phase of ["retire", "delete"])
  test(`an image that a rollback makes the family serve before retention's late event of ${phase} stays`, async ({
    watched: kiln,
    expect,
  }) => {
    const next = await twoDue(kiln);
    const isLate = ({ payload }: { readonly payload: string }): boolean =>
      payload.includes('"run":"retire-web-') && payload.includes(`"phase":"${phase}"`);
    kiln.cloud.fc.delay(isLate, () => minutes(30));
    const { run } = await accepted(kiln, "/recipes/web/retire", {});
    await kiln.cloud.settle({ until: () => phaseOf(kiln, run) === phase, forMs: hours(1) });
    expect((await request(kiln, "/families/web/rollback", { to: next })).state).toBe("done");
    await ended(kiln, run);
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(served(kiln)).toBe(next);
  });

test("retention deletes nothing of a family while a rollback moves it", async ({ watched: kiln, expect }) => {
  const next = await twoDue(kiln);
  // The rollback has planned, and stands before its first change.
  const stop = kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageAttribute",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
    when: ({ Status }) => Status === "Deprecated",
  });
  const back = await accepted(kiln, "/families/web/rollback", { to: next });
  await kiln.cloud.settle({ until: () => phaseOf(kiln, back.run) === "deprecate", forMs: minutes(5) });
  const { run } = await accepted(kiln, "/recipes/web/retire", {});
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toContain(next);
  stop();
  await ended(kiln, back.run);
  await ended(kiln, run);
  expect(served(kiln)).toBe(next);
});

test("retention waits after an undo that ended half-way until lists show where its family is", async ({
  watched: kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1, RETAINED);
  const second = await quickRelease(kiln, 2, RETAINED);
  await request(kiln, "/families/web/rollback", { to: first.imageId });
  await markAll(kiln);
  // Longer than the minute after which a cancellation takes effect.
  kiln.cloud.world.lag(minutes(2.5));
  const undo = await accepted(kiln, "/families/web/rollback", { undo: true });
  await kiln.cloud.settle({ until: () => served(kiln) === second.imageId, forMs: minutes(5) });
  await accepted(kiln, `/runs/${undo.run}/cancel`, {});
  await ended(kiln, undo.run);
  const { run } = await accepted(kiln, "/recipes/web/retire", {});
  await ended(kiln, run);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(served(kiln)).toBe(second.imageId);
});

test("a copy that its family still serves in a region that the recipe has dropped is not deleted", async ({
  watched: kiln,
  expect,
}) => {
  await quickRelease(kiln, 1, { ...RETAINED, promote: PROMOTE });
  const copy = served(kiln, ABROAD);
  // The withdrawal is refused, so the family goes on serving the copy.
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageAttribute",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "denied"),
    when: ({ Status, RegionId }) => Status === "Deprecated" && RegionId === ABROAD,
  });
  await quickRelease(kiln, 2, RETAINED);
  kiln.cloud.world.ageImages(days(10));
  for (let n = 0; n < 2; n++) {
    await request(kiln, "/recipes/web/retire");
    await kiln.cloud.settle({ forMs: hours(3) });
  }
  expect(served(kiln, ABROAD)).toBe(copy);
});

test("an image whose bake has not ended, or has ended badly, is not promoted: it may be deleted at any moment", async ({
  watched: kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "release", forMs: hours(2) });
  const bake = String(kiln.records("bake")[0]?.run);
  const imageId = imagesIn(kiln, HOME)[0]?.imageId;
  const asked = { recipe: "web", imageId };
  const refused = await accepted(kiln, "/families/web/promote", asked);
  await kiln.cloud.settle({ until: () => kiln.record(refused.run)?.phase !== undefined, forMs: minutes(1) });
  await accepted(kiln, `/runs/${bake}/cancel`, {});
  expect((await ended(kiln, refused.run)).reason).toMatch(`its bake ${bake}; wait for its end`);
  await ended(kiln, bake);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(served(kiln)).toBeUndefined();
});

test("an image that joins a family while the janitor looks at what a failed bake has left stays", async ({
  watched: kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ family: undefined, test: undefined }));
  const imageId = String(bake?.result?.["imageId"]);
  // As a bake that died at its end leaves it.
  await kiln.ecs("TagResources", {
    ResourceType: "image",
    "ResourceId.1": imageId,
    "Tag.1.Key": "kiln:run",
    "Tag.1.Value": await failedBake(kiln),
  });
  let looks = 0;
  kiln.cloud.faults.interleave({
    product: "ecs",
    action: "DescribeImages",
    when: ({ ImageId }) => ImageId === imageId,
    before: () => {
      if (looks++ === 0) kiln.cloud.world.joinFamily(imageId, "web");
    },
  });
  await kiln.invoke("kiln-janitor", { v: 1, request: "cleanup" });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(looks).toBeGreaterThan(0);
  expect(served(kiln)).toBe(imageId);
});

async function failedBake(kiln: Deployment): Promise<string> {
  await kiln.upload("recipes/bad.yaml", recipeText({ provision: ["exit 1"], family: "bad" }));
  const bad = () => kiln.records("bake-bad-")[0];
  await kiln.cloud.settle({ until: () => bad() !== undefined && hasEnded(bad()!), forMs: hours(2) });
  return String(bad()?.run);
}
