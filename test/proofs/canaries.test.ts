/** A new member that something else than its image ends, and promotions whose refresh replaced nothing. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { scaleOut } from "../support/fleets.ts";
import { hasEnded } from "../support/records.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted, request } from "../support/runs.ts";
import { running, sized } from "../support/sized.ts";
import { check, imagesOf, inState, serve } from "../support/sleepers.ts";
import { HOME, machines, served } from "../support/world.ts";

const TIMED = { ...QUIET, fc: { timers: ["reconcile", "resend"] } };
const held = async (kiln: Deployment) => JSON.stringify((await kiln.api("GET", "/fleets/web")).body["held"]);

/** A refresh whose canary soaks, and that canary. */
async function soaking(kiln: Deployment, changes: object = {}) {
  const refresh = { canary: { soak: "1h" } };
  await sized(kiln, { size: { min: 0, desired: 3 }, refresh, ...changes });
  serve(kiln, "m-web-2");
  const { run } = await accepted(kiln, "/fleets/web/refresh", {});
  await kiln.cloud.settle({ forMs: minutes(15) });
  const canary = inState(kiln, "Running").find(({ imageId }) => imageId === "m-web-2");
  return { run, canary: canary?.instanceId ?? "" };
}

test("a canary that the cloud takes back is replaced, and the refresh goes on", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(TIMED);
  const { run, canary } = await soaking(kiln, { launch: { SpotStrategy: "SpotAsPriceGo" } });
  kiln.cloud.world.reclaim(canary);
  await kiln.cloud.settle({ forMs: hours(4) });
  expect(kiln.record(run)).toMatchObject({ state: "done" });
  expect(imagesOf(kiln, "Running")).toEqual(Array(3).fill("m-web-2"));
});

test.for(["a user", "an idle check"])(
  "a canary that %s stops ends the refresh where it is, and its image is not held",
  async (who, { deploy, expect }) => {
    const kiln = await deploy(TIMED);
    const { run, canary } = await soaking(kiln);
    if (who === "a user") await kiln.ecs("StopInstance", { InstanceId: canary });
    else {
      for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, hours(5));
      await check(kiln);
    }
    await kiln.cloud.settle({ forMs: hours(2) });
    const reason = new RegExp(
      `where it is: ${canary} was stopped by ${who === "a user" ? who : "idle-web-"}`,
    );
    expect(kiln.record(run)).toMatchObject({ state: "failed", reason: expect.stringMatching(reason) });
    expect(await held(kiln)).toBeUndefined();
  },
);

test("a canary that is lost is replaced, and says nothing of its image", async ({ deploy, expect }) => {
  const kiln = await deploy(TIMED);
  const { run, canary } = await soaking(kiln);
  kiln.cloud.world.remove(canary);
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(5) });
  expect(kiln.record(run)).toMatchObject({ state: "done" });
  expect(imagesOf(kiln, "Running")).toEqual(Array(3).fill("m-web-2"));
});

// Its end may be seen, and stops the refresh, or only that it is gone.
test.for([0, 10, 20])(
  "a canary that an idle check releases says nothing of its image, %i seconds after a look at it",
  async (wait, { deploy, expect }) => {
    const kiln = await deploy(TIMED);
    const { run, canary } = await soaking(kiln, { idle: { ...POLICY, action: "release" } });
    kiln.cloud.world.ageInstance(canary, hours(5));
    await kiln.cloud.settle({ forMs: seconds(wait) });
    await check(kiln);
    await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(5) });
    expect(machines(kiln).map(({ instanceId }) => instanceId)).not.toContain(canary);
    expect(kiln.record(run)?.reason ?? "").not.toContain("rolled back");
    expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ images: { "m-web-2": 1 } });
  },
);

test("a refresh whose canaries go one after the other stops where it is, and their image is not held", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(TIMED);
  const { run } = await soaking(kiln);
  for (let n = 0; n < 3; n++) {
    const canary = inState(kiln, "Running").find(({ imageId }) => imageId === "m-web-2");
    kiln.cloud.world.remove(canary?.instanceId ?? "");
    await kiln.cloud.settle({ forMs: minutes(30) });
  }
  const reason = expect.stringMatching(/where it is: \S+ is gone, like 2 new members before it/);
  expect(kiln.record(run)).toMatchObject({ state: "failed", reason });
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ images: { "m-web-2": 1 } });
});

test("members that vanish in a soak are replaced at once by the image of before, and the soak ends as it would have", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(TIMED);
  const begunAt = kiln.cloud.time.now();
  const { run } = await soaking(kiln, { size: { min: 3, desired: 3 } });
  for (const { instanceId } of inState(kiln, "Running").filter(({ imageId }) => imageId === "m-web-1"))
    kiln.cloud.world.remove(instanceId);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1", "m-web-2"]);
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ images: { "m-web-1": 1 } });
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(4) });
  expect(kiln.record(run)).toMatchObject({ state: "done" });
  // An hour of soak, and the batches.
  expect(kiln.cloud.time.now() - begunAt).toBeLessThan(hours(2));
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(imagesOf(kiln, "Running")).toEqual(Array(4).fill("m-web-2"));
});

