/** A dry run reports what the run itself then does, and changes nothing. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import type { RunRecord } from "../support/records.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { quickRelease, recipeText, release } from "../support/recipes.ts";
import { rehearsed, type Body } from "../support/rehearsed.ts";
import { request } from "../support/runs.ts";
import { HOME, imagesIn, served, tagOf, logOf } from "../support/world.ts";

const ABROAD = "cn-shanghai";
const ACCOUNTS = ["1000000000000001", "1000000000000002"];
const BARE = { provision: [], test: { skip: true } };

/** The dry run and then the run itself. */
async function both(kiln: Deployment, path: string, body: Body = {}) {
  const dry = await rehearsed(kiln, path, body);
  const wet = await request(kiln, path, body);
  return { dry, wet };
}

/** Uploads a recipe; the bake that its upload would start is lost on the way. */
async function put(kiln: Deployment, recipe: string): Promise<void> {
  const stopLosing = kiln.cloud.fc.lose(({ payload }) => payload.includes('"eventName"'));
  await kiln.upload("recipes/web.yaml", recipe);
  await kiln.cloud.settle({ forMs: seconds(5) });
  stopLosing();
}

// oxlint-disable-next-line max-lines-per-function -- one scenario, in its order
test("a dry bake says what changed and where the builder would be launched, and the bake does that", async ({
  kiln,
  expect,
}) => {
  const script = { name: "set up", script: "scripts/web.sh" };
  const recipe = recipeText({ provision: [script], test: { skip: true } });
  await put(kiln, recipe);
  const lost = await both(kiln, "/recipes/web/bake");
  expect(lost.dry.reason).toBe(
    "recipe web names objects that the bucket does not have: scripts/web.sh; upload them, then bake again",
  );
  expect(lost.wet.reason).toBe(lost.dry.reason);
  await kiln.upload("scripts/web.sh", "echo one");
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const first = await both(kiln, "/recipes/web/bake");
  const base = first.dry.result?.["from"];
  expect(first.dry.result).toEqual({
    dryRun: true,
    recipe: "web",
    wouldBake: true,
    why: "first bake of this recipe",
    from: base,
    launch: { instanceType: "ecs.c7.large", vSwitchId: "vsw-hangzhou-h", imageId: base },
    ladder: [
      "ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock",
      "ecs.c7.large in vsw-hangzhou-h: the cloud would launch it",
    ],
    cost: { builder: expect.stringMatching(/^0\.\d+ CNY an hour, at most \d+\.\d+ CNY$/) },
    promotes: "web",
  });
  expect(first.wet.state).toBe("done");
  const notes = first.wet.steps.map(({ note = "" }) => note);
  expect(notes).toContain("first bake of this recipe");
  expect(notes).toContain("ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock");
  expect(notes.some((note) => note.endsWith(" ecs.c7.large in vsw-hangzhou-h"))).toBe(true);
  expect(first.wet.result?.["inputs"]).toMatchObject({ base });
  await kiln.cloud.settle({ forMs: minutes(30) });
  const same = await both(kiln, "/recipes/web/bake");
  expect(same.dry.result).toMatchObject({ wouldBake: false, note: same.wet.result?.["note"] });
  await kiln.upload("scripts/web.sh", "echo two");
  const changed = await both(kiln, "/recipes/web/bake");
  expect(changed.dry.result?.["why"]).toMatch(/^changed since m-\w+: objects \(scripts\/web\.sh\)$/);
  expect(changed.wet.steps.map(({ note }) => note)).toContain(changed.dry.result?.["why"]);
  await kiln.cloud.settle({ forMs: minutes(30) });
  const forced = await rehearsed(kiln, "/recipes/web/bake", { force: true });
  expect(forced.result?.["why"]).toMatch(/^forced, nothing changed since /);
});

