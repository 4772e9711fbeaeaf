/** Deliveries of an image that is not baked again: what starts them, and the decisions that they leave alone. */
import { days, hours, minutes } from "../../shared/duration.ts";
import { night, uploaded } from "../support/bakes.ts";
import { runKey } from "../../shared/keys.ts";
import { CHECK_IDS } from "../../shared/image-checks.ts";
import { ABROAD, bakedImages, sharedIn, unchanging } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { diskFile } from "../support/disk-file.ts";
import { notified } from "../support/notified.ts";
import { browse } from "../support/operator.ts";
import { goldenOf, quickRelease, recipeText, release } from "../support/recipes.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { callsOf, HOME, imagesIn, machines, served } from "../support/world.ts";

const ACCOUNT = "1000000000000001";

test("other regions, accounts and families are delivered when the recipe is put or asked for, without bake and test", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  const same = { description: "number 2", test: {} };
  const tester = {
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
    hygiene: { waive: CHECK_IDS },
  };
  const recipe = (promote: object, more = {}) => ({
    ...unchanging(kiln, promote),
    ...same,
    test: tester,
    ...more,
  });
  const { imageId, promotion } = await quickRelease(kiln, 2, recipe({}));
  expect(promotion?.state).toBe("done");
  const tested = machines(kiln).length;

  const shared = recipeText(recipe({ regions: [ABROAD], accounts: [ACCOUNT] }));
  expect((await uploaded(kiln, shared))?.result).toMatchObject({
    delivers: imageId,
    note: expect.stringContaining(`regions +${ABROAD}, accounts +${ACCOUNT}`),
  });
  expect(sharedIn(kiln, ABROAD)).toEqual([[ACCOUNT]]);

  const other = recipeText(recipe({ accounts: [ACCOUNT] }, { family: "web2", rebake: false }));
  await kiln.upload("recipes/web.yaml", other);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(["web", "web2"].map((family) => served(kiln, HOME, family))).toEqual([first.imageId, imageId]);
  const asked = await request(kiln, "/recipes/web/bake");
  expect(asked.result?.["delivers"]).toBeUndefined();
  expect([bakedImages(kiln), machines(kiln).length]).toEqual([2, tested]);
});

test("a delivery waits while its family is held", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  const recipe = (promote: object) => ({ ...unchanging(kiln, promote), description: "number 2" });
  await quickRelease(kiln, 2, recipe({}));
  await request(kiln, "/families/web/hold", { why: "freeze" });
  const held = await uploaded(kiln, recipeText(recipe({ regions: [ABROAD] })));
  expect(held?.result?.["note"]).toMatch(/which waits: family web is held by/);
});

test("a delivery that fails takes no account from the image that the family serves", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const same = { ...unchanging(kiln, { accounts: [ACCOUNT] }), description: "number 2" };
  const { imageId } = await quickRelease(kiln, 2, same);
  expect(sharedIn(kiln, HOME)).toEqual([[], [ACCOUNT]]);
  kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  await uploaded(kiln, recipeText({ ...same, promote: { accounts: [ACCOUNT], regions: [ABROAD] } }));
  expect(
    kiln
      .records("promote")
      .map(({ state }) => state)
      .toSorted(),
  ).toEqual(["done", "done", "failed"]);
  expect(served(kiln)).toBe(imageId);
  expect(sharedIn(kiln, HOME)).toEqual([[], [ACCOUNT]]);
});

test("an image is tested again when the log of its test is gone", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  const tester = {
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
  };
  const test = { ...tester, commands: ["true"], hygiene: { waive: [...CHECK_IDS] } };
  const recipe = { ...unchanging(kiln, { regions: [ABROAD] }), test };
  const failNext = () => kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  failNext();
  const { imageId, promotion } = await quickRelease(kiln, 2, recipe);
  failNext();
  await night(kiln);
  const tested = kiln.cloud.world.launched;
  kiln.cloud.oss.delete(BUCKET, runKey(promotion?.run ?? ""));
  await night(kiln);
  expect(kiln.cloud.world.launched).toBe(tested + 1);
  expect(served(kiln)).toBe(imageId);
});

