/** Events fit into a payload, whatever the document; a run whose events might not is refused before its first change. */
import { EVENT_MAX_BYTES, PARAMETERS_MAX_BYTES } from "../../shared/budget.ts";
import { parseFleet } from "../../shared/documents/fleet.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import {
  filledUp,
  manyAccounts,
  manyChannels,
  manyTypes,
  manyVSwitches,
} from "../support/large-documents.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { callsOf, leftovers, machines, served } from "../support/world.ts";

/** Bytes of the largest event, and the errors of functions that could not send one. */
function sizes({ cloud }: Deployment): { readonly largest: number; readonly died: readonly string[] } {
  const largest = Math.max(...cloud.fc.events.map(({ payload }) => payload.length));
  const errors = cloud.fc.invocations.map(({ result }) => result.slice(0, 200));
  return { largest, died: errors.filter((error) => error.includes("that can travel")) };
}

/** A step takes 18 KB, so the filling is in two of them. The others fill the history. */
const recipe = (changes: object) =>
  filledUp(
    (filling) => {
      const half = filling.indexOf("\n", filling.length / 2) + 1;
      const halves = [filling.slice(0, half), filling.slice(half)];
      const fills = halves.map((part) => ({ name: "fill", run: `true\n${part}` }));
      const named = Array.from({ length: 16 }, (_, n) => ({ name: `${n}`.padEnd(100, "汉"), run: "true" }));
      return { ...json<object>(recipeText()), ...changes, provision: [...fills, ...named] };
    },
    (text) => parseRecipe("web", text),
  );

const BAKE = "/recipes/web/bake";
/** Parameters with so many bytes as JSON. */
const parameters = (bytes: number) => ({ A: "a".repeat(bytes - '{"A":""}'.length) });

test("the largest recipe is baked with as many parameters as fit, and promoted; with one byte more it is refused", async ({
  kiln,
  expect,
}) => {
  const notify = manyChannels.map((channel) => ({ channel }));
  const promote = { accounts: manyAccounts, regions: ["cn-shanghai", "cn-beijing"] };
  await kiln.upload(
    "recipes/web.yaml",
    recipe({ notify, promote, test: { commands: ["true"] }, rebake: { nightly: false } }),
  );
  await kiln.cloud.settle({ until: () => kiln.records("promote")[0]?.state === "done", forMs: hours(8) });
  const bake = async (bytes: number, dryRun = false) => {
    const body = { force: true, parameters: parameters(bytes), dryRun };
    return ended(kiln, (await accepted(kiln, BAKE, body)).run);
  };
  const launches = callsOf(kiln, "RunInstances").length;
  const tooMany = await bake(16_000);
  const [, over = ""] =
    /^recipe web with these parameters does not fit into an event: the recipe has 4\d{4}, the parameters 16000 bytes as JSON, (\d+) more than the \d+ there is room for; move long commands into objects under scripts\/, or shorten the parameters$/.exec(
      tooMany.reason ?? "",
    ) ?? [];
  const most = 16_000 - Number(over);
  expect((await bake(most + 1)).reason).toContain(" 1 more than ");
  expect((await bake(most + 1, true)).reason).toContain(" 1 more than ");
  expect(callsOf(kiln, "RunInstances")).toHaveLength(launches);
  expect(leftovers(kiln)).toEqual([]);
  expect((await bake(most)).state).toBe("done");
  const { largest, died } = sizes(kiln);
  expect(died).toEqual([]);
  expect(largest).toBeLessThanOrEqual(EVENT_MAX_BYTES);
  expect(largest).toBeGreaterThan(EVENT_MAX_BYTES - 21_000);
});