test("a dry bake that nothing could be launched for, or without a recipe, fails as the bake does", async ({
  kiln,
  expect,
}) => {
  for (const dryRun of [true, false])
    expect((await kiln.call("POST", "/recipes/web/bake", { dryRun })).status).toBe(404);
  await put(kiln, recipeText());
  for (const type of ["ecs.g7.large", "ecs.c7.large"]) kiln.cloud.world.stock(type, "cn-hangzhou-h", 0);
  const dry = await both(kiln, "/recipes/web/bake");
  expect(dry.dry.reason).toMatch(/^could not launch a builder: ecs\.g7.*NoStock; ecs\.c7.*NoStock$/);
  expect(dry.wet.reason).toBe(dry.dry.reason);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const builder = (JSON.parse(recipeText()) as { source: { builder: object } }).source.builder;
  await put(kiln, recipeText({ source: { builder: { ...builder, securityGroupId: "sg-none0000001" } } }));
  const refused = await both(kiln, "/recipes/web/bake");
  expect(refused.dry.reason).toMatch(/InvalidSecurityGroupId/);
  const words = (record: RunRecord) => record.reason?.replace(/\(request [^)]*\)/, "");
  expect(words(refused.wet)).toBe(words(refused.dry));
});

test("a launch whose dry run is denied is not known, and takes place all the same", async ({
  kiln,
  expect,
}) => {
  const words = "Explicitly denied by a control policy.";
  const fault = new CloudFault(403, "Forbidden.RAM", words);
  kiln.cloud.faults.add({
    product: "ecs",
    action: ["RunInstances", "CreateInstance"],
    kind: "before",
    when: ({ DryRun }) => DryRun === "true",
    fault,
  });
  await put(kiln, recipeText(BARE));
  const { dry, wet } = await both(kiln, "/recipes/web/bake");
  const unknown =
    /^ecs\.g7\.large in vsw-hangzhou-h: not known, as the dry run was denied: ecs \w+ answered Forbidden\.RAM/;
  expect(dry.result).toMatchObject({ wouldBake: true, ladder: [expect.stringMatching(unknown)] });
  expect(dry.result?.["ladder"]).toEqual([expect.stringContaining(words)]);
  expect(wet.state).toBe("done");
  await kiln.cloud.settle({ forMs: hours(1) });
  for (const via of ["RunInstances", "CreateInstance"]) {
    const launch = { VSwitchId: "vsw-hangzhou-h" };
    await kiln.upload("fleets/web.yaml", fleetText({ launch, via }));
    const plan = await rehearsed(kiln, "/fleets/web/scale-out", { count: 1 });
    expect(plan.result?.["ladder"], via).toEqual([expect.stringMatching(unknown)]);
  }
});

test("a dry bake beside a bake neither waits for it nor holds it up", async ({ kiln, expect }) => {
  const slow = { provision: [{ run: "sleep 1800", timeout: "1h" }], test: { skip: true } };
  await kiln.upload("recipes/web.yaml", recipeText(slow));
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "watch", forMs: hours(1) });
  const [bake] = kiln.records("bake");
  const refused = await rehearsed(kiln, "/recipes/web/bake");
  expect(refused.reason).toBe(`recipe web is being baked by ${bake?.run}; try again when it is done`);
  await put(kiln, recipeText({ ...slow, whenBusy: "queue" }));
  const queued = await rehearsed(kiln, "/recipes/web/bake");
  expect(queued.result).toMatchObject({ dryRun: true, wouldBake: true, waitsFor: bake?.run });
  expect(Date.parse(queued.updatedAt) - Date.parse(queued.beganAt)).toBeLessThan(minutes(1));
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(kiln.record(bake?.run ?? "")?.state).toBe("done");
});

test("a dry bake of a machine names it and would stop it; the machine runs on", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  const [machine = ""] = kiln.cloud.world.instances.keys();
  await put(kiln, recipeText({ source: { instance: { id: machine } }, ...BARE }));
  const { dry, wet } = await both(kiln, "/recipes/web/bake");
  expect(dry.result).toMatchObject({ wouldBake: true, from: machine, wouldStop: machine });
  expect(wet.state).toBe("done");
});

