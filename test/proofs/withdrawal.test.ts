/** What a recipe does not name any more is taken away, whatever becomes of its images. */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { night, retentionNight, uploaded } from "../support/bakes.ts";
import { ABROAD, sharedIn, unchanging } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { notified } from "../support/notified.ts";
import { browse } from "../support/operator.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { HOME, imagesIn, served } from "../support/world.ts";

const ACCOUNT = "1000000000000001";
const WIDE = { regions: [ABROAD], accounts: [ACCOUNT] };

const TESTED = {
  commands: ["exit 1"],
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
};

const sharing = (kiln: Deployment) => [HOME, ABROAD].map((region) => sharedIn(kiln, region).flat());
const NOTHING = [[], []];

/** What has happened before the recipe names less; the changes that the recipe has beside. */
const SITUATIONS: Readonly<Record<string, (kiln: Deployment) => Promise<object>>> = {
  "after a rollback": async (kiln) => {
    await quickRelease(kiln, 2, { promote: WIDE });
    await request(kiln, "/families/web/rollback", { to: "previous" });
    return {};
  },
  "after a rollback whose hold was lifted": async (kiln) => {
    await quickRelease(kiln, 2, { promote: WIDE });
    await request(kiln, "/families/web/rollback", { to: "previous" });
    await request(kiln, "/families/web/unhold");
    return {};
  },
  "while the newest image fails its test": (kiln) => failing(kiln, { test: TESTED }),
  "while bakes fail and the recipe is paused": (kiln) =>
    failing(kiln, { source: { snapshot: { id: "s-none" } }, pauseAfter: 1 }),
  "during a hold": async (kiln) => {
    await request(kiln, "/families/web/hold", { until: "30d" });
    return {};
  },
  "together with a region whose copy fails": (kiln) => {
    kiln.cloud.world.failNextCopy("cn-beijing", "storage error");
    return Promise.resolve({ promote: { regions: ["cn-beijing"] } });
  },
  "together with the family": () => Promise.resolve({ family: undefined }),
};

async function failing(kiln: Deployment, changes: Readonly<Record<string, unknown>>): Promise<object> {
  await uploaded(kiln, recipeText({ ...unchanging(kiln, WIDE), ...changes }));
  return changes;
}

for (const [name, before] of Object.entries(SITUATIONS))
  test(`accounts and regions that a recipe does not name any more lose its images at once: ${name}`, async ({
    kiln,
    expect,
  }) => {
    await quickRelease(kiln, 1, { promote: WIDE });
    const changes = await before(kiln);
    expect(sharing(kiln)).not.toEqual(NOTHING);
    await uploaded(kiln, recipeText({ ...unchanging(kiln, {}), ...changes }));
    expect(sharing(kiln)).toEqual(NOTHING);
    expect(served(kiln)).toBeDefined();
    expect(served(kiln, ABROAD)).toBeUndefined();
  });

test("an account whose removal is refused is announced, and every night tries again until nothing is left", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1, { promote: WIDE });
  const end = kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageSharePermission",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "denied"),
    when: (params) => params["RemoveAccount.1"] !== undefined && params["RegionId"] === HOME,
  });
  await uploaded(kiln, recipeText(unchanging(kiln, {})));
  expect(kiln.records("withdraw").map(({ state }) => state)).toEqual(["failed"]);
  expect(sharing(kiln)).toEqual([[ACCOUNT], []]);
  expect(served(kiln, ABROAD)).toBeUndefined();
  end();
  await retentionNight(kiln);
  expect(sharing(kiln)).toEqual(NOTHING);
  await retentionNight(kiln);
  expect(kiln.records("withdraw").map(({ state }) => state)).toEqual(["failed", "done"]);
});

test("a copy that is in use is taken from its family by the first night after its user is gone", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1, { promote: WIDE });
  const copy = served(kiln, ABROAD);
  const used = { RegionId: ABROAD, LaunchTemplateName: "abroad", ImageId: copy };
  await kiln.ecs("CreateLaunchTemplate", used);
  await uploaded(kiln, recipeText(unchanging(kiln, {})));
  await retentionNight(kiln);
  expect(served(kiln, ABROAD)).toBe(copy);
  await kiln.ecs("DeleteLaunchTemplate", { RegionId: ABROAD, LaunchTemplateName: "abroad" });
  await retentionNight(kiln);
  expect(served(kiln, ABROAD)).toBeUndefined();
});

test("the undo of a rollback shares with no account that the recipe has dropped since, and with those that were shared by hand", async ({
  kiln,
  expect,
}) => {
  const BY_HAND = "1000000000000009";
  await quickRelease(kiln, 1, { promote: { accounts: [ACCOUNT] } });
  const second = await quickRelease(kiln, 2, { promote: { accounts: [ACCOUNT] } });
  await kiln.ecs("ModifyImageSharePermission", { ImageId: second.imageId, "AddAccount.1": BY_HAND });
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await uploaded(kiln, recipeText(unchanging(kiln, {})));
  expect(sharing(kiln)).toEqual(NOTHING);
  expect((await request(kiln, "/families/web/rollback", { undo: true })).state).toBe("done");
  expect(sharing(kiln)).toEqual([[BY_HAND], []]);
});

test("an account that is named again is given the image again, without a bake", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1, {});
  const recipe = (accounts: string[]) =>
    recipeText({ ...unchanging(kiln, { accounts }), description: "number 2" });
  const { imageId } = await quickRelease(kiln, 2, { ...unchanging(kiln, { accounts: [ACCOUNT] }) });
  await uploaded(kiln, recipe([]));
  expect(sharing(kiln)).toEqual(NOTHING);
  const again = await uploaded(kiln, recipe([ACCOUNT]));
  expect(again?.result).toMatchObject({ delivers: imageId });
  expect(sharing(kiln)).toEqual([[ACCOUNT], []]);
  expect((await night(kiln))?.result).not.toHaveProperty("delivers");
});

notified(
  "an approval that is given after an account and a region were dropped grants neither, and none is needed to drop them",
  async ({ kiln, channel, expect }) => {
    await quickRelease(kiln, 1, { promote: WIDE });
    const approval = { within: "4h" };
    const recipe = (promote: object) => ({
      ...unchanging(kiln, { ...promote, approval }),
      description: "number 2",
      notify: [{ channel: "ops" }],
    });
    const questions = () => channel.posted.filter(({ body }) => body.kind === "approval");
    await kiln.upload("recipes/web.yaml", recipeText(recipe(WIDE)));
    await kiln.cloud.settle({ until: () => questions().length > 0, forMs: hours(1) });
    await uploaded(kiln, recipeText(recipe({})));
    expect(sharing(kiln)).toEqual(NOTHING);
    const given: string[] = [];
    kiln.cloud.faults.interleave({
      product: "ecs",
      action: "ModifyImageSharePermission",
      before: (params) => void given.push(params["AddAccount.1"] ?? ""),
    });
    await browse(kiln, String(questions()[0]?.body.links?.approve), "approve");
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(kiln.records("promote").at(-1)?.state).toBe("done");
    expect(sharing(kiln)).toEqual(NOTHING);
    expect(given).not.toContain(ACCOUNT);
    expect(served(kiln, ABROAD)).toBeUndefined();
    expect(imagesIn(kiln, ABROAD)).toHaveLength(1);
    await kiln.cloud.settle({ forMs: minutes(1) });
    expect(questions()).toHaveLength(1);
  },
);
