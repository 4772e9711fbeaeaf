import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { check, idleFleet, statuses, verdictsOf } from "../support/idle-fleet.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";
import { machines, tagsOf } from "../support/world.ts";

test("of a mixed fleet only the idle member is stopped, and each verdict has its reason and numbers", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [idle = "", busy = "", gap = "", kept = "", down = ""] = await idleFleet(kiln, 5);
  const { world, time } = kiln.cloud;
  world.load(busy, () => ({ ...IDLE, cpuAverage: 40 }));
  world.load(gap, () => undefined, { fromAt: time.now() - hours(2) });
  world.tag(kept, { "kiln:keep": "" });
  world.stop(down);
  await kiln.cloud.settle({ forMs: minutes(3) });
  const record = await check(kiln);
  expect(record).toMatchObject({
    state: "done",
    result: { instances: 5, running: 4, stop: 1, "kept: busy": 1, "kept: gap": 1, stopped: [idle] },
  });
  const verdicts = verdictsOf(kiln, record);
  const reasons = [idle, busy, gap, kept, down].map((id) => verdicts[id]?.reason);
  expect(reasons).toEqual([
    "idle for 2h: cpuAverage at most 0.5 % (below 5), 2/2 points",
    "kept: cpuAverage reached 40 %, not below 5",
    "kept: only 1 of 2 hourly points of cpuAverage, a gap is not idleness",
    "kept: its tag kiln:keep asks for it",
    "kept: it is Stopped",
  ]);
  const { body } = await answered(kiln, kiln.api("GET", `/runs/${record.run}/verdicts`));
  expect(body).toMatchObject({
    verdicts: [{ id: idle, act: "stop", numbers: [{ worst: 0.5, below: 5 }] }, {}, {}, {}, {}],
    of: 5,
  });
  expect(statuses(kiln)).toEqual({
    [idle]: "Stopped",
    [busy]: "Running",
    [gap]: "Running",
    [kept]: "Running",
    [down]: "Stopped",
  });
});

test("a stop ends the compute charge, is tagged and priced, and its calls are counted", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await idleFleet(kiln, 1, { InternetMaxBandwidthOut: 5 });
  const record = await check(kiln);
  expect(machines(kiln)[0]).toMatchObject({ status: "Stopped", stoppedMode: "StopCharging" });
  expect(verdictsOf(kiln, record)[one]?.risks).toEqual([
    expect.stringMatching(/^loses its public address \d/),
  ]);
  expect(tagsOf(kiln, one)).toMatchObject({ "kiln:stopped-by": record.run });
  expect(record.result).toMatchObject({
    savings: { instances: 1, unpriced: 0, perHour: 0.62, currency: "CNY" },
    "with risks": 1,
    calls: { ListTagResources: 1, DescribeMetricList: 3, StopInstances: 1, RunInstances: 1 },
  });
});

test("the same state a second time stops nothing new", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 3);
  expect((await check(kiln)).result?.["stopped"]).toHaveLength(3);
  const again = await check(kiln);
  expect(again.result).toMatchObject({ running: 0, stopped: [], "kept: status": 3 });
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(1);
});

test("a dry run says what it would stop and save, and changes nothing", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await idleFleet(kiln, 1);
  const record = await check(kiln, POLICY, { body: { dryRun: true } });
  expect(record.result).toMatchObject({ dryRun: true, wouldStop: [one], savings: { perHour: 0.62 } });
  const policy = await check(kiln, { ...POLICY, dryRun: true });
  expect(policy.result).toMatchObject({ dryRun: true, wouldStop: [one] });
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(0);
  expect(kiln.cloud.callLog.count({ action: "TagResources", status: 200 })).toBe(0);
});

test("one unfit instance does not hold up the stop of the others", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [one = "", gone = "", third = "", full = ""] = await idleFleet(kiln, 4);
  const many = Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`team-${n}`, "x"]));
  kiln.cloud.world.tag(full, many);
  // A user releases one between the survey and the stop.
  kiln.cloud.faults.add({
    product: "ecs",
    action: "TagResources",
    kind: "before",
    when: () => {
      if (kiln.cloud.world.instances.has(gone)) kiln.cloud.world.remove(gone);
      return false;
    },
  });
  const record = await check(kiln);
  expect(record.result?.["stopped"]).toEqual([one, third]);
  expect(String(record.result?.["refused"])).toContain(full);
  expect(statuses(kiln)).toMatchObject({ [one]: "Stopped", [third]: "Stopped", [full]: "Running" });
});
