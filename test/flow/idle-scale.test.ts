import { accepted, callsOf, ended, machines, test } from "./fleet.ts";
import { POLICY, QUIET } from "./idle-world.ts";
import { largeFleet } from "./large-fleet.ts";

const COUNT = 2000;

test("two thousand are looked at in calls of fifty and pages of a hundred, and the run says how many", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await largeFleet(kiln, COUNT, { ...POLICY, signals: { cpuAverage: 5, diskWrite: 5_000_000 } });
  const { run } = await accepted(kiln, "/fleets/web/stop", { dryRun: true });
  const record = await ended(kiln, run);
  expect(record.result).toMatchObject({
    instances: COUNT,
    running: COUNT,
    stop: 1000,
    "kept: busy": 200,
    "kept: bounds": 800,
    calls: {
      // Tags are given up on after ten pages, in favour of the whole region.
      ListTagResources: 10,
      DescribeInstances: 20,
      // CPU of all of them, and the disks of the nine tenths that CPU found idle.
      DescribeMetricList: 40 + 36,
      RunInstances: 1,
      DescribePrice: 1,
    },
  });
  expect(callsOf(kiln, "StopInstances")).toHaveLength(0);
});

test("a thousand are stopped in one run, a hundred a call, and no event outgrows what can travel", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await largeFleet(kiln, COUNT, POLICY);
  const { run } = await accepted(kiln, "/fleets/web/stop", {});
  const record = await ended(kiln, run);
  expect(record.result?.["stopped"]).toHaveLength(1000);
  expect(record.result).toMatchObject({
    calls: { StopInstances: 10, TagResources: 20 },
    savings: { instances: 1000, perHour: 620 },
  });
  expect(machines(kiln).filter(({ status }) => status === "Stopped")).toHaveLength(1000);
  const sizes = kiln.cloud.fc.events.map(({ payload }) => payload.length);
  expect(Math.max(...sizes)).toBeLessThan(56 * 1024);
});
