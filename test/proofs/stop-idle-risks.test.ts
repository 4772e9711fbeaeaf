import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { check, idleFleet, statuses, verdictsOf } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { machines, tagsOf } from "../support/world.ts";

test("missing capacity for the next start is reported before the stop, with one dry run for each type and zone", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 3);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const before = kiln.cloud.callLog.count({ action: "RunInstances" });
  const record = await check(kiln);
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(before + 1);
  expect(verdictsOf(kiln, record)[ids[0] ?? ""]?.risks).toEqual([
    "may not start again: the cloud has no ecs.g7.large in cn-hangzhou-h now (OperationDenied.NoStock)",
  ]);
  expect(record.result).toMatchObject({ "with risks": 3, stopped: ids });
});

test("with keepIf noStock a member that might not start again is not stopped", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 2);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const record = await check(kiln, { ...POLICY, keepIf: ["noStock"] });
  expect(record.result).toMatchObject({ "kept: risk": 2, stopped: [] });
  expect(Object.values(statuses(kiln))).toEqual(["Running", "Running"]);
});

test("a stopped member that goes on being charged is found afterwards", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [saving = "", odd = ""] = await idleFleet(kiln, 2);
  // An unknown type family, with local disks.
  kiln.cloud.world.addLocalDisks(odd);
  const record = await check(kiln);
  expect(record.result).toMatchObject({
    stopped: [saving, odd],
    stillCharging: [odd],
    savings: { instances: 1, perHour: 0.62 },
  });
});

test("KeepCharging keeps the address and promises no savings", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 1, { InternetMaxBandwidthOut: 5 });
  const record = await check(kiln, { ...POLICY, stoppedMode: "KeepCharging" });
  expect(machines(kiln)[0]).toMatchObject({ status: "Stopped", stoppedMode: "KeepCharging" });
  expect(machines(kiln)[0]?.publicIp).toBeDefined();
  expect(record.result).toMatchObject({ savings: { instances: 0, perHour: 0 } });
  expect(record.result).not.toHaveProperty("stillCharging");
});

test("released members are gone, protected ones stay, and a refusal does not hold up the others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [first = "", guarded = "", third = ""] = await idleFleet(kiln, 3);
  kiln.cloud.world.protect(guarded);
  const record = await check(kiln, { ...POLICY, action: "release" });
  expect(record.result).toMatchObject({ stopped: [first, third], "kept: protected": 1 });
  expect(statuses(kiln)).toEqual({ [guarded]: "Running" });
});

test("cap and keepRunning hold, and the next run takes the next ones", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 5);
  const policy = { ...POLICY, cap: { count: 2 }, keepRunning: 2 };
  const running = () => machines(kiln).filter(({ status }) => status === "Running").length;
  expect((await check(kiln, policy)).result).toMatchObject({ stop: 2, "kept: bounds": 3 });
  expect(running()).toBe(3);
  expect((await check(kiln, policy)).result).toMatchObject({ stop: 1, "kept: bounds": 2 });
  expect((await check(kiln, policy)).result).toMatchObject({ "kept: bounds": 2, stopped: [] });
  expect(running()).toBe(2);
});

test("members that a user stops between the survey and the stop count against keepRunning", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const all = await idleFleet(kiln, 3);
  // The survey takes the two that have run longest.
  for (const [n, id] of all.entries()) kiln.cloud.world.ageInstance(id, hours(9 - n));
  const [a = "", b = "", c = ""] = all;
  let stopped = false;
  // The survey asks for the capacity last of all.
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    when: ({ DryRun: dry }) => {
      if (dry === "true" && !stopped) kiln.cloud.world.stop(c);
      stopped ||= dry === "true";
      return false;
    },
  });
  const record = await check(kiln, { ...POLICY, keepRunning: 1, cap: { count: 2 } });
  expect(record.result).toMatchObject({
    stop: 2,
    stopped: [a],
    refused: [`${b}: KeepRunning too few are running by now`],
  });
  expect(statuses(kiln)).toEqual({ [a]: "Stopped", [b]: "Running", [c]: "Stopped" });
  expect(Object.keys(tagsOf(kiln, b))).not.toContain("kiln:stopped-by");
});
