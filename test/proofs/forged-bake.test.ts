/** A bake buys, commands, stops, images and deletes nothing because of an event alone. */
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import {
  deliverInVain,
  forge,
  NO_DEPLOYMENT,
  NO_RUN,
  OTHER,
  pictureOf,
  strangers,
  tagImage,
} from "../support/forged.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { diskFile } from "../support/disk-file.ts";

const INPUTS = { base: "m-1", recipe: "r", objects: "o", parameters: "p" };
const FAILED = { ok: false, reason: "no" };
const REQUEST = { recipe: "web", force: false, parameters: {} };
const DOCUMENT = parseRecipe("web", recipeText({ provision: ["touch /forged", { reboot: true }] }));
/** Without a builder. */
const PLAN = { imageName: "forged", inputs: INPUTS };

/** One baked image, and strangers that a forged event names. */
async function prepare(kiln: Deployment) {
  const [bake] = await bakeAndPromote(kiln, recipeText());
  const baked = String(bake?.result?.["imageId"]);
  const them = await strangers(kiln, { "kiln:role": "builder", "kiln:recipe": "web" });
  const theirImage = await pictureOf(kiln, them.theirs, { "kiln:role": "image", ...OTHER });
  const plan = { ...PLAN, baseImage: { id: baked, dataDisks: [] } };
  const send = async (phase: string, state: object, input: object = {}): Promise<string> => {
    const given = { ...REQUEST, document: DOCUMENT, plan, ...input };
    const event = forge(kiln, "bake", phase, { input: given, ...state });
    them.claim(event.run);
    await tagImage(kiln, theirImage, "kiln:run", event.run);
    return deliverInVain(kiln, event);
  };
  return { ...them, baked, theirImage, plan, send };
}

test("no builder is launched without the lock of its recipe", async ({ kiln, expect }) => {
  const { send } = await prepare(kiln);
  expect(await send("launch", { offering: 0 })).toMatch(/does not hold the lock of recipe web/);
});

test("no instance but the run's own is commanded, rebooted, stopped, imaged or released", async ({
  kiln,
  expect,
}) => {
  const { mine, theirs, send } = await prepare(kiln);
  for (const instanceId of [mine, theirs]) {
    const states: readonly (readonly [string, object])[] = [
      ["command", { instanceId, index: 0 }],
      ["command", { instanceId, index: 1 }],
      ["stop", { instanceId }],
      ["capture", { from: { instanceId } }],
      ["release", { instanceId, verdict: { ok: true, note: "" } }],
      ["release", { instanceId, verdict: FAILED }],
    ];
    for (const [phase, state] of states)
      expect(await send(phase, state)).toMatch(instanceId === mine ? NO_RUN : NO_DEPLOYMENT);
  }
});

test("an instance that only the recipe of an event names is neither stopped, imaged nor started", async ({
  kiln,
  expect,
}) => {
  const { mine, theirs, plan, send } = await prepare(kiln);
  for (const instanceId of [mine, theirs]) {
    const source = { kind: "instance", id: instanceId, stop: true };
    const named = { document: { ...DOCUMENT, source }, plan: PLAN };
    for (const [phase, state] of [
      ["stop", { instanceId }],
      ["capture", { from: { instanceId } }],
    ] as const)
      expect(await send(phase, state, named)).toMatch(/recipe web does not name i-\w+ any more/);
    kiln.cloud.world.stop(instanceId);
    await kiln.cloud.settle({ forMs: minutes(2) });
    const restart = { plan: { ...plan, restart: instanceId } };
    expect(await send("release", { verdict: FAILED }, restart)).toBe("no");
  }
});

test("no image but the run's own is deleted, and no disk file of another recipe", async ({
  kiln,
  expect,
}) => {
  const { mine, baked, theirImage, send } = await prepare(kiln);
  const picture = await pictureOf(kiln, mine);
  await kiln.upload("disks/shop/disk.vhd", "a disk");
  const source = { kind: "upload", keepObject: false, nvme: true };
  const uploaded = {
    upload: { key: "disks/shop/disk.vhd", etag: "1" },
    document: { ...DOCUMENT, source },
  };
  for (const imageId of [picture, baked, theirImage]) {
    const why = imageId === theirImage ? NO_DEPLOYMENT : NO_RUN;
    expect(await send("release", { imageId, verdict: FAILED })).toMatch(why);
    expect(await send("tag-snapshots", { imageId }, uploaded)).toMatch(why);
  }
});

test("an import is cancelled by its own run only", async ({ kiln, expect }) => {
  kiln.cloud.world.delays({ importMs: hours(6) });
  const disk = { source: { upload: {} }, provision: [], family: undefined, test: undefined };
  await kiln.upload("recipes/disk.yaml", recipeText(disk));
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("disks/disk/disk.vhd", diskFile("vhd"));
  await kiln.cloud.settle({ forMs: minutes(5) });
  const [task] = kiln.cloud.world.tasks.values();
  expect(task?.status).toBe("Processing");
  const input = { ...REQUEST, document: DOCUMENT, plan: PLAN };
  const event = forge(kiln, "bake", "release", { input, taskId: task?.taskId, verdict: FAILED });
  expect(await deliverInVain(kiln, event)).toBe("no");
});
