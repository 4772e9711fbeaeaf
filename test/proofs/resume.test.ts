import { minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../support/records.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { check, idleFleet, statuses } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { accepted, answered, burst, ended } from "../support/runs.ts";
import { machines, tagsOf, watchMost } from "../support/world.ts";

/** Closed in the afternoon on which the tests begin (16:16), open again from 17:00 on. */
const HOURS = { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-16:00", "Mon-Fri 17:00-20:00"] };
const SLEEPS = { ...POLICY, upDuring: HOURS, resume: true };

/** Asks for a resume by webhook and waits until it is over. */
async function resume(kiln: Deployment, dryRun = false): Promise<RunRecord> {
  const { run } = await accepted(kiln, "/fleets/web/resume", { dryRun });
  return ended(kiln, run);
}

test("members stopped outside working hours run again a few minutes after they begin", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const ids = await idleFleet(kiln, 2);
  expect((await check(kiln, SLEEPS)).result).toMatchObject({
    stopped: ids,
    // From 16:18 or so until five o'clock.
    savings: { perHour: 1.24, hours: expect.closeTo(0.69, 1), total: expect.closeTo(0.85, 1) },
  });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(Object.values(statuses(kiln))).toEqual(["Stopped", "Stopped"]);
  await kiln.cloud.settle({ forMs: minutes(25) });
  expect(Object.values(statuses(kiln))).toEqual(["Running", "Running"]);
  const [record] = kiln.records("resume");
  expect(record).toMatchObject({
    state: "done",
    by: "timer:resume",
    result: { started: ids, instanceHoursOff: 2 },
  });
  // Later runs have nothing to do, and members are not stopped within working hours.
  await kiln.cloud.settle({ forMs: minutes(70) });
  expect(kiln.cloud.callLog.count({ action: "StartInstances", status: 200 })).toBe(1);
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(1);
});

test("members that a user stopped stay stopped, and running ones are not touched", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const [slept = "", byHand = "", woken = ""] = await idleFleet(kiln, 3);
  kiln.cloud.world.stop(byHand);
  await kiln.cloud.settle({ forMs: minutes(2) });
  await check(kiln, SLEEPS);
  // A user needs one for a quarter of an hour and stops it again. Not in the minute of the stop: start times have
  // no seconds.
  await kiln.cloud.settle({ forMs: minutes(1) });
  kiln.cloud.world.start(woken);
  await kiln.cloud.settle({ forMs: minutes(15) });
  kiln.cloud.world.stop(woken);
  // Just past five, before the timer of five past.
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 1) - kiln.cloud.time.now() });
  const rehearsed = await resume(kiln, true);
  expect(rehearsed.result).toMatchObject({ dryRun: true, wouldStart: [slept] });
  const record = await resume(kiln);
  expect(record.result).toMatchObject({ started: [slept], stillStopped: 2 });
  expect(statuses(kiln)).toEqual({ [slept]: "Running", [byHand]: "Stopped", [woken]: "Stopped" });
});

/** Asks for a wake by webhook and waits until it is over. */
async function wake(kiln: Deployment, body: object = {}): Promise<RunRecord> {
  const { run } = await accepted(kiln, "/fleets/web/wake", body);
  return ended(kiln, run);
}

test.for([
  ["without hours", POLICY],
  ["outside of its hours", { ...POLICY, upDuring: HOURS, outside: "stop" }],
  ["outside of hours in which it resumes", { ...SLEEPS, outside: "stop" }],
] as const)(
  "a caller wakes a fleet %s, and those that a user stopped stay so, with the reason",
  async ([, idle], { deploy, expect }) => {
    const kiln = await deploy(QUIET);
    const [slept = "", other = "", byHand = ""] = await idleFleet(kiln, 3);
    kiln.cloud.world.stop(byHand);
    await kiln.cloud.settle({ forMs: minutes(2) });
    await check(kiln, idle);
    expect(Object.values(statuses(kiln))).toEqual(["Stopped", "Stopped", "Stopped"]);
    const stays = [`${byHand}: a user stopped it`];
    expect((await wake(kiln, { dryRun: true })).result).toMatchObject({
      wouldStart: [slept, other].toSorted(),
      stays,
    });
    const record = await wake(kiln);
    expect(record.result).toMatchObject({ started: expect.arrayContaining([slept, other]), stays });
    expect(statuses(kiln)).toEqual({ [slept]: "Running", [other]: "Running", [byHand]: "Stopped" });
    // As after a start by a user: the next check leaves them alone.
    expect((await check(kiln, idle)).result).toMatchObject({ stopped: [] });
    expect((await wake(kiln)).result).toMatchObject({ started: [], stays });
  },
);

