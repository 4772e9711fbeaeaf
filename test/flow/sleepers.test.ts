/** A fleet that sleeps and gets new images, round after round: it runs what it is asked for, and sheds what sleeps. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { days, hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";
import { CloudFault } from "../cloud/kernel.ts";
import type { Deployment } from "../deployment.ts";
import {
  accepted,
  burst,
  callsOf,
  ended,
  fleetText,
  machines,
  scaleOut,
  tagsOf,
  test,
  watchMost,
  type FleetChanges,
} from "./fleet.ts";
import { age, IDLE, POLICY, QUIET } from "./idle-world.ts";
import { quickRelease } from "./release.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/fleets");

/** On the defaults but for the cap, so that one check stops all. */
const IDLES = { limits: { max: 3 }, idle: POLICY };

const inState = (kiln: Deployment, status: string) => machines(kiln).filter((one) => one.status === status);
const imagesOf = (kiln: Deployment, status: string): string[] =>
  inState(kiln, status)
    .map(({ imageId }) => imageId)
    .toSorted();

/** Nobody uses the fleet for five hours, and a check puts it to sleep. */
async function fallAsleep(kiln: Deployment): Promise<RunRecord> {
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  ageAwake(kiln);
  return check(kiln);
}

/** As `age`, of those that run: a sleeper's last start was before its mark. */
function ageAwake(kiln: Deployment): void {
  const asleep = inState(kiln, "Stopped").map((one) => ({ one, ...one, runs: [...one.runs] }));
  age(kiln, hours(5));
  for (const { one, createdAt, startedAt, runs } of asleep) {
    Object.assign(one, { createdAt, startedAt });
    one.runs.splice(0, one.runs.length, ...runs);
  }
}

async function check(kiln: Deployment, body: object = {}): Promise<RunRecord> {
  const { run } = await accepted(kiln, "/fleets/web/stop", body);
  return ended(kiln, run);
}

async function deployed(kiln: Deployment, changes: FleetChanges = IDLES): Promise<void> {
  await kiln.upload("fleets/web.yaml", fleetText(changes));
}

const serve = (kiln: Deployment, imageId: string): void => kiln.cloud.world.publishImage("web", { imageId });

test("four rounds of new image, request and sleep: each runs what it asked for, and at most max sleep", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  const most = watchMost(kiln);
  for (const image of ["m-web-1", "m-web-2", "m-web-3", "m-web-4"]) {
    if (image !== "m-web-1") serve(kiln, image);
    const record = await scaleOut(kiln, { count: 3, key: image });
    expect(record.result).toMatchObject({ count: 3, launched: 3, images: { [image]: 3 } });
    expect(imagesOf(kiln, "Running")).toEqual([image, image, image]);
    expect(inState(kiln, "Stopped").length).toBeLessThanOrEqual(3);
    const slept = await fallAsleep(kiln);
    expect(slept.state).toBe("done");
    expect(slept.result?.["stopped"]).toHaveLength(3);
    expect(imagesOf(kiln, "Stopped")).toEqual([image, image, image]);
    expect(machines(kiln)).toHaveLength(3);
    await kiln.cloud.settle({ forMs: days(1) });
  }
  expect(most()).toBe(3);
});

test("the record of a check says which sleepers it released and why", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  const ids = machines(kiln).map(({ instanceId }) => instanceId);
  await fallAsleep(kiln);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const { result } = await fallAsleep(kiln);
  expect(result).toMatchObject({
    releasedBecause: "6 are asleep, limits.max is 3; the oldest image goes first",
  });
  expect([...((result?.["released"] ?? []) as string[])].toSorted()).toEqual(
    ids.map((id) => `${id} of m-web-1`).toSorted(),
  );
  expect(result).not.toHaveProperty("notReleased");
  // The next check has nothing to do.
  expect((await check(kiln)).result).not.toHaveProperty("released");
  expect(machines(kiln)).toHaveLength(3);
});

test("the shipped example bakes, promotes, launches and sleeps for days, and no request finds its fleet full", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["idle-check"] } });
  await kiln.upload("fleets/web.yaml", readFileSync(join(EXAMPLES, "web.yaml"), "utf8"));
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  const members = (status: string) =>
    inState(kiln, status).filter(({ instanceId }) => "kiln:fleet" in tagsOf(kiln, instanceId));
  for (const day of [1, 2, 3, 4]) {
    const { imageId } = await quickRelease(kiln, day);
    const record = await scaleOut(kiln, { count: 5, key: `day-${day}` });
    expect(record.result).toMatchObject({ count: 5, images: { [imageId]: 5 } });
    await kiln.cloud.settle({ forMs: days(1) });
    expect(members("Running")).toEqual([]);
    expect(members("Stopped").length).toBeLessThanOrEqual(10);
    expect(members("Stopped").filter((one) => one.imageId === imageId)).toHaveLength(5);
  }
});

