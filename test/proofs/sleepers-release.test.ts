/** Which stopped members a check releases when they are more than limits.max, and which it never releases. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { scaleOut } from "../support/fleets.ts";
import { QUIET } from "../support/idle.ts";
import { accepted, ended } from "../support/runs.ts";
import { IDLES, check, deployed, fallAsleep, imagesOf, serve } from "../support/sleepers.ts";
import { machines, tagsOf } from "../support/world.ts";

test("the record of a check says which stopped members it released and why", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  const ids = machines(kiln).map(({ instanceId }) => instanceId);
  await fallAsleep(kiln);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const { result } = await fallAsleep(kiln);
  expect(result).toMatchObject({
    releasedBecause: "6 are asleep, limits.max is 3; the oldest image goes first",
  });
  expect(result?.["released"]).toHaveLength(ids.length);
  expect(result?.["released"]).toEqual(expect.arrayContaining(ids.map((id) => `${id} of m-web-1`)));
  expect(result).not.toHaveProperty("notReleased");
  // The next check has nothing to do.
  expect((await check(kiln)).result).not.toHaveProperty("released");
  expect(machines(kiln)).toHaveLength(3);
});

test("members that are protected, kept or stopped by a user are not released, and the check says so", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [guarded = "", kept = "", byUser = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  await kiln.ecs("ModifyInstanceAttribute", { InstanceId: guarded, DeletionProtection: true });
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  // A user uses it and stops it again: Kiln's tag does not count any more.
  kiln.cloud.world.start(byUser);
  await kiln.cloud.settle({ forMs: minutes(5) });
  kiln.cloud.world.stop(byUser, "StopCharging");
  await kiln.cloud.settle({ forMs: minutes(5) });
  serve(kiln, "m-web-2");
  expect((await scaleOut(kiln, { count: 3, key: "again" })).result).toMatchObject({ launched: 3 });
  const slept = await fallAsleep(kiln);
  // The three old ones stay and use up the limit, so the new ones go.
  expect(slept.result?.["released"]).toHaveLength(3);
  const rest = () => machines(kiln).map(({ instanceId }) => instanceId);
  expect(rest()).toEqual([guarded, kept, byUser]);
  // None of those beyond the limit may be released: every check says so.
  await deployed(kiln, { ...IDLES, limits: { max: 1 } });
  expect((await check(kiln)).result).toMatchObject({
    tooManyAsleep:
      "3 are asleep, limits.max is 1; 2 may not be released by Kiln: release them yourself, or take away what keeps them",
  });
  expect(rest()).toEqual([guarded, kept, byUser]);
});

test("when max is lowered, the oldest image goes first, then the member stopped longest", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const wide = { ...IDLES, limits: { max: 6 } };
  await deployed(kiln, wide);
  for (const image of ["m-web-1", "m-web-2", "m-web-3"]) {
    if (image !== "m-web-1") serve(kiln, image);
    await scaleOut(kiln, { count: 2, key: image });
    await fallAsleep(kiln);
  }
  // Rolled back: the current image is not the newest of those that sleep.
  kiln.cloud.world.deprecateImage("m-web-3");
  await deployed(kiln, { ...wide, limits: { max: 3 } });
  const dry = await check(kiln, { dryRun: true });
  expect(dry.result?.["wouldRelease"]).toHaveLength(3);
  expect(machines(kiln)).toHaveLength(6);
  await check(kiln);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2", "m-web-2", "m-web-3"]);
  await deployed(kiln, { ...wide, limits: { max: 1 } });
  await check(kiln);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2"]);
});

test("with duplicates of every event and a crash at the release the same members go, once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  kiln.cloud.fc.duplicate(() => true);
  kiln.cloud.faults.add({ product: "ecs", action: "DeleteInstance", kind: "crash", when: (_, n) => n === 1 });
  const slept = await fallAsleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(slept.result?.["released"]).toHaveLength(3);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-2", "m-web-2", "m-web-2"]);
});

type Change = (kiln: Deployment, id: string) => void;
const start: Change = ({ cloud }, id) => cloud.world.start(id);
const tag =
  (tags: Record<string, string>): Change =>
  ({ cloud }, id) =>
    cloud.world.tag(id, tags);
const changeImage: Change = ({ cloud }, id) => cloud.world.useImage(id, "m-web-2");

for (const [what, action, change] of [
  ["started", "DescribeInstances", start],
  ["kept", "DescribeInstances", tag({ "kiln:keep": "" })],
  ["moved to another fleet", "DescribeInstances", tag({ "kiln:fleet": "other" })],
  ["given another image", "DescribeInstances", changeImage],
  ["started in the moment of its release", "DeleteInstance", start],
] as const) {
  test(`a member that was ${what} since it was selected stays`, async ({ deploy, expect }) => {
    const kiln = await deploy(QUIET);
    await deployed(kiln, { ...IDLES, limits: { max: 1 } });
    await scaleOut(kiln, { count: 1 });
    await fallAsleep(kiln);
    const [old = ""] = machines(kiln).map(({ instanceId }) => instanceId);
    serve(kiln, "m-web-2");
    await scaleOut(kiln, { count: 1, key: "again" });
    let changed = false;
    kiln.cloud.faults.add({
      product: "ecs",
      action,
      kind: "before",
      when: (params) => {
        const only = params["InstanceIds"] === JSON.stringify([old]) || params["InstanceId"] === old;
        if (only && !changed) change(kiln, old);
        changed ||= only;
        return false;
      },
    });
    const { result } = await fallAsleep(kiln);
    expect(changed).toBe(true);
    expect(result?.["notReleased"]).toHaveLength(1);
    expect(machines(kiln)).toHaveLength(2);
  });
}

test("a member that the cloud does not release does not hold up the others", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [first = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const fault = new CloudFault(400, "DependencyViolation.SLBConfiguring", "A load balancer is configured.");
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteInstance",
    kind: "before",
    when: ({ InstanceId: id }) => id === first,
    fault,
  });
  const { result } = await fallAsleep(kiln);
  expect(result?.["released"]).toHaveLength(2);
  expect(result?.["notReleased"]).toEqual([
    expect.stringContaining(`${first}: DependencyViolation.SLBConfiguring`),
  ]);
  expect(kiln.cloud.callLog.count({ action: "DeleteInstance", status: 200 })).toBe(2);
  expect(tagsOf(kiln, first)).toHaveProperty("kiln:stopped-by");
});

test("a member that a request is about to start is not released", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 2 } });
  await scaleOut(kiln, { count: 2 });
  await fallAsleep(kiln);
  const away = kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2, key: "again" });
  await kiln.cloud.settle({ forMs: minutes(1) });
  await deployed(kiln, { ...IDLES, limits: { max: 1 } });
  expect((await check(kiln)).result).not.toHaveProperty("released");
  away();
  expect((await ended(kiln, run)).result).toMatchObject({ count: 2, woken: 2 });
});

test("a member that is reserved for a request after it was selected is not released", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 2 } });
  await scaleOut(kiln, { count: 2 });
  await fallAsleep(kiln);
  const single = new Set(machines(kiln).map(({ instanceId }) => JSON.stringify([instanceId])));
  // The look before the release is throttled; meanwhile max is raised again and a request needs all of them.
  const held = kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeInstances",
    kind: "before",
    when: ({ InstanceIds: ids = "" }) => single.has(ids),
    fault: new CloudFault(429, "Throttling.User", "Request was denied due to user flow control."),
  });
  await deployed(kiln, { ...IDLES, limits: { max: 1 } });
  const asked = await accepted(kiln, "/fleets/web/stop", {});
  const phases = () => kiln.records("idle").map(({ phase }) => phase);
  await kiln.cloud.settle({ until: () => phases().includes("release"), forMs: minutes(5) });
  expect(phases()).toContain("release");
  await deployed(kiln, { ...IDLES, limits: { max: 2 } });
  const away = kiln.cloud.faults.add({ product: "ecs", action: "StartInstances", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2, key: "again" });
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "wake", forMs: minutes(1) });
  held();
  await ended(kiln, asked.run);
  const results = kiln.records("idle").map(({ result }) => JSON.stringify(result));
  expect(results.filter((result) => result?.includes("is about to start it"))).toHaveLength(1);
  expect(kiln.cloud.callLog.count({ action: "DeleteInstance", status: 200 })).toBe(0);
  away();
  expect((await ended(kiln, run)).result).toMatchObject({ count: 2, woken: 2 });
});

test("a member that still exists long after its release is not reported as released", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [stays = "", ...go] = machines(kiln).map(({ instanceId }) => instanceId);
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteInstance",
    kind: "before",
    when: ({ InstanceId: id }) => {
      kiln.cloud.world.delays({ releasingMs: id === stays ? hours(1) : seconds(3) });
      return false;
    },
  });
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const { result } = await fallAsleep(kiln);
  expect(result?.["released"]).toHaveLength(go.length);
  expect(result?.["released"]).toEqual(expect.arrayContaining(go.map((id) => `${id} of m-web-1`)));
  expect(result?.["notReleased"]).toEqual([
    `${stays}: StillThere its release was accepted, and it is Stopped: look at it, the next check tries again`,
  ]);
});

test("a member that has been stopped for longer than releaseAfter is released, and one that is kept is not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, idle: { ...IDLES.idle, releaseAfter: "3d" } });
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [kept = "", ...others] = machines(kiln).map(({ instanceId }) => instanceId);
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  await kiln.cloud.settle({ forMs: hours(71) });
  expect((await check(kiln)).result).not.toHaveProperty("released");
  await kiln.cloud.settle({ forMs: hours(2) });
  const { result } = await check(kiln);
  expect(result?.["released"]).toEqual(expect.arrayContaining(others.map((id) => `${id} of m-web-1`)));
  expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual([kept]);
});