test("a bake whose every offering is refused ends with a reason, however many they are", async ({
  kiln,
  expect,
}) => {
  const builder = { instanceTypes: manyTypes, vSwitchIds: manyVSwitches };
  const source = {
    builder: { ...json<{ source: { builder: object } }>(recipeText()).source.builder, ...builder },
  };
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault: new CloudFault(403, "OperationDenied.NoStock", "sold out".padEnd(5_000, "!")),
  });
  const notify = manyChannels.map((channel) => ({ channel }));
  const [bake] = await bakeAndPromote(kiln, recipe({ source, notify, test: { skip: true } }));
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(/^could not launch a builder: ecs\.g7x.*; \d+ more$/);
  expect(bake?.reason?.length).toBeLessThan(4_000);
  expect(callsOf(kiln, "RunInstances")).toEqual([]);
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(200);
  const { largest, died } = sizes(kiln);
  expect(died).toEqual([]);
  expect(largest).toBeLessThanOrEqual(EVENT_MAX_BYTES);
});

test("parameters that no bake can take are refused by the webhook, in bytes", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText({ rebake: { nightly: false } }));
  await kiln.cloud.settle({ forMs: hours(2) });
  const before = kiln.records().length;
  const post = (given: object) => answered(kiln, kiln.call("POST", BAKE, { parameters: given }));
  const refused = await post(parameters(PARAMETERS_MAX_BYTES + 7));
  expect(refused).toEqual({
    status: 400,
    body: {
      error:
        "parameters: must have at most 16384 bytes as JSON, has 7 more; put long values into an object that the commands download",
    },
  });
  expect((await post({ A: "汉".repeat(6_000) })).body["error"]).toContain("has 1624 more");
  expect(
    (await post(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`A${n}`, "a".repeat(900)])))).status,
  ).toBe(400);
  expect(kiln.records()).toHaveLength(before);
  expect((await post(parameters(PARAMETERS_MAX_BYTES))).status).toBe(202);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(sizes(kiln).died).toEqual([]);
});

/** Newer members of the family, shared with as many accounts as an image can be. */
async function newerMembers(kiln: Deployment, count: number): Promise<void> {
  const from = callsOf(kiln, "CreateImage")[0]?.params["InstanceId"];
  for (let n = 0; n < count; n++) {
    const { ImageId } = await kiln.ecs<{ ImageId: string }>("CreateImage", {
      InstanceId: from,
      ImageName: `newer-${n}`,
      ImageFamily: "web",
      "Tag.1.Key": "kiln:deployment",
      "Tag.1.Value": BUCKET,
    });
    await kiln.cloud.settle({ forMs: minutes(2) });
    for (let at = 0; at < manyAccounts.length; at += 10) {
      const accounts = manyAccounts.slice(at, at + 10).map((id, index) => [`AddAccount.${index + 1}`, id]);
      await kiln.ecs("ModifyImageSharePermission", { ImageId, ...Object.fromEntries(accounts) });
    }
  }
}

/** Promotes an image by a recipe with these inputs, as a bake asks for it. */
async function promote(kiln: Deployment, imageId: string, inputs: readonly string[]) {
  const [, id = ""] = /"(i-[^"]+)"/.exec(JSON.stringify(callsOf(kiln, "CreateImage")[0]?.params)) ?? [];
  const source = { instance: { id, stop: false } };
  const rest = { provision: [], test: { skip: true }, promote: { outranked: "deprecate" } };
  const document = parseRecipe("web", recipeText({ source, inputs, ...rest }));
  const before = new Set(kiln.records("promote").map(({ run }) => run));
  const delivery = `bake-web-20260105-${String(before.size).padStart(12, "0")}`;
  const asked = { v: 1, request: "promote", recipe: "web", imageId, document, delivery, by: "test" };
  const fresh = () => kiln.records("promote").find(({ run }) => !before.has(run));
  await kiln.invoke("kiln-promote-family", asked);
  await kiln.cloud.settle({ until: () => fresh() !== undefined, forMs: hours(1) });
  return ended(kiln, fresh()?.run ?? "");
}