test("a fleet that does not wake launches every time, and keeps those that fell asleep last", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, wake: false });
  for (const round of [1, 2, 3, 4]) {
    const record = await scaleOut(kiln, { count: 3, key: `round-${round}` });
    expect(record.result).toMatchObject({ count: 3, launched: 3, woken: 0 });
    const fresh = inState(kiln, "Running").map(({ instanceId }) => instanceId);
    await fallAsleep(kiln);
    expect(inState(kiln, "Stopped").map(({ instanceId }) => instanceId)).toEqual(fresh);
    await kiln.cloud.settle({ forMs: days(1) });
  }
});

test("the price ceiling leaves room beside sleepers that do not wake", async ({ deploy, expect }) => {
  for (const wake of [true, false]) {
    const kiln = await deploy(QUIET);
    // Three of 0.66 an hour.
    await deployed(kiln, { ...IDLES, wake, limits: { max: 10, maxPricePerHour: 2 } });
    await scaleOut(kiln, { count: 3 });
    await fallAsleep(kiln);
    if (wake) serve(kiln, "m-web-2");
    const record = await scaleOut(kiln, { count: 4, key: "again" });
    expect(record.result).toMatchObject({
      count: 3,
      launched: 3,
      why: "limit maxPricePerHour 2: 0.000 used",
    });
  }
});

test("a request for more than there is room for wakes first, and what is awake in all is max", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 4 } });
  const most = watchMost(kiln);
  await scaleOut(kiln, { count: 4 });
  await fallAsleep(kiln);
  // One runs, three sleep on the current image; two more of them are on an old one.
  expect((await scaleOut(kiln, { count: 1, key: "one" })).result).toMatchObject({ woken: 1 });
  const second = await scaleOut(kiln, { count: 4, key: "more" });
  expect(second.result).toMatchObject({
    asked: 4,
    count: 3,
    woken: 3,
    launched: 0,
    short: 1,
    why: "limit max 4: 1 running or on their way",
  });
  await fallAsleep(kiln);
  await scaleOut(kiln, { count: 2, key: "two" });
  serve(kiln, "m-web-2");
  const mixed = await scaleOut(kiln, { count: 4, key: "mixed" });
  expect(mixed.result).toMatchObject({ count: 2, woken: 0, launched: 2, short: 2 });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1", "m-web-2", "m-web-2"]);
  expect(most()).toBe(4);
});

for (const seed of [1, 2]) {
  test(`parallel requests over sleepers, each twice, run exactly max (seed ${seed})`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ ...QUIET, seed });
    await deployed(kiln, { ...IDLES, limits: { max: 7, perRequest: 7 } });
    await scaleOut(kiln, { count: 7 });
    await fallAsleep(kiln);
    if (seed === 1) serve(kiln, "m-web-2");
    // One that could wake has no stock to do so.
    else kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 4);
    kiln.cloud.fc.duplicate(({ payload }) => payload.length % 3 === seed % 3);
    const most = watchMost(kiln);
    const bodies = Array.from({ length: 6 }, (_, n) => ({ count: 1 + (n % 3), key: `job-${n}` }));
    await burst(kiln, bodies, 2, 8);
    expect(most()).toBe(7);
    expect(inState(kiln, "Running")).toHaveLength(7);
  });
}

test("what is protected, kept, or was stopped by a person is not released, and the check says so", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [guarded = "", kept = "", person = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  await kiln.ecs("ModifyInstanceAttribute", { InstanceId: guarded, DeletionProtection: true });
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  // A person uses it and stops it again: Kiln's mark is void.
  kiln.cloud.world.start(person);
  await kiln.cloud.settle({ forMs: minutes(5) });
  kiln.cloud.world.stop(person, "StopCharging");
  await kiln.cloud.settle({ forMs: minutes(5) });
  serve(kiln, "m-web-2");
  expect((await scaleOut(kiln, { count: 3, key: "again" })).result).toMatchObject({ launched: 3 });
  const slept = await fallAsleep(kiln);
  // The three old ones stay and fill the bound, so the new ones go.
  expect(slept.result?.["released"]).toHaveLength(3);
  const rest = () => machines(kiln).map(({ instanceId }) => instanceId);
  expect(rest()).toEqual([guarded, kept, person]);
  // Beyond the bound nothing of it may go: that is told, by every check.
  await deployed(kiln, { ...IDLES, limits: { max: 1 } });
  expect((await check(kiln)).result).toMatchObject({
    tooManyAsleep:
      "3 are asleep, limits.max is 1; 2 may not be released by Kiln: release them yourself, or take away what keeps them",
  });
  expect(rest()).toEqual([guarded, kept, person]);
});

test("a fleet whose members are all protected stops growing and says why", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 1 }, launch: { DeletionProtection: true } });
  for (const n of [1, 2, 3]) {
    serve(kiln, `m-web-${n}0`);
    expect((await scaleOut(kiln, { count: 1, key: `${n}` })).result).toMatchObject({ launched: 1 });
    await fallAsleep(kiln);
  }
  serve(kiln, "m-web-40");
  expect((await scaleOut(kiln, { count: 1, key: "4" })).reason).toBe(
    "none of 1 instances: limit max 1: 3 there, most of them stopped and kept from release; release them yourself or raise it",
  );
  expect(machines(kiln)).toHaveLength(3);
});