test("a region that is taken out and put back is delivered again, whatever has become of its copies", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const recipe = (regions: unknown[]) => ({ ...unchanging(kiln, { regions }), description: "number 2" });
  const { imageId } = await quickRelease(kiln, 2, recipe([ABROAD]));
  for (let round = 0; round < 2; round++) {
    await uploaded(kiln, recipeText(recipe([])));
    expect(served(kiln, ABROAD)).toBeUndefined();
    const again = await uploaded(kiln, recipeText(recipe([ABROAD])));
    expect(again?.result).toMatchObject({ delivers: imageId });
    expect(kiln.records("promote").at(-1)?.state).toBe("done");
    expect(served(kiln, ABROAD)).toBeDefined();
  }
  expect((await night(kiln))?.result).not.toHaveProperty("delivers");
  expect(imagesIn(kiln, ABROAD).map(({ status }) => status)).toEqual([
    "Deprecated",
    "Deprecated",
    "Available",
  ]);
});

test("a copy gets the key that its region is given later, and the plain one leaves the family and its accounts", async ({
  kiln,
  expect,
}) => {
  const app = (region: object) =>
    recipeText({
      source: { upload: {} },
      provision: undefined,
      family: "app",
      test: { skip: true },
      promote: { regions: [region] },
    });
  await kiln.upload("recipes/app.yaml", app({ region: ABROAD }));
  await kiln.upload("disks/app/app.vhd", diskFile("vhd"));
  await kiln.cloud.settle({ forMs: hours(2) });
  const keys = () => {
    const copies = imagesIn(kiln, ABROAD);
    const serves = copies.find(({ imageId }) => imageId === served(kiln, ABROAD, "app"));
    return {
      serves: serves?.disks.map(({ key }) => key),
      available: copies.filter(({ status }) => status === "Available").length,
    };
  };
  expect(keys()).toEqual({ serves: [undefined], available: 1 });
  for (const kmsKeyId of ["key-2", "key-3"]) {
    await kiln.upload("recipes/app.yaml", app({ region: ABROAD, kmsKeyId }));
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(keys()).toEqual({ serves: [kmsKeyId], available: 1 });
  }
});

/** Takes the newest image of `web` for another family. */
const TAKES = {
  "the recipe names another family": async (kiln: Deployment) => {
    const moved = { ...unchanging(kiln, {}), description: "number 2", family: "web2", notify: ["ops"] };
    const bake = await uploaded(kiln, recipeText(moved));
    return { dry: bake?.result?.["note"], promotion: kiln.records("promote").at(-1) };
  },
  "an operator promotes it by another recipe": async (kiln: Deployment) => {
    await kiln.upload(
      "recipes/other.yaml",
      recipeText({ family: "web2", test: { skip: true }, notify: ["ops"] }),
    );
    const asked = { recipe: "other", imageId: served(kiln) };
    const dry = await request(kiln, "/families/web2/promote", { ...asked, dryRun: true });
    const promotion = await request(kiln, "/families/web2/promote", asked);
    return { dry: dry.reason ?? String(dry.result?.["wouldLose"]), promotion };
  },
};

for (const [name, take] of Object.entries(TAKES)) {
  test(`a held family keeps its image when ${name}`, async ({ kiln, expect }) => {
    await quickRelease(kiln, 1);
    const { imageId } = await quickRelease(kiln, 2, { ...unchanging(kiln, {}), description: "number 2" });
    await request(kiln, "/families/web/hold", { why: "freeze" });
    const { dry } = await take(kiln);
    expect(dry).toMatch(/stays in its family: family web is held by/);
    expect(served(kiln)).toBe(imageId);
  });

  test(`a family is not left empty when ${name}, in any region`, async ({ kiln, expect }) => {
    const seed = await quickRelease(kiln, 1, { family: "seed" });
    const recipe = { ...unchanging(kiln, { regions: [ABROAD] }), description: "number 2" };
    const { imageId } = await quickRelease(kiln, 2, recipe);
    expect(seed.imageId).not.toBe(imageId);
    const { dry } = await take(kiln);
    expect(dry).toMatch(/family web would serve nothing in cn-hangzhou without it/);
    expect(served(kiln)).toBe(imageId);
  });

  notified(
    `the family that loses its image is named before and after when ${name}`,
    async ({ kiln, channel, expect }) => {
      const first = await quickRelease(kiln, 1);
      await quickRelease(kiln, 2, { ...unchanging(kiln, {}), description: "number 2" });
      const loss = `family web in ${HOME} serves ${first.imageId} instead`;
      const { dry, promotion } = await take(kiln);
      expect(dry).toContain(loss);
      expect(promotion?.result).toMatchObject({ leaves: [loss] });
      expect(channel.posted.map(({ body }) => body["reason"])).toContain(loss);
      expect(served(kiln)).toBe(first.imageId);
    },
  );
}

