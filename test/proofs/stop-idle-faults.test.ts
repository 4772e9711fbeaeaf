import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines, tagsOf } from "../support/world.ts";

test("throttling is waited out and no member is lost", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 2);
  const busy = new CloudFault(429, "Throttling.User", "Request was denied due to user flow control.");
  kiln.cloud.faults.add({
    product: "cms",
    action: "DescribeMetricList",
    kind: "before",
    when: (_, n) => n < 2,
    fault: busy,
  });
  kiln.cloud.faults.add({
    product: "ecs",
    action: "StopInstances",
    kind: "before",
    when: (_, n) => n < 1,
    fault: busy,
  });
  const record = await check(kiln);
  expect(record.result?.["stopped"]).toHaveLength(2);
  expect(Date.parse(record.updatedAt) - Date.parse(record.beganAt)).toBeGreaterThan(minutes(2));
});

test("with duplicates of every event and a crash after the stop the same members are stopped and reported", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 3);
  kiln.cloud.fc.duplicate(() => true);
  // The worker crashes after the cloud has stopped them and before it has the answer.
  kiln.cloud.faults.add({ product: "ecs", action: "StopInstances", kind: "crash", when: (_, n) => n === 0 });
  const record = await check(kiln);
  expect(record).toMatchObject({ state: "done", result: { stopped: ids } });
  for (const id of ids) expect(tagsOf(kiln, id)).toMatchObject({ "kiln:stopped-by": record.run });
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(1);
});

test("two checks at once do not add up their caps", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 4);
  await check(kiln, { ...POLICY, cap: { count: 1 } }, { body: { dryRun: true } });
  const [one, other] = await Promise.all([
    accepted(kiln, "/fleets/web/stop", {}),
    kiln.invoke("kiln-stop-idle", { v: 1, request: "stop-idle", fleet: "web", by: "another" }),
  ]);
  expect(other).toBe(undefined);
  await ended(kiln, one.run);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const results = kiln.records("idle").map(({ result }) => result);
  expect(results.filter((result) => result?.["skipped"] !== undefined)).toHaveLength(1);
  expect(machines(kiln).filter(({ status }) => status === "Stopped")).toHaveLength(1);
});

test("when the role may not stop anything the run fails and names the missing permission", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await idleFleet(kiln, 1);
  const fault = new CloudFault(
    403,
    "Forbidden.RAM",
    "User not authorized to operate on the specified resource.",
  );
  kiln.cloud.faults.add({ product: "ecs", action: "StopInstances", kind: "before", fault });
  const record = await check(kiln);
  expect(record).toMatchObject({ state: "failed" });
  expect(record.reason).toContain(`none could be stopped: ${one}: Forbidden.RAM`);
  expect(record.reason).toContain("ecs:StopInstances");
  expect(Object.keys(tagsOf(kiln, one))).not.toContain("kiln:stopped-by");
});

test("the timer checks every fleet that has a policy, and no other", async ({ deploy, expect }) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["idle-check"] } });
  await idleFleet(kiln, 1);
  kiln.cloud.world.load(
    () => true,
    () => ({ ...IDLE, cpuAverage: 50 }),
  );
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("idle")).toHaveLength(0);
  await check(kiln);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("idle").map(({ by }) => by)).toEqual(["webhook:ci", "timer:idle-check"]);
});

test("a check that never gets to stop after its tags fails, and what still runs is untagged", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 2);
  // Every delivery of the phase that stops fails before it changes anything.
  kiln.cloud.faults.add({
    product: "ecs",
    action: "StopInstances",
    kind: "before",
    fault: new CloudFault(
      500,
      "InternalError",
      "The request processing has failed due to some unknown error.",
    ),
  });
  const record = await check(kiln);
  expect(record.state).toBe("failed");
  expect(record.reason).toMatch(/^stop is not over after .*InternalError/);
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running", "Running"]);
  for (const id of ids) expect(Object.keys(tagsOf(kiln, id))).not.toContain("kiln:stopped-by");
});

test("a check that is cancelled after the stop reports the stop", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 2);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 300 }, idle: POLICY }));
  const { run } = await accepted(kiln, "/fleets/web/stop", {});
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "confirm", forMs: minutes(5) });
  await accepted(kiln, `/runs/${run}/cancel`, {});
  const ending = await ended(kiln, run);
  expect(ending).toMatchObject({ state: "cancelled" });
  expect(ending.reason).toBe("cancelled by ci; the stop of 2 was requested");
  expect(machines(kiln).map(({ instanceId, status }) => [instanceId, status])).toEqual(
    ids.map((id) => [id, "Stopped"]),
  );
  for (const id of ids) expect(Object.keys(tagsOf(kiln, id))).toContain("kiln:stopped-by");
});