test("a wake starts no more than max, and says so", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 3);
  await check(kiln, POLICY);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 }, idle: POLICY }));
  expect((await wake(kiln)).result).toMatchObject({
    noRoom: 1,
    stays: [expect.stringMatching(/^1 without room: limit max 2/)],
  });
  expect(running(kiln)).toHaveLength(2);
});

/** The fleet of `check` under other limits; its members are asleep by now. */
const limited = (kiln: Deployment, limits: object, launch: object = {}): Promise<void> =>
  kiln.upload("fleets/web.yaml", fleetText({ launch: { ...launch }, limits: { ...limits }, idle: SLEEPS }));

const AT_FIVE = Date.UTC(2026, 0, 5, 9, 1);
const untilFive = (kiln: Deployment) => kiln.cloud.settle({ forMs: AT_FIVE - kiln.cloud.time.now() });
const running = (kiln: Deployment) => machines(kiln).filter(({ status }) => status === "Running");

test("no more than max are started, those on the current image first, and the record counts the others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [first = "", second = ""] = await idleFleet(kiln, 5);
  await check(kiln, SLEEPS);
  // Two of five were launched later, from the image that is served by now.
  kiln.cloud.world.publishImage("web", { imageId: "m-web-2" });
  for (const id of [first, second]) kiln.cloud.world.useImage(id, "m-web-2");
  await untilFive(kiln);
  await limited(kiln, { max: 2 });
  const why = "limit max 2: 0 running or on their way";
  const rehearsed = await resume(kiln, true);
  expect(rehearsed.result).toMatchObject({ wouldStart: [first, second].toSorted(), noRoom: 3, why });
  expect(running(kiln)).toEqual([]);
  const record = await resume(kiln);
  expect(record).toMatchObject({ state: "done", result: { noRoom: 3 } });
  expect(running(kiln).map(({ imageId }) => imageId)).toEqual(["m-web-2", "m-web-2"]);
  const again = await accepted(kiln, "/fleets/web/resume", { key: "again" });
  expect((await ended(kiln, again.run)).result).toMatchObject({
    started: [],
    noRoom: 3,
    why: "limit max 2: 2 running or on their way",
  });
  // Started members count as running: with a higher limit the others follow.
  await limited(kiln, { max: 4 });
  const more = await accepted(kiln, "/fleets/web/resume", { key: "more" });
  expect((await ended(kiln, more.run)).result?.["started"]).toHaveLength(2);
  expect(running(kiln)).toHaveLength(4);
});

test("the price ceiling bounds a resume at the highest price of the types a member may take", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 4, { InstanceType: ["ecs.c7.large"] });
  await check(kiln, SLEEPS);
  await untilFive(kiln);
  // 0.53 an hour as they are; without stock each may become one of 1.28.
  await limited(kiln, { max: 10, maxPricePerHour: 3 }, { InstanceType: ["ecs.c7.large", "ecs.g7.xlarge"] });
  const record = await resume(kiln);
  expect(record.result).toMatchObject({ noRoom: 2 });
  expect(running(kiln)).toHaveLength(2);
});

test("the price ceiling of a resume counts the disks of a launch template, and is refused without a price", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const disk = { "SystemDisk.Category": "cloud_essd", "SystemDisk.Size": 1000 };
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web-tpl", ...disk });
  const launch = { LaunchTemplateName: "web-tpl", InstanceType: ["ecs.g7.large"] };
  await idleFleet(kiln, 4, launch);
  await check(kiln, SLEEPS, { launch });
  await untilFive(kiln);
  const ceiling = { max: 10, maxPricePerHour: 4.5 };
  await limited(kiln, ceiling, { ...launch, InstanceType: undefined });
  expect((await resume(kiln)).reason).toContain("maxPricePerHour of fleet web needs launch.InstanceType");
  expect(running(kiln)).toEqual([]);
  // Each costs 0.62 and its disk 1.40.
  await limited(kiln, ceiling, launch);
  const { run } = await accepted(kiln, "/fleets/web/resume", { key: "again" });
  expect((await ended(kiln, run)).result).toMatchObject({ noRoom: 2 });
  expect(running(kiln)).toHaveLength(2);
});