// oxlint-disable-next-line max-lines-per-function -- one scenario, in its order
test("a dry promotion reports the regions, accounts and deprecations, and the promotion does the same", async ({
  kiln,
  expect,
}) => {
  const promote = { regions: [ABROAD], accounts: ACCOUNTS, outranked: "deprecate" };
  const first = await release(kiln, 1, BARE);
  const second = await quickRelease(kiln, 2, { promote });
  const abroad = served(kiln, ABROAD) ?? "";
  await put(kiln, recipeText({ promote, test: { commands: ["systemctl is-active nginx"] } }));
  const path = "/families/web/promote";
  // The first image was never provisioned, so its real test would fail: only the dry run has one.
  const tested = await rehearsed(kiln, path, { recipe: "web", imageId: first.imageId });
  expect(tested.result?.["test"]).toMatchObject({
    launch: { instanceType: "ecs.g7.large", vSwitchId: "vsw-hangzhou-h", imageId: first.imageId },
    ladder: ["ecs.g7.large in vsw-hangzhou-h: the cloud would launch it"],
    commands: ["first boot", "systemctl is-active nginx", "reboot", "second boot", "packages"],
  });
  await put(kiln, recipeText({ promote, ...BARE }));
  const { dry, wet } = await both(kiln, path, { recipe: "web", imageId: first.imageId });
  expect(dry.result).toEqual({
    dryRun: true,
    family: "web",
    imageId: first.imageId,
    test: "its recipe says test: skip",
    serves: { [HOME]: second.imageId, [ABROAD]: abroad },
    copies: {},
    wouldCopy: [ABROAD],
    wouldShare: [
      `the copy in ${ABROAD} with ${ACCOUNTS.join(", ")}`,
      `${first.imageId} in ${HOME} with ${ACCOUNTS.join(", ")}`,
    ],
    wouldJoin: [`the copy in ${ABROAD}`],
    wouldDeprecate: [`${second.imageId} in ${HOME}`],
    wouldUnshare: [`${second.imageId} in ${HOME} from ${ACCOUNTS.join(", ")}`],
  });
  expect(wet).toMatchObject({ state: "done", result: { deprecated: [second.imageId] } });
  expect(served(kiln)).toBe(first.imageId);
  const copy = imagesIn(kiln, ABROAD).at(-1);
  expect(served(kiln, ABROAD)).toBe(copy?.imageId);
  for (const image of [copy, imagesIn(kiln, HOME)[0]]) {
    expect([...(image?.sharedWith.keys() ?? [])]).toEqual(ACCOUNTS);
  }
  expect(imagesIn(kiln, HOME)[1]).toMatchObject({ status: "Deprecated", sharedWith: new Map() });
  const again = await rehearsed(kiln, path, { recipe: "web", imageId: first.imageId });
  expect(again.result).toMatchObject({ copies: { [ABROAD]: copy?.imageId }, wouldCopy: [], wouldJoin: [] });
});

test("a dry promotion fails with the message of the promotion", async ({ kiln, expect }) => {
  const first = await release(kiln, 1, BARE);
  const second = await release(kiln, 2, BARE);
  const path = "/families/web/promote";
  const bad: readonly (readonly [string, Body])[] = [
    [path, { recipe: "web", imageId: "m-none" }],
    ["/families/shop/promote", { recipe: "web", imageId: second.imageId }],
    [path, { recipe: "web", imageId: first.imageId }],
  ];
  for (const [where, body] of bad) {
    const { dry, wet } = await both(kiln, where, body);
    expect([dry.state, wet.state]).toEqual(["failed", "failed"]);
    expect(wet.reason).toBe(dry.reason);
  }
  await put(kiln, recipeText({ description: "number 2" }));
  for (const type of ["ecs.g7.large", "ecs.c7.large"]) kiln.cloud.world.stock(type, "cn-hangzhou-h", 0);
  const { dry, wet } = await both(kiln, path, { recipe: "web", imageId: second.imageId });
  expect(dry.reason).toMatch(/^could not launch a tester: /);
  expect(wet.reason).toBe(dry.reason);
});