test("a stopped subscription goes on counting, since it is paid for to its end", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, {
    via: "CreateInstance",
    allowSubscription: true,
    launch: { InstanceChargeType: "PrePaid", Period: 1, PeriodUnit: "Month" },
    limits: { max: 1 },
    idle: { ...POLICY, stoppedMode: "KeepCharging" },
  });
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ count: 1 });
  await fallAsleep(kiln);
  expect(inState(kiln, "Stopped")).toHaveLength(1);
  serve(kiln, "m-web-2");
  expect((await scaleOut(kiln, { count: 1, key: "again" })).reason).toBe(
    "none of 1 instances: limit max 1: 1 running or on their way, 1 of them stopped subscriptions",
  );
  expect(machines(kiln)).toHaveLength(1);
});

test("a lowered max: of the sleepers beyond it the oldest image goes, then who slept longest", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const wide = { ...IDLES, limits: { max: 6 } };
  await deployed(kiln, wide);
  for (const image of ["m-web-1", "m-web-2", "m-web-3"]) {
    if (image !== "m-web-1") serve(kiln, image);
    await scaleOut(kiln, { count: 2, key: image });
    await fallAsleep(kiln);
  }
  // Rolled back: the current image is not the newest of those that sleep.
  const newest = [...kiln.cloud.world.images.values()].find(({ imageId }) => imageId === "m-web-3");
  Object.assign(newest ?? {}, { status: "Deprecated" });
  await deployed(kiln, { ...wide, limits: { max: 3 } });
  const dry = await check(kiln, { dryRun: true });
  expect(dry.result?.["wouldRelease"]).toHaveLength(3);
  expect(machines(kiln)).toHaveLength(6);
  await check(kiln);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2", "m-web-2", "m-web-3"]);
  await deployed(kiln, { ...wide, limits: { max: 1 } });
  await check(kiln);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2"]);
});

test("every event twice, and a crash at the release: the same sleepers go, once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  kiln.cloud.fc.duplicate(() => true);
  kiln.cloud.faults.add({ product: "ecs", action: "DeleteInstance", kind: "crash", when: (_, n) => n === 1 });
  const slept = await fallAsleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(slept.result?.["released"]).toHaveLength(3);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2", "m-web-2", "m-web-2"]);
});

test("what was started, kept, given away or given another image since it was chosen stays", async ({
  deploy,
  expect,
}) => {
  const start = ({ cloud }: Deployment, id: string): void => cloud.world.start(id);
  const tag = (tags: Record<string, string>) => (kiln: Deployment, id: string) =>
    kiln.cloud.world.tag(id, tags);
  // At the look before the release, and at the release itself.
  for (const [action, change] of [
    ["DescribeInstances", start],
    ["DescribeInstances", tag({ "kiln:keep": "" })],
    ["DescribeInstances", tag({ "kiln:fleet": "other" })],
    [
      "DescribeInstances",
      (kiln: Deployment, id: string) => {
        Object.assign(kiln.cloud.world.mustHave(id), { imageId: "m-web-2" });
      },
    ],
    ["DeleteInstance", start],
  ] as const) {
    const kiln = await deploy(QUIET);
    await deployed(kiln, { ...IDLES, limits: { max: 1 } });
    await scaleOut(kiln, { count: 1 });
    await fallAsleep(kiln);
    const [old = ""] = machines(kiln).map(({ instanceId }) => instanceId);
    serve(kiln, "m-web-2");
    await scaleOut(kiln, { count: 1, key: "again" });
    let changed = false;
    kiln.cloud.faults.add({
      product: "ecs",
      action,
      kind: "before",
      when: (params) => {
        const only = params["InstanceIds"] === JSON.stringify([old]) || params["InstanceId"] === old;
        if (only && !changed) change(kiln, old);
        changed ||= only;
        return false;
      },
    });
    const { result } = await fallAsleep(kiln);
    expect(changed).toBe(true);
    expect(result?.["notReleased"]).toHaveLength(1);
    expect(machines(kiln)).toHaveLength(2);
  }
});

test("a sleeper the cloud will not release does not hold up the others", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [first = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const fault = new CloudFault(400, "DependencyViolation.SLBConfiguring", "A load balancer is configured.");
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteInstance",
    kind: "before",
    when: ({ InstanceId: id }) => id === first,
    fault,
  });
  const { result } = await fallAsleep(kiln);
  expect(result?.["released"]).toHaveLength(2);
  expect(result?.["notReleased"]).toEqual([
    expect.stringContaining(`${first}: DependencyViolation.SLBConfiguring`),
  ]);
  expect(callsOf(kiln, "DeleteInstance")).toHaveLength(2);
  expect(tagsOf(kiln, first)).toHaveProperty("kiln:stopped-by");
});
