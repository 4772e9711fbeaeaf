/** No phase of a scale-out, an idle check or a resume buys, stops or releases an instance because of an event alone. */
import { parseFleet } from "../../shared/documents/fleet.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { outputKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { deliver, deliverInVain, forge, type Forgery, strangers } from "../support/forged.ts";
import { age, IDLE, POLICY } from "../support/idle.ts";
import { accepted } from "../support/runs.ts";
import { launchTagged, machines, tagsOf } from "../support/world.ts";

const MEMBER = { "kiln:role": "member", "kiln:fleet": "web" };
const PROGRESS = {
  pages: [],
  left: 40,
  offering: 0,
  callIndex: 0,
  launched: 0,
  round: 0,
  replacements: 0,
  price: 0,
  images: [],
  notes: [],
};

/** An event of a scale-out that asks for forty. */
function scaling(
  kiln: Deployment,
  phase: string,
  state: object,
  { via = "RunInstances", fleet = "web" } = {},
): Forgery {
  const launch = { SystemDisk: { Category: "cloud_essd" } };
  const document = { ...parseFleet("web", fleetText({ launch, limits: { max: 100 } })), via };
  const disks = { SystemDisk: { Category: "cloud_essd", Size: 40 }, DataDisk: [] };
  const input = {
    fleet,
    count: 40,
    dryRun: false,
    imageId: "m-web-1",
    document,
    disks,
    order: [0],
  };
  return forge(kiln, "scale", phase, { input, ...state });
}

test("a run without a reservation launches, creates and wakes nothing", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const { mine, theirs } = await strangers(kiln, MEMBER);
  for (const id of [mine, theirs]) kiln.cloud.world.stop(id);
  await kiln.cloud.settle({ forMs: minutes(2) });
  for (const via of ["RunInstances", "CreateInstance"])
    for (const [phase, state] of [
      ["launch", { progress: PROGRESS }],
      ["wake", { progress: PROGRESS, from: 0, woke: 0 }],
    ] as const)
      expect(await deliverInVain(kiln, scaling(kiln, phase, state, { via }))).toMatch(
        /has no open reservation of fleet web/,
      );
});

test("a reservation obeys the limits of the fleet in the bucket, whatever document an event carries", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3, maxPricePerHour: 1 } }));
  await kiln.upload("fleets/tiny.yaml", fleetText({ limits: { max: 1 } }));
  const reserve = { progress: { ...PROGRESS, left: 0 }, want: 40 };
  await deliver(kiln, scaling(kiln, "reserve", reserve));
  // 0.62 an hour each.
  expect(machines(kiln)).toHaveLength(1);
  await deliver(kiln, scaling(kiln, "reserve", reserve, { fleet: "tiny" }));
  expect(machines(kiln).map(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:fleet"])).toEqual([
    "web",
    "tiny",
  ]);
  expect(await deliverInVain(kiln, scaling(kiln, "reserve", { ...reserve, want: 1 }))).toMatch(
    /limit maxPricePerHour 1/,
  );
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml");
  expect(await deliverInVain(kiln, scaling(kiln, "reserve", reserve))).toMatch(
    /there is no fleets\/web.yaml/,
  );
});

test("a run with a reservation launches no more than that, whatever its events say", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  // Its reservation is open until the last phase closes it.
  kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"verify"'));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(kiln.record(run)?.phase).toBe("verify");
  const more = [
    { ...PROGRESS },
    { ...PROGRESS, left: 2 },
    { ...PROGRESS, left: 1, callIndex: 7 },
    { ...PROGRESS, left: 2, launched: 2, callIndex: 1, pages: ["launch-0"] },
  ];
  for (const [n, progress] of more.entries()) {
    const event = scaling(kiln, "launch", { progress });
    await deliverInVain(kiln, { ...event, run, seq: 100 * (n + 1) });
  }
  expect(machines(kiln)).toHaveLength(2);
});

test("an instance that a page names is neither started nor released by a run that did not launch it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const { mine, theirs } = await strangers(kiln, MEMBER);
  for (const id of [mine, theirs]) kiln.cloud.world.stop(id);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const listed = { ...PROGRESS, left: 0, pages: ["launch-0"], images: ["m-other"] };
  const write = (event: Forgery, id: string): void => {
    const page = outputKey(event.run, "launch-0");
    kiln.cloud.oss.put(BUCKET, page, id);
  };
  for (const id of [mine, theirs]) {
    const start = scaling(kiln, "start", { progress: listed, page: 0 }, { via: "CreateInstance" });
    write(start, id);
    expect(await deliverInVain(kiln, start)).toContain(`${id} does not carry the tag kiln:`);
    const verify = scaling(kiln, "verify", { progress: listed, page: 0 });
    write(verify, id);
    expect(await deliverInVain(kiln, verify)).toMatch(/not launched by scale-web-/);
  }
});

