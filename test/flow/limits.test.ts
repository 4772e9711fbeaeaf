import { hours, minutes } from "../../shared/duration.ts";
import { burst, callsOf, ended, fleetText, machines, scaleOut, test, watchMost } from "./fleet.ts";

for (const seed of [1, 2]) {
  test(`parallel webhooks, each posted twice, never exceed max and fill it exactly (seed ${seed})`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ seed });
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 13, perRequest: 3 } }));
    kiln.cloud.fc.duplicate(({ payload }) => payload.length % 3 === seed % 3);
    const most = watchMost(kiln);
    const bodies = Array.from({ length: 10 }, (_, n) => ({ count: 1 + (n % 3), key: `job-${n}` }));
    const runs = await burst(kiln, bodies, 2, 8);
    expect(runs).toHaveLength(10);
    expect(most()).toBe(13);
    expect(machines(kiln).map(({ status }) => status)).toEqual(Array.from({ length: 13 }, () => "Running"));
  });
}

test("the last of a request is said when max is in the way", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  const record = await scaleOut(kiln, { count: 2 });
  expect(record.result).toMatchObject({ count: 2 });
  const second = await scaleOut(kiln, { count: 2 });
  expect(second.result).toMatchObject({ asked: 2, count: 1, short: 1 });
  expect(second.result?.["why"]).toBe("limit max 3: 2 running or on their way");
  const third = await scaleOut(kiln, { count: 2 });
  expect(third.reason).toBe("none of 2 instances: limit max 3: 3 running or on their way");
});

test("perHour and perDay count what was launched, whatever became of it", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10, perHour: 3, perDay: 4 } }));
  await scaleOut(kiln, { count: 3 });
  for (const { instanceId } of machines(kiln)) kiln.cloud.world.release(instanceId);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const soon = await scaleOut(kiln, { count: 1 });
  expect(soon.reason).toBe("none of 1 instances: limit perHour 3: 3 used");
  await kiln.cloud.settle({ forMs: hours(2) });
  const later = await scaleOut(kiln, { count: 2 });
  expect(later.result).toMatchObject({ count: 1, short: 1, why: "limit perDay 4: 3 used" });
});

test("the price ceiling counts what runs or is woken at the dearest rung, before anything is bought", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  // g7.large is 0.62 an hour; the stand-in adds 0.04 for a disk.
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10, maxPricePerHour: 2 } }));
  const record = await scaleOut(kiln, { count: 5 });
  expect(record.result).toMatchObject({
    asked: 5,
    count: 3,
    short: 2,
    why: "limit maxPricePerHour 2: 0.000 used",
  });
  for (const { instanceId } of machines(kiln)) kiln.cloud.world.stop(instanceId, "StopCharging");
  await kiln.cloud.settle({ forMs: minutes(5) });
  const woken = await scaleOut(kiln, { count: 4 });
  expect(woken.result).toMatchObject({ count: 3, woken: 3, why: "limit maxPricePerHour 2: 0.000 used" });
  const full = await scaleOut(kiln, { count: 1 });
  expect(full.reason).toBe("none of 1 instances: limit maxPricePerHour 2: 1.902 used");
});

test("a run that is cancelled before it bought anything leaves its room to others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const away = kiln.cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "before" });
  const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const run = String((await answer).body["run"]);
  const cancelled = kiln.call("POST", `/runs/${run}/cancel`, {});
  await kiln.cloud.settle({ forMs: 1000 });
  expect(await cancelled).toMatchObject({ status: 202, body: { run, cancelling: true } });
  away();
  const record = await ended(kiln, run);
  expect(record.reason).toContain("none of 2 instances: cancelled by ci");
  expect(callsOf(kiln, "RunInstances")).toEqual([]);
  expect((await scaleOut(kiln, { count: 2 })).result).toMatchObject({ count: 2 });
});