test("a family that a delivery was to leave serves its image again when the delivery fails", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const { imageId } = await quickRelease(kiln, 2, { ...unchanging(kiln, {}), description: "number 2" });
  // The other family never answers, so the promotion is undone after the image has joined it.
  const stop = kiln.cloud.faults.interleave({
    product: "ecs",
    action: "DescribeImageFromFamily",
    when: (params) => params["ImageFamily"] === "web2",
    before: () => {
      if (served(kiln, HOME, "web2") === imageId)
        kiln.cloud.world.publishImage("web2", { imageId: "m-other", regionId: HOME });
    },
  });
  const moved = { ...unchanging(kiln, {}), description: "number 2", family: "web2" };
  await uploaded(kiln, recipeText(moved));
  stop();
  expect(kiln.records("promote").at(-1)?.state).toBe("failed");
  expect(served(kiln)).toBe(imageId);
});

test("nothing is delivered after a rollback, a cancellation, or while a promotion is at work", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  const recipe = { ...unchanging(kiln, { regions: [ABROAD] }), description: "number 2" };
  const copying = () => imagesIn(kiln, ABROAD).length > 0;
  await kiln.upload("recipes/web.yaml", recipeText(recipe));
  await kiln.cloud.settle({ until: copying, forMs: hours(1) });
  const [run = ""] = kiln
    .records("promote")
    .slice(-1)
    .map((one) => one.run);
  const busy = await request(kiln, "/recipes/web/bake");
  expect(busy.result?.["note"]).toContain(`which is under promotion by ${run}`);
  if (kiln.record(run)?.state === "running") await accepted(kiln, `/runs/${run}/cancel`, {});
  await ended(kiln, run);
  expect(kiln.record(run)?.state).toBe("cancelled");
  expect((await night(kiln))?.result?.["note"]).toContain(`whose promotion ${run} was cancelled`);
  expect(served(kiln)).toBe(first.imageId);

  const { imageId } = await quickRelease(kiln, 3, { ...recipe, description: "number 3", promote: {} });
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await request(kiln, "/families/web/unhold");
  expect((await night(kiln))?.result?.["note"]).toContain(`${imageId}, which was rolled back`);
  expect(served(kiln)).toBe(first.imageId);
});

test("regions and accounts that a recipe no longer names lose what Kiln gave them, and nothing that is used or shared by hand", async ({
  kiln,
  expect,
}) => {
  const [KEPT, FORMER, FOREIGN] = [ACCOUNT, "1000000000000002", "1000000000000003"] as const;
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
  const wide = { promote: { regions: [ABROAD], accounts: [KEPT, FORMER] }, retention };
  const first = await quickRelease(kiln, 1, { ...wide, rebake: false });
  await kiln.ecs("ModifyImageSharePermission", { ImageId: first.imageId, "AddAccount.1": FOREIGN });
  const recipe = { ...unchanging(kiln, {}), retention, description: "number 2" };
  const { imageId } = await quickRelease(kiln, 2, { ...recipe, ...wide });
  const [older = "", newer = ""] = imagesIn(kiln, ABROAD).map((image) => image.imageId);
  const used = { RegionId: ABROAD, LaunchTemplateName: "abroad", ImageId: newer };
  await kiln.ecs("CreateLaunchTemplate", used);

  const narrow = await uploaded(kiln, recipeText({ ...recipe, promote: { accounts: [KEPT] } }));
  expect(narrow?.result).not.toHaveProperty("delivers");
  expect(sharedIn(kiln, HOME)).toEqual([[KEPT, FOREIGN], [KEPT]]);
  expect(sharedIn(kiln, ABROAD)).toEqual([[], []]);
  expect([served(kiln), served(kiln, ABROAD)]).toEqual([imageId, newer]);
  expect(kiln.records("withdraw").at(-1)).toMatchObject({
    state: "done",
    result: {
      stays: [`${newer} in ${ABROAD} stays: it is needed by launch template abroad version 1`],
    },
  });

  for (let round = 0; round < 2; round++) {
    await request(kiln, "/recipes/web/retire");
    await kiln.cloud.settle({ forMs: hours(3) });
  }
  expect(imagesIn(kiln, ABROAD).map((image) => image.imageId)).toEqual([newer]);
  expect(older).not.toBe("");
});