test(
  "a resume and requests in parallel run exactly max together",
  { timeout: 60_000 },
  async ({ deploy, expect }) => {
    const kiln = await deploy(QUIET);
    await idleFleet(kiln, 4);
    await check(kiln, SLEEPS);
    await untilFive(kiln);
    await limited(kiln, { max: 5 });
    kiln.cloud.fc.duplicate(() => true);
    const most = watchMost(kiln);
    const woken = await accepted(kiln, "/fleets/web/resume", {});
    await burst(
      kiln,
      Array.from({ length: 2 }, (_, n) => ({ count: 2, key: `job-${n}` })),
      2,
      4,
    );
    expect((await ended(kiln, woken.run)).state).toBe("done");
    expect(most()).toBe(5);
    expect(running(kiln)).toHaveLength(5);
  },
);

test("a resume that is cancelled closes its reservation", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 2);
  await check(kiln, SLEEPS);
  await untilFive(kiln);
  await limited(kiln, { max: 2 });
  const away = kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/resume", {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  await answered(kiln, kiln.call("POST", `/runs/${run}/cancel`, {}));
  expect((await ended(kiln, run)).reason).toContain("cancelled by ci");
  away();
  expect((await scaleOut(kiln, { count: 2 })).result).toMatchObject({ count: 2, woken: 2 });
});

test("without capacity for its type a member takes the next type of its fleet that the zone has", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const [one = ""] = await idleFleet(kiln, 1);
  await check(kiln, SLEEPS);
  const { world } = kiln.cloud;
  world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  await kiln.cloud.settle({ forMs: minutes(50) });
  expect(kiln.records("resume")[0]?.result).toMatchObject({
    started: [one],
    changed: [`${one} ecs.g7.large became ecs.c7.large`],
  });
  expect(world.mustHave(one)).toMatchObject({ status: "Running", type: { id: "ecs.c7.large" } });
});

test("a member of a fleet that names a size takes another type of that size", async ({ deploy, expect }) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const [id = ""] = await idleFleet(kiln, 1);
  await check(kiln, SLEEPS);
  await limited(kiln, {}, { InstanceType: undefined, instance: { vcpu: 2, memoryGiB: 8 } });
  const { world } = kiln.cloud;
  const { type } = world.mustHave(id);
  world.stock(type.id, "cn-hangzhou-h", 0);
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 1) - kiln.cloud.time.now() });
  expect((await resume(kiln)).result).toMatchObject({ started: [id] });
  expect(world.mustHave(id).type.id).not.toBe(type.id);
});

test("without capacity for any type the run says what to do, and a later run starts the member", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const [one = ""] = await idleFleet(kiln, 1);
  await check(kiln, SLEEPS);
  const { world } = kiln.cloud;
  for (const type of ["ecs.g7.large", "ecs.c7.large"]) world.stock(type, "cn-hangzhou-h", 0);
  await kiln.cloud.settle({ forMs: minutes(50) });
  const [record] = kiln.records("resume");
  expect(record).toMatchObject({
    state: "failed",
    reason: `none could be started: ${one}: OperationDenied.NoStock no type of the fleet has stock here; it is tried again, or ask for a new one by scale-out`,
  });
  world.stock("ecs.g7.large", "cn-hangzhou-h", null);
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(world.mustHave(one)).toMatchObject({ status: "Running", type: { id: "ecs.g7.large" } });
});

test("with duplicates of every event and a crash after the start the same members are started", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resume"] } });
  const ids = await idleFleet(kiln, 3);
  await check(kiln, SLEEPS);
  kiln.cloud.fc.duplicate(() => true);
  kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "crash", when: (_, n) => n === 0 });
  await kiln.cloud.settle({ forMs: minutes(55) });
  const [record] = kiln.records("resume");
  expect(record?.result?.["started"]).toHaveLength(ids.length);
  expect(record?.result?.["started"]).toEqual(expect.arrayContaining(ids));
  expect(kiln.cloud.callLog.count({ action: "StartInstances", status: 200 })).toBe(1);
  expect(tagsOf(kiln, ids[0] ?? "")).toHaveProperty("kiln:stopped-by");
});