// oxlint-disable-next-line max-lines-per-function -- one scenario, in its order
test("a dry rollback names every image to deprecate, and the rollback and its undo do the same", async ({
  kiln,
  expect,
}) => {
  const promote = { regions: [ABROAD], accounts: ACCOUNTS };
  const first = await quickRelease(kiln, 1, { promote });
  const second = await quickRelease(kiln, 2, { promote });
  const [oldCopy, newCopy] = imagesIn(kiln, ABROAD).map(({ imageId }) => imageId);
  const path = "/families/web/rollback";
  const back = await both(kiln, path, { to: "previous" });
  const out = [`${newCopy} in ${ABROAD}`, `${second.imageId} in ${HOME}`];
  expect(back.dry.result).toEqual({
    dryRun: true,
    family: "web",
    imageId: first.imageId,
    regions: { [HOME]: first.imageId, [ABROAD]: oldCopy },
    serves: { [HOME]: second.imageId, [ABROAD]: newCopy },
    wouldStepBack: out,
    wouldHold: "web",
    wouldUnshare: out.map((one) => `${one} from ${ACCOUNTS.join(", ")}`),
    undoWouldRestore: { [HOME]: second.imageId, [ABROAD]: newCopy },
  });
  expect(back.wet.result).toMatchObject({
    imageId: first.imageId,
    regions: back.dry.result?.["regions"],
    steppedBack: out,
  });
  const undo = await both(kiln, path, { undo: true });
  expect(undo.dry.result).toEqual({
    dryRun: true,
    family: "web",
    imageId: second.imageId,
    regions: back.dry.result?.["undoWouldRestore"],
    undoes: back.wet.run,
    serves: { [HOME]: first.imageId, [ABROAD]: oldCopy },
    wouldBringBack: out,
    wouldLiftHold: "web",
    wouldShare: out.map((one) => `${one} with ${ACCOUNTS.join(", ")}`),
  });
  expect(undo.wet.result).toMatchObject({ regions: undo.dry.result?.["regions"], broughtBack: out });
  const name = imagesIn(kiln, HOME)[0]?.name;
  const named = await both(kiln, path, { to: name, regions: [HOME] });
  expect(named.dry.result).toMatchObject({ imageId: first.imageId, regions: { [HOME]: first.imageId } });
  expect(named.wet.result).toMatchObject({ imageId: first.imageId, regions: { [HOME]: first.imageId } });
});

test("a dry rollback with a bad target, or of an empty family, fails with the message of the rollback", async ({
  kiln,
  expect,
}) => {
  const path = "/families/web/rollback";
  const same = async (body: Body) => {
    const { dry, wet } = await both(kiln, path, body);
    expect([dry.state, wet.state]).toEqual(["failed", "failed"]);
    expect(wet.reason).toBe(dry.reason);
  };
  await same({ to: "previous" });
  await same({ undo: true });
  await quickRelease(kiln, 1);
  await same({ to: "previous" });
  const second = await quickRelease(kiln, 2, { promote: { regions: [ABROAD] } });
  await same({ to: "previous" });
  await same({ to: "m-none" });
  await same({ to: "previous", regions: [ABROAD] });
  await same({ undo: true });
  expect(served(kiln)).toBe(second.imageId);
});

test("a dry rollback during a promotion neither waits for it nor delays it", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  await quickRelease(kiln, 2);
  kiln.cloud.world.delays({ copyMs: minutes(20) });
  await kiln.upload("recipes/web.yaml", recipeText({ ...BARE, promote: { regions: [ABROAD] } }));
  await kiln.cloud.settle({ until: () => imagesIn(kiln, ABROAD).length > 0, forMs: hours(2) });
  // The promotion goes on: the world would change within minutes.
  const { body } = await kiln.call("POST", "/families/web/rollback", { to: "previous", dryRun: true });
  await kiln.cloud.settle({ forMs: seconds(20) });
  const dry = kiln.record(String(body["run"]));
  const promotion = kiln.records("promote").at(-1);
  expect(dry).toMatchObject({ state: "done", result: { dryRun: true, waitsFor: promotion?.run } });
  expect(promotion?.state).toBe("running");
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(kiln.record(promotion?.run ?? "")?.state).toBe("done");
});