test("a copy that a scaling configuration names, by id or by name, stays when its region is withdrawn", async ({
  kiln,
  expect,
}) => {
  const wide = { promote: { regions: [ABROAD] }, rebake: false };
  await quickRelease(kiln, 1, wide);
  await quickRelease(kiln, 2, wide);
  const [older, newer] = imagesIn(kiln, ABROAD);
  const named = { regionId: ABROAD, scalingGroupId: "asg-1", lifecycleState: "Inactive" } as const;
  kiln.cloud.scaling.configurations.push(
    { ...named, scalingConfigurationId: "asc-1", imageId: older?.imageId ?? "none" },
    { ...named, scalingConfigurationId: "asc-2", imageName: newer?.name ?? "none" },
  );
  await uploaded(kiln, recipeText({ ...unchanging(kiln, {}), description: "number 2" }));
  const left = kiln.records("withdraw").at(-1)?.result?.["stays"];
  const stays = (image: typeof older, index: number) =>
    `${image?.imageId} in ${ABROAD} stays: it is needed by scaling configuration asc-${index} of asg-1`;
  expect(new Set([left].flat())).toEqual(new Set([stays(older, 1), stays(newer, 2)]));
  expect(imagesIn(kiln, ABROAD).map(({ status }) => status)).toEqual(["Available", "Available"]);
});

test("retention takes back what Kiln shared before it deletes, and keeps what was shared by hand", async ({
  kiln,
  expect,
}) => {
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
  const recipe = { promote: { accounts: [ACCOUNT] }, retention, rebake: false };
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4]) ids.push((await quickRelease(kiln, n, recipe)).imageId);
  const [plain, byHand = ""] = ids;
  await kiln.ecs("ModifyImageSharePermission", { ImageId: byHand, "AddAccount.1": "1000000000000009" });
  kiln.cloud.world.ageImages(days(10));
  await request(kiln, "/recipes/web/retire");
  expect(sharedIn(kiln, HOME)).toEqual([[], [ACCOUNT, "1000000000000009"], [ACCOUNT], [ACCOUNT]]);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect((await request(kiln, "/recipes/web/retire")).result).toMatchObject({ deleted: 1 });
  expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toEqual(ids.filter((id) => id !== plain));
});

test("retention leaves an image whose copy has failed, for the night that delivers it", async ({
  kiln,
  expect,
}) => {
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
  await quickRelease(kiln, 1, { retention });
  kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  const recipe = { ...unchanging(kiln, { regions: [ABROAD] }), retention, rebake: { nightly: false } };
  const { imageId, promotion } = await quickRelease(kiln, 2, recipe);
  expect(promotion?.state).toBe("failed");
  kiln.cloud.world.ageImages(days(10));
  for (let n = 0; n < 2; n++) {
    await request(kiln, "/recipes/web/retire");
    await kiln.cloud.settle({ forMs: hours(3) });
  }
  expect((await night(kiln))?.result).toMatchObject({ delivers: imageId });
  expect(served(kiln)).toBe(imageId);
});

const BY_HAND = "1000000000000009";
/** What makes an image of the family step back, and what a run of it says. */
const STEPS_BACK = {
  "a rollback": (kiln: Deployment, older: string) => request(kiln, "/families/web/rollback", { to: older }),
  "the promotion of an older image": (kiln: Deployment, older: string) =>
    request(kiln, "/families/web/promote", { recipe: "web", imageId: older }),
};

