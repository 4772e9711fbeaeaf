/** Stops by the clock, and which fleets a firing of the timer checks. */
import { hours, minutes } from "../../shared/duration.ts";
import { BUSY } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { age, IDLE, POLICY } from "../support/idle.ts";
import { inState } from "../support/sleepers.ts";
import { machines } from "../support/world.ts";

/** 19:45 in Shanghai, on a Monday. */
const EVENING = { at: Date.UTC(2026, 0, 5, 11, 45), fc: { timers: ["idle-check"] } };
const UP = { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-20:00"] };

test("outside: stop ends members at work within ten minutes of the edge; opted out and young ones stay", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(EVENING);
  const idle = { upDuring: UP, outside: "stop", grace: "1h", cap: { percent: 100 } };
  await kiln.upload("fleets/web.yaml", fleetText({ idle }));
  await scaleOut(kiln, { count: 3 });
  kiln.cloud.world.load(
    () => true,
    () => BUSY,
  );
  age(kiln, hours(5));
  const [kept = "", young = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  kiln.cloud.world.ageInstance(young, minutes(10));
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 11, 59) - kiln.cloud.time.now() });
  expect(inState(kiln, "Running")).toHaveLength(3);
  await kiln.cloud.settle({ forMs: minutes(13) });
  expect(inState(kiln, "Running").map(({ instanceId }) => instanceId)).toEqual([kept, young]);
  // The grace of the young one is over an hour after its start.
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(inState(kiln, "Running").map(({ instanceId }) => instanceId)).toEqual([kept]);
});

test("a firing checks the fleets that are due: every ten minutes with a window of ten, and else hourly", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(EVENING);
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.upload("fleets/hourly.yaml", fleetText({ idle: POLICY }));
  await kiln.upload("fleets/often.yaml", fleetText({ idle: { ...POLICY, window: "10m" } }));
  await kiln.upload("fleets/half.yaml", fleetText({ idle: { ...POLICY, window: "30m" } }));
  await kiln.upload("fleets/never.yaml", fleetText());
  await kiln.cloud.settle({ forMs: hours(2) });
  const checks = (fleet: string) => kiln.records(`idle-${fleet}-`).length;
  expect([checks("hourly"), checks("half"), checks("often"), checks("never")]).toEqual([2, 4, 12, 0]);
});
