/** No phase of a promotion, a rollback or a retention changes or deletes an image because of an event alone. */
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import {
  deliver,
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
import { HOME, imagesIn, launchTagged } from "../support/world.ts";

const ABROAD = "cn-shanghai";
const FAILED = { ok: false, reason: "no" };
const IMAGE = { createdAt: 0, osType: "linux", dataDisks: [] };
const NONE = { copies: {}, adopted: [], members: [], joined: [], deprecated: [] };
const BARE = { family: undefined, test: undefined, provision: [] };
const NOT_PROMOTED = /is not under promotion by promote-web-/;

async function bakedBy(kiln: Deployment, recipe: string, changes: object): Promise<string> {
  const [bake] = await bakeAndPromote(kiln, recipeText({ ...changes }), recipe);
  return String(bake?.result?.["imageId"]);
}

/** A served image with a copy; and of others: a user's image, another deployment's, one that no promotion is about. */
async function prepare(kiln: Deployment) {
  const promote = { regions: [ABROAD], accounts: ["1000000000000001"], outranked: "deprecate" };
  const served = await bakedBy(kiln, "web", { promote });
  const them = await strangers(kiln, { "kiln:role": "tester" });
  // Looks tested, and under promotion by the run of the event.
  const looks = { "kiln:role": "image", "kiln:gate": "passed", ...OTHER };
  const theirImage = await pictureOf(kiln, them.theirs, looks);
  const picture = await pictureOf(kiln, them.mine);
  const unpromoted = await bakedBy(kiln, "other", BARE);
  const document = parseRecipe("web", recipeText({ promote, test: { skip: true } }));
  const send = async (phase: string, imageId: string, state: object): Promise<string> => {
    const testStartedAt = kiln.cloud.time.now();
    const input = { recipe: "web", imageId, family: "web", document, image: IMAGE, testStartedAt };
    const event = forge(kiln, "promote", phase, { input, ...state });
    them.claim(event.run);
    await tagImage(kiln, theirImage, "kiln:promotion", `waiting ${event.run}`);
    return deliverInVain(kiln, event);
  };
  return { ...them, served, theirImage, picture, unpromoted, send };
}

test("no instance but the run's own is commanded or released", async ({ kiln, expect }) => {
  const { mine, theirs, served, send } = await prepare(kiln);
  for (const instanceId of [mine, theirs]) {
    const why = instanceId === mine ? NO_RUN : NO_DEPLOYMENT;
    expect(await send("command", served, { instanceId, index: 0 })).toMatch(why);
    expect(await send("release", served, { instanceId, verdict: FAILED })).toMatch(why);
  }
});

test("an image that is not its promotion's is not tested, copied, shared, joined, deprecated or judged", async ({
  kiln,
  expect,
}) => {
  const { theirImage, picture, unpromoted, served, send } = await prepare(kiln);
  for (const imageId of [picture, theirImage, unpromoted]) {
    const why = imageId === unpromoted ? NOT_PROMOTED : NO_DEPLOYMENT;
    const states: readonly (readonly [string, object])[] = [
      ["launch", { offering: 0 }],
      ["release", { verdict: { ok: true, note: "" } }],
      ["release", { verdict: FAILED }],
      ["copy", { progress: NONE }],
      ["share", { progress: NONE, batch: 10 }],
      ["preflight", { progress: NONE }],
      ["join", { progress: NONE }],
      ["undo", { progress: { ...NONE, joined: [HOME] }, reason: "no", recheck: true }],
    ];
    for (const [phase, state] of states) expect(await send(phase, imageId, state)).toMatch(why);
    const copies = { ...NONE, copies: { [ABROAD]: imageId } };
    expect(await send("await-copies", served, { progress: copies })).toMatch(/is gone/);
  }
});

test("a served image and its copy do not leave their family, and nothing steps back or returns for them", async ({
  kiln,
  expect,
}) => {
  const { picture, served, send } = await prepare(kiln);
  const [copied = ""] = imagesIn(kiln, ABROAD).map(({ imageId }) => imageId);
  const deprecated = [{ region: HOME, imageId: picture, accounts: ["1000000000000009"] }];
  const joined = { copies: { [ABROAD]: copied }, adopted: [ABROAD], joined: [HOME, ABROAD] };
  const progress = { ...NONE, ...joined, deprecated };
  for (const phase of ["copy", "preflight", "join", "deprecate", "verify"])
    expect(await send(phase, served, { progress })).toMatch(NOT_PROMOTED);
  expect(await send("undo", served, { progress, reason: "no", recheck: false })).toMatch(NOT_PROMOTED);
});

test("an image under promotion is neither shared nor joined before its test, and no image of others steps back", async ({
  kiln,
  expect,
}) => {
  const mine = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  const picture = await pictureOf(kiln, mine);
  const imageId = await bakedBy(kiln, "other", BARE);
  const document = parseRecipe("web", recipeText({ promote: { accounts: ["1000000000000001"] } }));
  const send = async (phase: string, state: object): Promise<string> => {
    const input = { recipe: "web", imageId, family: "web", document, image: IMAGE, testStartedAt: 0 };
    const event = forge(kiln, "promote", phase, { input, ...state });
    await tagImage(kiln, imageId, "kiln:promotion", `waiting ${event.run}`);
    return deliver(kiln, event);
  };
  const image = (id: string) => kiln.cloud.world.image(HOME, id);
  for (const phase of ["share", "preflight", "join"]) {
    const state = { progress: NONE, ...(phase === "share" && { batch: 10 }) };
    expect(await send(phase, state)).toMatch(/has not passed its test/);
    expect([image(imageId)?.family, image(imageId)?.sharedWith.size]).toEqual(["", 0]);
  }
  await tagImage(kiln, imageId, "kiln:gate", "passed");
  const progress = {
    ...NONE,
    deprecated: [{ region: HOME, imageId: picture, accounts: ["1000000000000009"] }],
  };
  for (const phase of ["deprecate", "undo"]) {
    const state = { progress, ...(phase === "undo" && { reason: "no", recheck: false }) };
    expect(await send(phase, state)).toMatch(NO_DEPLOYMENT);
    expect([image(picture)?.status, image(picture)?.sharedWith.size]).toEqual(["Available", 0]);
  }
});

test("a rollback deprecates only own members of its family, and restores only what it listed", async ({
  kiln,
  expect,
}) => {
  const served = await bakedBy(kiln, "web", {});
  const mine = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  const picture = await pictureOf(kiln, mine);
  const theirImage = await pictureOf(kiln, mine, { "kiln:role": "image", ...OTHER });
  for (const ImageId of [picture, theirImage])
    await kiln.ecs("ModifyImageAttribute", { ImageId, ImageFamily: "web" });
  const elsewhere = await bakedBy(kiln, "other", BARE);
  for (const imageId of [picture, theirImage, elsewhere]) {
    const deprecated = [{ region: HOME, imageId, accounts: ["1000000000000009"] }];
    const state = { targets: { [HOME]: served }, deprecated };
    const back = { input: { family: "web", target: { kind: "back", to: "previous" } }, ...state };
    expect(await deliverInVain(kiln, forge(kiln, "rollback", "deprecate", back))).toMatch(
      imageId === elsewhere ? /is not in family web/ : NO_DEPLOYMENT,
    );
    await kiln.ecs("ModifyImageAttribute", { ImageId: imageId, Status: "Deprecated" });
    const undoes = "rollback-web-20260105-0123456789ab";
    const undo = { input: { family: "web", target: { kind: "undo" } }, ...state, undoes };
    expect(await deliverInVain(kiln, forge(kiln, "rollback", "restore", undo))).toMatch(
      /did not deprecate m-/,
    );
  }
});

test("a retention deletes and tags only images of its recipe that are due, and only their snapshots", async ({
  kiln,
  expect,
}) => {
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
  const served = await bakedBy(kiln, "web", { retention });
  const [own = ""] = kiln.cloud.world.snapshots.keys();
  const mine = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  const due = { "kiln:retire-at": "2026-01-01T00:00:00.000Z", "kiln:recipe": "web", "kiln:role": "image" };
  const picture = await pictureOf(kiln, mine, due);
  const theirImage = await pictureOf(kiln, mine, { ...due, ...OTHER });
  const elsewhere = await bakedBy(kiln, "other", BARE);
  const send = (phase: string, state: object): Promise<string> => {
    const input = { recipe: "web", dryRun: false };
    return deliverInVain(kiln, forge(kiln, "retire", phase, { input, counts: {}, left: [], ...state }));
  };
  for (const imageId of [picture, theirImage, elsewhere]) {
    const place = { region: HOME, imageId };
    expect(await send("delete", { ...place, snapshotIds: [own] })).toContain('"refused":1');
    for (const action of ["mark", "unmark"])
      expect(await send("retire", { left: [{ ...place, action }] })).toContain('"refused":1');
  }
  expect(await send("delete", { region: HOME, imageId: served, snapshotIds: [own] })).toContain('"kept":1');
  expect(await send("delete", { region: HOME, imageId: "m-gone", snapshotIds: [own] })).toContain(
    '"refused":1',
  );
});