test.for(["a soak", "a probe without an answer"])(
  "in %s a resize and a stop by a user count as ever; a cancelled refresh leaves the image of the family",
  async (what, { deploy, expect }) => {
    const kiln = await deploy(TIMED);
    const isSoak = what === "a soak";
    if (!isSoak)
      kiln.cloud.faults.add({
        product: "ecs",
        action: "DescribeCloudAssistantStatus",
        kind: "before",
        when: () => true,
        fault: new CloudFault(
          503,
          "ServiceUnavailable",
          "The request has failed due to a temporary failure.",
        ),
      });
    const { run } = await soaking(kiln, {
      size: { min: 1, desired: 3 },
      refresh: isSoak ? { canary: { soak: "3h" } } : { canary: { soak: "0s" }, probe: { command: "true" } },
    });
    const [old = ""] = inState(kiln, "Running").flatMap((one) =>
      one.imageId === "m-web-1" ? [one.instanceId] : [],
    );
    await kiln.ecs("StopInstance", { InstanceId: old });
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toMatchObject({ desired: 3 });
    await request(kiln, "/fleets/web/resize", { to: 5 });
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect(imagesOf(kiln, "Running")).toEqual([...Array(4).fill("m-web-1"), "m-web-2"]);
    await request(kiln, `/runs/${run}/cancel`);
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ images: { "m-web-2": 1 } });
  },
);

test("no stopped member of another image is a canary, though the fleet starts such", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(TIMED);
  const changes = { size: { min: 0, desired: 3 }, idle: POLICY, wake: { olderImages: true } };
  await sized(kiln, { ...changes, refresh: { canary: { soak: "10m" } } });
  await request(kiln, "/fleets/web/scale-in", { count: 1 });
  serve(kiln, "m-web-2");
  const { run } = await accepted(kiln, "/fleets/web/refresh", {});
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(4) });
  expect(kiln.record(run)).toMatchObject({ state: "done", result: { launched: 2, ended: 2 } });
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-1"]);
});

const PROMOTED = { onPromotion: "refresh" };

test("a promotion in a pause refreshes its fleets once the pause is over", async ({ deploy, expect }) => {
  const kiln = await deploy(TIMED);
  await sized(kiln, { size: { desired: 2 }, refresh: PROMOTED });
  await request(kiln, "/fleets/web/pause", { why: "an audit" });
  serve(kiln, "m-web-2");
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("refresh-")).toEqual([]);
  await request(kiln, "/fleets/web/unpause", {});
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-2", "m-web-2"]);
});

test.for(["an alarm at its begin", "a pause in its soak"])(
  "the refresh of a promotion that %s ends is tried again",
  async (what, { deploy, expect }) => {
    const kiln = await deploy(TIMED);
    const isAlarm = what.startsWith("an alarm");
    kiln.cloud.alarms.set("web-errors", isAlarm ? "ALARM" : "OK");
    const refresh = { ...PROMOTED, canary: { soak: "30m" }, alarms: ["web-errors"] };
    await sized(kiln, { size: { min: 0, desired: 2 }, refresh });
    serve(kiln, "m-web-2");
    await kiln.cloud.settle({ forMs: minutes(20) });
    kiln.cloud.alarms.set("web-errors", "OK");
    if (!isAlarm) {
      await request(kiln, "/fleets/web/pause", {});
      await kiln.cloud.settle({ forMs: hours(1) });
      await request(kiln, "/fleets/web/unpause", {});
    }
    await kiln.cloud.settle({ forMs: hours(4) });
    expect(imagesOf(kiln, "Running")).toEqual(["m-web-2", "m-web-2"]);
    expect(kiln.records("refresh-").map(({ state }) => state)).toEqual(["failed", "done"]);
  },
);

test("a family that is rolled back to an image of before brings the members to it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(TIMED);
  const text = (n: number) => recipeText({ family: "api", description: `number ${n}`, test: { skip: true } });
  await bakeAndPromote(kiln, text(1), "api");
  await sized(kiln, { family: "api", size: { desired: 2 }, refresh: PROMOTED });
  for (const n of [2, 3]) {
    await bakeAndPromote(kiln, text(n), "api");
    await kiln.cloud.settle({ forMs: hours(2) });
    for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, minutes(30));
  }
  const third = served(kiln, HOME, "api");
  expect(imagesOf(kiln, "Running")).toEqual([third, third]);
  await request(kiln, "/families/api/rollback", { to: "previous" });
  await kiln.cloud.settle({ forMs: hours(5) });
  const second = served(kiln, HOME, "api");
  expect(second).not.toBe(third);
  expect(imagesOf(kiln, "Running")).toEqual([second, second]);
});