test("a promotion is refused before its family moves when the images it would deprecate do not fit", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  await newerMembers(kiln, 28);
  const newest = served(kiln);
  const long = Array.from({ length: 40 }, (_, n) => `inputs/${n}-`.padEnd(900, "a"));
  const refused = await promote(kiln, first.imageId, long);
  expect(refused.reason).toMatch(
    /^28 newer images are in the way: their list does not fit into an event: the recipe has 3\d{4}, the images to deprecate [1-3]\d{4} bytes as JSON, \d+ more than the \d+ there is room for; deprecate or delete some of them/,
  );
  expect(served(kiln)).toBe(newest);
  expect((await promote(kiln, first.imageId, [])).state).toBe("done");
  expect(served(kiln)).toBe(first.imageId);
  expect(sizes(kiln).died).toEqual([]);
});

const launch = { InstanceType: manyTypes, VSwitchId: manyVSwitches };
const fleet = (changes: object) =>
  filledUp(
    (filling) => {
      const whole = json<{ launch: object }>(fleetText({ limits: { max: 1_000 }, ...changes }));
      return { ...whole, launch: { ...whole.launch, UserData: `#!/bin/sh\n${filling}` } };
    },
    (text) => parseFleet("web", text),
  );

test("the largest fleet is launched, and tries all of its offerings", async ({ deploy, expect }) => {
  const kiln = await deploy();
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault: new CloudFault(403, "OperationDenied.NoStock", "sold out"),
    when: (_params, n) => n < 199,
  });
  await kiln.upload("fleets/web.yaml", fleet({ launch }));
  const run = await scaleOut(kiln, { count: 30 });
  // The last offering has names that the cloud does not know.
  expect(run.state).toBe("failed");
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(200);
  const { largest, died } = sizes(kiln);
  expect(died).toEqual([]);
  expect(largest).toBeLessThanOrEqual(EVENT_MAX_BYTES);
});

test("a request for more instances than the events of its run can name is refused before the first one", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleet({ via: "CreateInstance" }));
  const { reason } = await scaleOut(kiln, { count: 700 });
  expect(reason).toMatch(
    /^fleet web with a request for 700 instances does not fit into an event: the fleet has 4\d{4} bytes as JSON, \d+ more than the \d+ there is room for; ask for fewer at a time, or shorten the fleet$/,
  );
  expect(machines(kiln)).toEqual([]);
  kiln.cloud.world.quotas({ launchesPerMinute: Number.POSITIVE_INFINITY });
  expect((await scaleOut(kiln, { count: 60 })).result).toMatchObject({ count: 60 });
  const { largest, died } = sizes(kiln);
  expect(died).toEqual([]);
  expect(largest).toBeLessThanOrEqual(EVENT_MAX_BYTES);
});

test("a document with thousands of mistakes fails at once, and names the first of them", async ({
  kiln,
  expect,
}) => {
  const mistakes = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, 1]));
  await kiln.upload("recipes/web.yaml", recipeText(mistakes));
  await kiln.upload("recipes/long.yaml", recipeText({ ["k".repeat(20_000)]: 1 }));
  await kiln.upload("fleets/web.yaml", fleetText(mistakes));
  await kiln.invoke("kiln-stop-idle", { v: 1, request: "stop-idle", fleet: "web" });
  await kiln.invoke("kiln-scale-out", { v: 1, request: "scale-out", fleet: "web", count: 1 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const runs = ["bake-web", "idle", "scale", "check-web"].flatMap((kind) => kiln.records(kind));
  const reasons = runs.map(({ reason }) => reason);
  expect(reasons).toHaveLength(5);
  for (const reason of reasons) {
    expect(reason).toMatch(
      /^\S+web\.yaml has 3000 problems:\n {2}.*k0: is not known; .*\n {2}and 2980 more$/s,
    );
    expect(reason?.length).toBeLessThan(9_000);
  }
  expect(kiln.records("bake-long")[0]?.reason?.length).toBeLessThan(1_000);
  expect(sizes(kiln).died).toEqual([]);
});
