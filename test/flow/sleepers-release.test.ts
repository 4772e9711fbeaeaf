/** Which sleepers a check releases when there are more than may be, and which never. */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/kernel.ts";
import type { Deployment } from "../deployment.ts";
import { accepted, callsOf, ended, machines, scaleOut, tagsOf, test } from "./fleet.ts";
import { QUIET } from "./idle-world.ts";
import { check, deployed, fallAsleep, IDLES, imagesOf, serve } from "./sleepers.ts";

test("the record of a check says which sleepers it released and why", async ({ deploy, expect }) => {
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
  expect([...((result?.["released"] ?? []) as string[])].toSorted()).toEqual(
    ids.map((id) => `${id} of m-web-1`).toSorted(),
  );
  expect(result).not.toHaveProperty("notReleased");
  // The next check has nothing to do.
  expect((await check(kiln)).result).not.toHaveProperty("released");
  expect(machines(kiln)).toHaveLength(3);
});

test("what is protected, kept, or was stopped by a person is not released, and the check says so", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [guarded = "", kept = "", person = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  await kiln.ecs("ModifyInstanceAttribute", { InstanceId: guarded, DeletionProtection: true });
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  // A person uses it and stops it again: Kiln's mark is void.
  kiln.cloud.world.start(person);
  await kiln.cloud.settle({ forMs: minutes(5) });
  kiln.cloud.world.stop(person, "StopCharging");
  await kiln.cloud.settle({ forMs: minutes(5) });
  serve(kiln, "m-web-2");
  expect((await scaleOut(kiln, { count: 3, key: "again" })).result).toMatchObject({ launched: 3 });
  const slept = await fallAsleep(kiln);
  // The three old ones stay and fill the bound, so the new ones go.
  expect(slept.result?.["released"]).toHaveLength(3);
  const rest = () => machines(kiln).map(({ instanceId }) => instanceId);
  expect(rest()).toEqual([guarded, kept, person]);
  // Beyond the bound nothing of it may go: that is told, by every check.
  await deployed(kiln, { ...IDLES, limits: { max: 1 } });
  expect((await check(kiln)).result).toMatchObject({
    tooManyAsleep:
      "3 are asleep, limits.max is 1; 2 may not be released by Kiln: release them yourself, or take away what keeps them",
  });
  expect(rest()).toEqual([guarded, kept, person]);
});

test("a lowered max: of the sleepers beyond it the oldest image goes, then who slept longest", async ({
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
  const newest = [...kiln.cloud.world.images.values()].find(({ imageId }) => imageId === "m-web-3");
  Object.assign(newest ?? {}, { status: "Deprecated" });
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

test("every event twice, and a crash at the release: the same sleepers go, once", async ({
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

test("what was started, kept, given away or given another image since it was chosen stays", async ({
  deploy,
  expect,
}) => {
  const start = ({ cloud }: Deployment, id: string): void => cloud.world.start(id);
  const tag = (tags: Record<string, string>) => (kiln: Deployment, id: string) =>
    kiln.cloud.world.tag(id, tags);
  // At the look before the release, and at the release itself.
  for (const [action, change] of [
    ["DescribeInstances", start],
    ["DescribeInstances", tag({ "kiln:keep": "" })],
    ["DescribeInstances", tag({ "kiln:fleet": "other" })],
    [
      "DescribeInstances",
      (kiln: Deployment, id: string) => {
        Object.assign(kiln.cloud.world.mustHave(id), { imageId: "m-web-2" });
      },
    ],
    ["DeleteInstance", start],
    [
      "DeleteInstance",
      (kiln: Deployment, id: string) => {
        Object.assign(kiln.cloud.world.mustHave(id), { status: "Running" });
      },
    ],
  ] as const) {
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
  }
});

test("a sleeper the cloud will not release does not hold up the others", async ({ deploy, expect }) => {
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
  expect(callsOf(kiln, "DeleteInstance")).toHaveLength(2);
  expect(tagsOf(kiln, first)).toHaveProperty("kiln:stopped-by");
});

test("a sleeper that a request is about to wake is not released", async ({ deploy, expect }) => {
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

test("a sleeper that is granted to a request after it was chosen is not released", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 2 } });
  await scaleOut(kiln, { count: 2 });
  await fallAsleep(kiln);
  const single = new Set(machines(kiln).map(({ instanceId }) => JSON.stringify([instanceId])));
  // The look before the release has to wait; meanwhile max is raised again and all are asked for.
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
  expect(callsOf(kiln, "DeleteInstance")).toEqual([]);
  away();
  expect((await ended(kiln, run)).result).toMatchObject({ count: 2, woken: 2 });
});

test("a sleeper that is still there long after its release is not told as released", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln);
  await scaleOut(kiln, { count: 3 });
  await fallAsleep(kiln);
  const [stays = "", ...go] = machines(kiln).map(({ instanceId }) => instanceId);
  const { delays } = kiln.cloud.world;
  const usual = delays.releasingMs;
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteInstance",
    kind: "before",
    when: ({ InstanceId: id }) => {
      delays.releasingMs = id === stays ? hours(1) : usual;
      return false;
    },
  });
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 3, key: "again" });
  const { result } = await fallAsleep(kiln);
  const released = (result?.["released"] ?? []) as string[];
  expect(released.toSorted()).toEqual(go.map((id) => `${id} of m-web-1`).toSorted());
  expect(result?.["notReleased"]).toEqual([
    `${stays}: StillThere its release was accepted, and it is Stopped: look at it, the next check tries again`,
  ]);
});