const REQUESTS: readonly (readonly [path: string, body: (imageId: string) => Body])[] = [
  ["/families/web/rollback", () => ({ to: "previous" })],
  ["/families/web/promote", (imageId) => ({ recipe: "web", imageId })],
  ["/recipes/web/bake", () => ({ force: true })],
];

test("a dry run that is delivered twice, or refused by the cloud, changes nothing either", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2);
  kiln.cloud.fc.duplicate(() => true);
  for (const [path, body] of REQUESTS) {
    expect((await rehearsed(kiln, path, body(second.imageId))).state).toBe("done");
  }
  const fault = new CloudFault(403, "Forbidden.RAM", "denied");
  kiln.cloud.faults.add({ product: "ecs", action: "DescribeImages", kind: "before", fault });
  for (const [path, body] of REQUESTS) {
    const { state, reason } = await rehearsed(kiln, path, body(second.imageId));
    expect([state, reason]).toEqual(["failed", expect.stringContaining("Forbidden.RAM")]);
  }
});

test.for(REQUESTS)(
  "a dry run of %s that crashes at every delivery fails and changes nothing",
  async ([path, body], { kiln, expect }) => {
    await quickRelease(kiln, 1);
    const second = await quickRelease(kiln, 2);
    kiln.cloud.faults.add({ product: "ecs", action: "DescribeImages", kind: "crash" });
    const { state, reason } = await rehearsed(kiln, path, body(second.imageId));
    expect([state, reason]).toEqual(["failed", expect.stringMatching(/ after \d attempts: /)]);
    expect(tagOf(kiln, second.imageId, "kiln:promotion")).toMatch(/^promoted /);
  },
);

test("a dry run and the run itself may carry the same key", async ({ kiln, expect }) => {
  await quickRelease(kiln, 1);
  const second = await quickRelease(kiln, 2);
  const body = { to: "previous", key: "incident-7" };
  const dry = await rehearsed(kiln, "/families/web/rollback", body);
  const wet = await request(kiln, "/families/web/rollback", body);
  expect(wet.run).not.toBe(dry.run);
  expect(served(kiln)).not.toBe(second.imageId);
});

test("a rollback event without a target, with two, or an undo with regions changes nothing and says what to write", async ({
  kiln,
  expect,
}) => {
  await quickRelease(kiln, 1);
  await quickRelease(kiln, 2);
  const before = JSON.stringify(kiln.cloud.world.served(HOME, "web")?.imageId);
  const said: string[] = [];
  const targets = [
    {},
    { undo: false },
    { to: "" },
    { to: "previous", undo: true },
    { undo: true, regions: [HOME] },
  ];
  for (const target of targets) {
    const { status, body } = await kiln.call("POST", "/families/web/rollback", target);
    expect(status).toBe(400);
    said.push(String(body["error"]));
    await kiln.invoke("kiln-promote-family", { v: 1, request: "rollback", family: "web", ...target });
  }
  expect(said).toEqual([
    expect.stringMatching(/a rollback needs a target: write "to": "previous".*"undo": true/),
    expect.stringMatching(/a rollback needs a target/),
    expect.stringMatching(/a rollback needs a target/),
    expect.stringMatching(/"to" and "undo" are two targets; keep one of them$/),
    expect.stringMatching(/"regions" does not go with "undo".*leave "regions" out$/),
  ]);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(JSON.stringify(kiln.cloud.world.served(HOME, "web")?.imageId)).toBe(before);
  expect(kiln.records("rollback")).toEqual([]);
  const lost = logOf(kiln, "janitor")
    .split("\n")
    .filter((line) => line.includes('"lost":"'));
  const naming = (text: string) => lost.filter((line) => line.includes(text));
  expect(naming("a rollback needs a target")).toHaveLength(3);
  expect(naming("are two targets")).toHaveLength(1);
  expect(naming("does not go with")).toHaveLength(1);
});
