import { largeFleet } from "../support/large-fleet.ts";
import { test } from "../support/deploy.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines } from "../support/world.ts";

const COUNT = 2000;

test("two thousand are read in calls of fifty and pages of a hundred, and the result counts the calls", async ({
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
      // After ten pages of tags the whole region is listed instead.
      ListTagResources: 10,
      DescribeInstances: 20,
      // CPU of all of them, and the disks of the nine tenths that CPU found idle.
      DescribeMetricList: 40 + 36,
      RunInstances: 1,
      DescribePrice: 1,
    },
  });
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(0);
});

test("a thousand are stopped in one run, a hundred a call, and every event stays below its limit", async ({
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
