import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut, type FleetChanges } from "../support/fleets.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines, putToSleep } from "../support/world.ts";

/** How long each member is there from now on, in minutes. */
const left = (kiln: Deployment): number[] =>
  machines(kiln).map(({ autoReleaseAt = Infinity }) => (autoReleaseAt - kiln.cloud.time.now()) / minutes(1));

/** A fleet with one member that has no expiry, asleep; the fleet has one from then on. */
async function endless(kiln: Deployment, changes: FleetChanges = {}): Promise<void> {
  await kiln.upload("fleets/web.yaml", fleetText(changes));
  await scaleOut(kiln, { count: 1, key: "endless" });
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
  await kiln.upload("fleets/web.yaml", fleetText({ ...changes, expireAfter: "2h" }));
}

for (const via of ["RunInstances", "CreateInstance"])
  test(`members launched via ${via} expire after the time of their fleet, or at its instant`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy(QUIET);
    const instant = new Date(kiln.cloud.time.now() + hours(5)).toISOString().replace(/:\d\d\.\d+Z/, ":00Z");
    for (const expiry of [{ expireAfter: "2h" }, { launch: { AutoReleaseTime: instant } }])
      await kiln
        .upload("fleets/web.yaml", fleetText({ via, ...expiry }))
        .then(() => scaleOut(kiln, { count: 1 }));
    const [first, second] = machines(kiln);
    const afterMs = (first?.autoReleaseAt ?? 0) - (first?.createdAt ?? 0);
    expect(afterMs).toBeGreaterThanOrEqual(hours(2));
    expect(afterMs).toBeLessThan(hours(2) + minutes(3));
    expect(second?.autoReleaseAt).toBe(Date.parse(instant));
    expect(machines(kiln).map(({ status }) => status)).toEqual(["Running", "Running"]);
  });

test("an instant that the cloud would refuse fails the request before anything is launched", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  for (const aheadMs of [-hours(1), minutes(31), hours(24 * 1096)]) {
    const AutoReleaseTime = new Date(kiln.cloud.time.now() + aheadMs).toISOString().replace(/\.\d+Z/, "Z");
    await kiln.upload("fleets/web.yaml", fleetText({ launch: { AutoReleaseTime } }));
    const { reason } = await scaleOut(kiln, { count: 1, key: String(aheadMs) });
    expect(reason).toContain(
      `fleet web: launch.AutoReleaseTime ${AutoReleaseTime} must be from 1h to 1095d ahead`,
    );
  }
  expect(machines(kiln)).toEqual([]);
});

test("a member without expiry gets that of its fleet before it is woken", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await endless(kiln);
  kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "after", when: (_, n) => n === 0 });
  expect((await scaleOut(kiln, { count: 1, key: "again" })).result).toMatchObject({ woken: 1 });
  const [minutesLeft] = left(kiln);
  expect(minutesLeft).toBeGreaterThan(110);
  expect(minutesLeft).toBeLessThan(121);
});

test("a member without expiry gets that of its fleet before a resume starts it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const upDuring = { timeZone: "Asia/Shanghai", hours: ["Mon-Sun 00:00-24:00"] };
  await endless(kiln, { idle: { ...POLICY, upDuring, resume: true } });
  const { run } = await accepted(kiln, "/fleets/web/resume", {});
  expect((await ended(kiln, run)).result).toMatchObject({ started: [machines(kiln)[0]?.instanceId] });
  expect(left(kiln)[0]).toBeLessThan(121);
});

test("a member that is about to expire is neither woken nor resumed, and its replacement lasts", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const upDuring = { timeZone: "Asia/Shanghai", hours: ["Mon-Sun 00:00-24:00"] };
  const idle = { ...POLICY, upDuring, resume: true };
  await kiln.upload("fleets/web.yaml", fleetText({ expireAfter: "2h", idle }));
  await scaleOut(kiln, { count: 1 });
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(92) });
  const { run } = await accepted(kiln, "/fleets/web/resume", {});
  expect((await ended(kiln, run)).result).toMatchObject({ started: [], stillStopped: 1 });
  expect((await scaleOut(kiln, { count: 1, key: "late" })).result).toMatchObject({ woken: 0, launched: 1 });
  await kiln.cloud.settle({ forMs: minutes(40) });
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running"]);
});

test("only members that Kiln stopped are woken, whoever started them before", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await kiln.upload("fleets/web.yaml", fleetText());
  await scaleOut(kiln, { count: 3 });
  const [byUser = "", again = "", byKiln = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  kiln.cloud.world.stop(byUser, "StopCharging");
  putToSleep(kiln, [again, byKiln]);
  await kiln.cloud.settle({ forMs: minutes(5) });
  // A user works with it for a while: Kiln's tag is older than this start.
  kiln.cloud.world.start(again);
  await kiln.cloud.settle({ forMs: minutes(10) });
  kiln.cloud.world.stop(again, "StopCharging");
  await kiln.cloud.settle({ forMs: minutes(5) });
  const dry = await scaleOut(kiln, { count: 3, dryRun: true });
  expect(dry.result).toMatchObject({ wake: [byKiln], launch: 2 });
  expect((await scaleOut(kiln, { count: 3, key: "now" })).result).toMatchObject({ woken: 1, launched: 2 });
  const stopped = machines(kiln).filter(({ status }) => status === "Stopped");
  expect(stopped.map(({ instanceId }) => instanceId)).toEqual([byUser, again]);
});
