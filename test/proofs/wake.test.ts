import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { type FleetChanges, fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { machines, putToSleep, tagsOf } from "../support/world.ts";

/** A fleet with `count` stopped instances. */
async function asleep(kiln: Deployment, count: number, changes: FleetChanges = {}): Promise<void> {
  await kiln.upload("fleets/web.yaml", fleetText(changes));
  await scaleOut(kiln, { count });
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
}

test("stopped instances with the family's image are started before others are launched", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await asleep(kiln, 2);
  const record = await scaleOut(kiln, { count: 3 });
  expect(record.result).toMatchObject({ count: 3, woken: 2, launched: 1 });
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running", "Running", "Running"]);
  // The idle check can tell it from a manual start.
  const woken = machines(kiln).filter(({ instanceId }) => "kiln:woken-at" in tagsOf(kiln, instanceId));
  expect(woken).toHaveLength(2);
});

test("a wake without capacity is replaced by a launch of another type, within the limits", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await asleep(kiln, 3, { limits: { max: 3 } });
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
  const record = await scaleOut(kiln, { count: 3 });
  // One wakes; the headroom of the other two goes to their replacements.
  expect(record.result).toMatchObject({ asked: 3, count: 3, woken: 1, launched: 2 });
  expect(record.result?.["why"]).toBe(
    "2 stopped could not be started: OperationDenied.NoStock; ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock",
  );
  expect(machines(kiln)).toHaveLength(5);
  expect((await scaleOut(kiln, { count: 1 })).reason).toBe(
    "none of 1 instances: limit max 3: 3 running or on their way",
  );
});

test("a member with an older image stays stopped, unless the fleet accepts it", async ({
  deploy,
  expect,
}) => {
  for (const olderImages of [false, true]) {
    const kiln = await deploy();
    await asleep(kiln, 1, { wake: { olderImages } });
    kiln.cloud.world.publishImage("web", { imageId: "m-web-2" });
    const record = await scaleOut(kiln, { count: 1 });
    expect(record.result).toMatchObject({
      count: 1,
      woken: olderImages ? 1 : 0,
      launched: olderImages ? 0 : 1,
    });
  }
});

test("a fleet may switch waking off", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await asleep(kiln, 1, { wake: false });
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ woken: 0, launched: 1 });
  expect(kiln.cloud.callLog.count({ action: "StartInstances", status: 200 })).toBe(0);
});

test("with every event delivered twice, exactly the requested number wakes and launches", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await asleep(kiln, 2);
  kiln.cloud.fc.duplicate(() => true);
  const record = await scaleOut(kiln, { count: 4 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(record.result).toMatchObject({ count: 4, woken: 2, launched: 2 });
  expect(machines(kiln)).toHaveLength(4);
});

test("other members stay stopped when one is woken", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await asleep(kiln, 3);
  await scaleOut(kiln, { count: 1 });
  expect(machines(kiln).filter(({ status }) => status === "Running")).toHaveLength(1);
});

test("a keep tag with an instant holds until that instant only", async ({ deploy, expect }) => {
  for (const [value, woken] of [
    ["2026-01-01T00:00:00Z", 1],
    ["2036-01-01T00:00:00Z", 0],
    ["", 0],
  ] as const) {
    const kiln = await deploy();
    await asleep(kiln, 1, { idle: { signals: { cpuAverage: 5 } } });
    const [instance] = machines(kiln);
    await kiln.ecs("TagResources", {
      ResourceType: "instance",
      ResourceId: [instance?.instanceId],
      Tag: [{ Key: "kiln:keep", Value: value }],
    });
    expect((await scaleOut(kiln, { count: 1, key: "wake" })).result).toMatchObject({ count: 1, woken });
  }
});

test("a run that was cancelled while it woke keeps its reservation until its wakes are seen", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await asleep(kiln, 2, { limits: { max: 2 } });
  // The answer is lost; whether the start comes about is not known yet.
  const away = kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2, key: "lost" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  await answered(kiln, kiln.call("POST", `/runs/${run}/cancel`, {}));
  const isFinishing = () => kiln.record(run)?.note === "2 instances are not listed or not running yet";
  await kiln.cloud.settle({ until: isFinishing, forMs: minutes(30) });
  away();
  kiln.cloud.world.publishImage("web", { imageId: "m-web-2" });
  const early = await scaleOut(kiln, { count: 2, key: "early" });
  expect(early.reason).toBe("none of 2 instances: limit max 2: 2 running or on their way");
  await ended(kiln, run);
  const later = await scaleOut(kiln, { count: 2, key: "later" });
  expect(later.result).toMatchObject({ count: 2, launched: 2 });
});