/** Idle instances of others, and one of another fleet of this deployment; for a resume they sleep. */
async function prepare(kiln: Deployment) {
  await kiln.upload("fleets/web.yaml", fleetText());
  const { mine, theirs } = await strangers(kiln, MEMBER);
  const elsewhere = await launchTagged(kiln, { ...MEMBER, "kiln:fleet": "shop", "kiln:deployment": BUCKET });
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(2) });
  age(kiln, hours(5));
  return { theirs, ids: [mine, theirs, elsewhere] };
}

/** They were stopped by Kiln, as far as their other tags say. */
async function sleep(kiln: Deployment, ids: readonly string[]): Promise<void> {
  for (const id of ids) kiln.cloud.world.stop(id);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const at = new Date(kiln.cloud.time.now()).toISOString();
  for (const id of ids)
    kiln.cloud.world.tag(id, { "kiln:stopped-by": "idle-web-20260105-0123456789ab", "kiln:stopped-at": at });
}

const NO_REFUSALS = { refused: [], refusals: 0 };

/** The input of an idle check that allows everything. */
function checking(action: string) {
  const { idle: policy } = parseFleet("web", fleetText({ idle: POLICY }));
  return {
    fleet: "web",
    dryRun: false,
    family: "web",
    verdicts: "none",
    maxStopped: 0,
    policy: { ...policy, action },
  };
}

test("an idle check stops and releases no instance that is not its fleet's", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const { theirs, ids } = await prepare(kiln);
  const summary = { instances: 3, running: 3 };
  const tally = { summary, announced: [], stopped: [], untag: [], ...NO_REFUSALS };
  for (const action of ["stop", "release"]) {
    const event = forge(kiln, "idle", "stop", { input: checking(action), stops: ids, tally });
    expect(await deliverInVain(kiln, event)).toContain(`${theirs}: Changed it is no member of fleet web`);
  }
  await sleep(kiln, ids);
  const surplus = machines(kiln).map(({ instanceId, imageId }) => ({ id: instanceId, imageId }));
  const progress = { why: "", released: [], ...NO_REFUSALS };
  const release = { surplus, progress, ending: { untag: [], result: {} } };
  const event = forge(kiln, "idle", "release", { input: checking("stop"), ...release });
  expect(await deliverInVain(kiln, event)).toContain(`${theirs}: Stays it left fleet web`);
});

test("an idle check tags and untags no instance that is not its fleet's", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const { ids } = await prepare(kiln);
  await sleep(kiln, ids);
  for (const id of ids) kiln.cloud.world.tag(id, { "kiln:stop-at": "2026-01-06T00:00:00Z" });
  const tally = {
    summary: { instances: 3, running: 0 },
    announced: [],
    stopped: [],
    untag: [],
    ...NO_REFUSALS,
  };
  const plan = { unannounce: ids, stops: [], tally };
  const states: readonly (readonly [string, object])[] = [
    ["announce", { announce: ids, stopAt: kiln.cloud.time.now(), plan: { ...plan, unannounce: [] } }],
    ["unannounce", { plan }],
    ["untag", { ending: { untag: ids, result: {} } }],
  ];
  for (const [phase, state] of states)
    await deliverInVain(kiln, forge(kiln, "idle", phase, { input: checking("stop"), ...state }));
  expect(ids.map((id) => tagsOf(kiln, id)["kiln:stop-at"])).toEqual(ids.map(() => "2026-01-06T00:00:00Z"));
});

test("a resume starts and changes no instance that is not reserved for it", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const { ids } = await prepare(kiln);
  await sleep(kiln, ids);
  const tally = { summary: {}, started: [], changed: [], ...NO_REFUSALS };
  const common = { input: { fleet: "web", dryRun: false, types: ["ecs.c7.large"] }, short: [], tally };
  const states: readonly (readonly [string, object])[] = [
    ["start", { starts: ids }],
    ...ids.map((instanceId) => ["change-type", { instanceId }] as const),
  ];
  for (const [phase, state] of states)
    expect(await deliverInVain(kiln, forge(kiln, "resume", phase, { ...common, ...state }))).toMatch(
      /none could be started: .*is not reserved for this run/,
    );
});