for (const [name, stepBack] of Object.entries(STEPS_BACK))
  test(`an image that was shared by hand until ${name} took it back is not deleted, and the result names who lost it`, async ({
    kiln,
    expect,
  }) => {
    const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
    const promote = { accounts: [ACCOUNT], outranked: "deprecate" };
    const recipe = { promote, retention, rebake: { nightly: false } };
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.push((await quickRelease(kiln, n, recipe)).imageId);
    const [first = "", second = "", third = ""] = ids;
    await kiln.ecs("ModifyImageSharePermission", { ImageId: second, "AddAccount.1": BY_HAND });
    const back = await stepBack(kiln, first);
    expect(back.result).toMatchObject({
      unshared: expect.arrayContaining([`${second} in ${HOME} from ${ACCOUNT}, ${BY_HAND}`]),
    });
    kiln.cloud.world.ageImages(days(10));
    for (let n = 0; n < 2; n++) {
      await request(kiln, "/recipes/web/retire");
      await kiln.cloud.settle({ forMs: hours(3) });
    }
    const left = imagesIn(kiln, HOME).map(({ imageId }) => imageId);
    expect(left).toContain(second);
    expect(left).not.toContain(third);
  });

notified(
  "an approval that expired is asked for again, and a rejected image is not",
  async ({ kiln, channel, expect }) => {
    await quickRelease(kiln, 1);
    const recipe = {
      ...unchanging(kiln, { approval: { within: "4h" } }),
      description: "number 2",
      notify: [{ channel: "ops" }],
    };
    const { promotion } = await quickRelease(kiln, 2, recipe);
    expect(promotion?.reason).toContain("was not approved until");
    const questions = () => channel.posted.filter(({ body }) => body.kind === "approval");
    await night(kiln);
    expect(questions()).toHaveLength(2);
    const link = String(questions()[1]?.body.links?.approve);
    await kiln.cloud.settle({ forMs: minutes(1) });
    await browse(kiln, link, "reject");
    await kiln.cloud.settle({ forMs: hours(1) });
    await request(kiln, "/families/web/unhold");
    expect((await night(kiln))?.result?.["note"]).toMatch(/which was rejected by/);
    expect(questions()).toHaveLength(2);
  },
);

test("an uploaded disk's image and that of an instance are delivered by night without a new upload or stop", async ({
  kiln,
  expect,
}) => {
  const { imageId } = await bakedOfInstance(kiln);
  await kiln.invoke("kiln-bake-image", {
    triggerName: "nightly",
    triggerTime: new Date(kiln.cloud.time.now()).toISOString(),
    payload: JSON.stringify({ v: 1, request: "bake", recipe: "*" }),
  });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("bake").at(-1)?.result).toMatchObject({ delivers: imageId });
  expect(served(kiln, ABROAD)).toBeDefined();
});

/** With `rebake.nightly: false`, and a copy that fails. */
async function bakedOfInstance(kiln: Deployment) {
  kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  return quickRelease(kiln, 1, { promote: { regions: [ABROAD] }, rebake: { nightly: false } });
}

/** Changes that make no other image. */
const SAME_IMAGE = {
  nothing: {},
  accounts: { promote: { accounts: [ACCOUNT] } },
  regions: { promote: { regions: [ABROAD] } },
  "the schedule": { schedule: "30 2 * * 1-5" },
};

for (const [name, changes] of Object.entries(SAME_IMAGE))
  test(`a machine that a recipe is made from is not stopped when ${name} of the recipe changes, and what is due is delivered`, async ({
    kiln,
    expect,
  }) => {
    const source = { instance: { id: await goldenOf(kiln) } };
    const recipe = { source, provision: [], test: { skip: true }, description: "number 1" };
    const { imageId } = await release(kiln, 1, recipe);
    const stops = () => callsOf(kiln, "StopInstance").length;
    const before = stops();
    expect(before).toBe(1);
    const again = await uploaded(kiln, recipeText({ ...recipe, ...changes }));
    expect([stops(), bakedImages(kiln)]).toEqual([before, 1]);
    expect(again?.result?.["delivers"]).toBe("promote" in changes ? imageId : undefined);
    await uploaded(kiln, recipeText({ ...recipe, description: "number 2" }));
    expect([stops(), bakedImages(kiln)]).toEqual([before + 1, 2]);
  });
