/** Fleets whose size is kept: what users do, what is short, and what is ended first. */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { accepted, answered, request } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { check, inState, serve } from "../support/sleepers.ts";
import { BUCKET } from "../support/deployment.ts";
import { machines } from "../support/world.ts";

test("scale-in takes members by number or by name, and lowers what the fleet is to have", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [first = "", second = "", third = ""] = await sized(kiln, { size: { min: 1, desired: 4 } });
  kiln.cloud.world.tag(second, { "kiln:keep": "" });
  const named = await request(kiln, "/fleets/web/scale-in", { instances: [third, second] });
  expect(named.result).toMatchObject({ ended: [third], kept: [`${second}: its tag kiln:keep asks for it`] });
  expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toEqual({ min: 1, desired: 3 });
  const counted = await request(kiln, "/fleets/web/scale-in", { count: 5 });
  expect(counted.result?.["ended"]).toHaveLength(2);
  expect(counted.result?.["ended"]).toContain(first);
  expect(running(kiln)).toEqual([second]);
  await reconcile(kiln);
  expect(running(kiln)).toEqual([second]);
});

test("a stop by a user lowers the number and a start raises it; neither is undone", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await sized(kiln, { size: { min: 1, desired: 3 } });
  await kiln.ecs("StopInstance", { InstanceId: one });
  await kiln.cloud.settle({ forMs: minutes(5) });
  await reconcile(kiln);
  expect((await kiln.api("GET", "/fleets/web")).body).toMatchObject({ wanted: { desired: 2 }, running: 2 });
  await kiln.ecs("StartInstance", { InstanceId: one });
  await kiln.cloud.settle({ forMs: minutes(5) });
  await reconcile(kiln);
  expect((await kiln.api("GET", "/fleets/web")).body).toMatchObject({ wanted: { desired: 3 }, running: 3 });
  expect(machines(kiln)).toHaveLength(3);
});

test("a member that Kiln stopped and a user starts raises the number; a wake raises it once; an idle stop lowers it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
  await sized(kiln, { size: { min: 1, desired: 3 } });
  const stopAll = async () => {
    await kiln.cloud.settle({ forMs: minutes(2) });
    for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, hours(5));
    return (await check(kiln)).result?.["stopped"];
  };
  const settled = async (count: number) => {
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(running(kiln)).toHaveLength(count);
    expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toMatchObject({ desired: count });
  };
  expect(await stopAll()).toHaveLength(2);
  await settled(1);
  const [one = ""] = inState(kiln, "Stopped").map(({ instanceId }) => instanceId);
  await kiln.ecs("StartInstance", { InstanceId: one });
  await settled(2);
  expect(await stopAll()).toHaveLength(1);
  await settled(1);
  await request(kiln, "/fleets/web/wake");
  await settled(3);
  expect(await stopAll()).toHaveLength(2);
  await request(kiln, "/fleets/web/scale-out", { count: 1 });
  await settled(2);
  expect(machines(kiln)).toHaveLength(3);
});

test("a stop by a user of one member of a surplus leaves the number as it is", async ({ deploy, expect }) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
  const [one = ""] = await sized(kiln, { size: { min: 0, desired: 3 } });
  const { world, time } = kiln.cloud;
  const busy = { ...IDLE, cpuAverage: 90 };
  world.load(
    () => true,
    () => busy,
    { fromAt: time.now() - minutes(20) },
  );
  await request(kiln, "/fleets/web/resize", { to: 2 });
  await kiln.cloud.settle({ forMs: minutes(20) });
  for (const action of ["StopInstance", "StartInstance"]) {
    await kiln.ecs(action, { InstanceId: one });
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toMatchObject({ desired: 2 });
  }
  expect(running(kiln)).toHaveLength(3);
});

test("what a request was short of is launched later, with pauses between the tries", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { desired: 0 } });
  const scarce = (left: number) => {
    for (const type of ["ecs.g7.large", "ecs.c7.large"])
      for (const zone of ["cn-hangzhou-h", "cn-hangzhou-i"])
        kiln.cloud.world.stock(type, zone, type === "ecs.g7.large" && zone === "cn-hangzhou-h" ? left : 0);
  };
  scarce(1);
  const asked = await scaleOut(kiln, { count: 3 });
  expect(asked.result).toMatchObject({ count: 1, short: 2 });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records("size-").at(-1)).toMatchObject({ by: asked.run, result: { kind: "launch", count: 2 } });
  await reconcile(kiln);
  await reconcile(kiln);
  expect(kiln.records("scale-")).toHaveLength(2);
  scarce(10);
  await kiln.cloud.settle({ forMs: hours(1) });
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(3);
});

test("a request that got none is launched later like one that got some, unless it was refused, has an end or no room", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
  await sized(kiln, { size: { desired: 0 }, limits: { max: 4 } });
  const stock = (left: number | null) => {
    for (const type of ["ecs.g7.large", "ecs.c7.large"])
      for (const zone of ["cn-hangzhou-h", "cn-hangzhou-i"]) kiln.cloud.world.stock(type, zone, left);
  };
  stock(0);
  for (const limited of [{ validFor: "1h" }, { min: 1 }])
    expect(await scaleOut(kiln, { count: 3, ...limited })).toMatchObject({ state: "failed" });
  await request(kiln, "/fleets/web/pause");
  expect(await scaleOut(kiln, { count: 3 })).toMatchObject({ state: "failed" });
  await request(kiln, "/fleets/web/unpause");
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toMatchObject({ desired: 0 });
  const asked = await scaleOut(kiln, { count: 3 });
  expect(asked).toMatchObject({ state: "done", result: { count: 0, short: 3 } });
  stock(null);
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(running(kiln)).toHaveLength(3);
  await request(kiln, "/fleets/web/resize", { to: 4 });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(await scaleOut(kiln, { count: 1 })).toMatchObject({ state: "failed", result: { limited: true } });
});

test("without size a fleet has what was asked for, and resize says what is missing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY }));
  await scaleOut(kiln, { count: 2 });
  const [one] = machines(kiln);
  kiln.cloud.world.remove(one?.instanceId ?? "");
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(1);
  const refused = await answered(kiln, kiln.call("POST", "/fleets/web/resize", { to: 2 }));
  expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining("has no size:") } });
});

test("a fleet whose document is gone keeps its members, and is reported once", async ({ deploy, expect }) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 1) });
  await sized(kiln, { size: { desired: 1 } });
  await kiln.api("DELETE", "/fleets/web");
  for (const hour of [9, 10]) {
    await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, hour, 1) - kiln.cloud.time.now() });
    await reconcile(kiln);
  }
  const reports = kiln.records("size-").filter(({ state }) => state === "failed");
  expect(reports).toMatchObject([{ reason: expect.stringContaining("its 1 members stay as they are") }]);
  expect(running(kiln)).toHaveLength(1);
});

test("a surplus is ended in order: an old image is released, then an idle member stops, then the oldest", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [old = ""] = await sized(kiln, { size: { desired: 1 } });
  serve(kiln, "m-web-2");
  await request(kiln, "/fleets/web/resize", { to: 4 });
  await kiln.cloud.settle({ forMs: hours(1) });
  const [first = "", second = "", third = ""] = running(kiln).filter((id) => id !== old);
  const { world, time } = kiln.cloud;
  for (const [place, id] of [first, second, third].entries()) world.ageInstance(id, hours(9 - place));
  for (const id of [first, third]) {
    world.load(id, () => ({ ...IDLE, cpuAverage: 40 }));
    world.load(id, () => IDLE, { fromAt: time.now() - minutes(30) });
  }
  const ended = (await request(kiln, "/fleets/web/scale-in", { count: 3 })).result;
  expect(ended?.["because"]).toEqual([
    expect.stringMatching(`^${old} released: its image m-web-1`),
    expect.stringMatching(`^${second} stopped: idle for 2h`),
    expect.stringMatching(`^${first} stopped: it is the oldest`),
  ]);
  expect(running(kiln)).toEqual([third]);
});

test("members that vanish are replaced at once, though a surplus cannot be ended for hours", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
  const [one = "", two = ""] = await sized(kiln, { size: { min: 3, desired: 4 } });
  const { world } = kiln.cloud;
  world.load(
    () => true,
    () => ({ ...IDLE, cpuAverage: 90 }),
  );
  await request(kiln, "/fleets/web/resize", { to: 3 });
  await kiln.cloud.settle({ forMs: hours(5) });
  expect(running(kiln)).toHaveLength(4);
  world.remove(one);
  world.remove(two);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(running(kiln)).toHaveLength(3);
});

test.for(["an idle check", "a smaller size"])(
  "members that vanish while %s waits for its probes are replaced up to the min",
  async (what, { deploy, expect }) => {
    const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
    const probe = { command: "exit 1" };
    const [one = "", two = ""] = await sized(kiln, {
      size: { min: 3, desired: 4 },
      idle: { ...POLICY, probe },
    });
    const heal = kiln.cloud.faults.add({
      product: "ecs",
      action: "DescribeInvocationResults",
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
    });
    if (what === "an idle check") await accepted(kiln, "/fleets/web/stop", {});
    else await accepted(kiln, "/fleets/web/resize", { to: 3 });
    await kiln.cloud.settle({ forMs: minutes(7) });
    kiln.cloud.world.remove(one);
    kiln.cloud.world.remove(two);
    await kiln.cloud.settle({ forMs: minutes(13) });
    expect(running(kiln)).toHaveLength(3);
    heal();
    await kiln.cloud.settle({ forMs: hours(2) });
    // The check finds nothing to stop above the min.
    const desired = what === "an idle check" ? 4 : 3;
    expect((await kiln.api("GET", "/fleets/web")).body["wanted"]).toMatchObject({ desired });
    expect(running(kiln)).toHaveLength(desired);
  },
);

test("of launches that keep a size, whichever reserves first, all together make it no larger than it is to be", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: [] } });
  await sized(kiln, { size: { desired: 2 } });
  const kept = { v: 1, request: "scale-out", fleet: "web", count: 2, kept: true, upTo: 4 };
  const asked = [kept, { ...kept, upTo: 5 }, { ...kept, count: 1 }];
  await Promise.all(asked.map((event, n) => kiln.invoke("kiln-scale-out", { ...event, by: `timer:${n}` })));
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(running(kiln)).toHaveLength(5);
  const ends = kiln.records("scale-").slice(-3);
  expect(ends.map(({ state }) => state)).toEqual(Array(3).fill("done"));
  expect(ends.filter(({ result }) => result?.["short"] !== undefined)).toEqual([]);
});

test("a resize does not come back once the document has had another number", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { desired: 1 } });
  const wanted = async () => (await kiln.api("GET", "/fleets/web")).body["wanted"];
  await request(kiln, "/fleets/web/resize", { to: 3 });
  for (const desired of [2, 1]) {
    await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY, size: { desired } }));
    await reconcile(kiln);
    expect(await wanted()).toMatchObject({ desired });
  }
});

test("a resize does not outlive its document; an edit keeps it, and so does a deletion that is seen late", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: [] } });
  const changes = { size: { desired: 1 } };
  await sized(kiln, changes);
  const wanted = async () => (await kiln.api("GET", "/fleets/web")).body["wanted"];
  const put = async (more: object = {}) => {
    await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY, ...changes, ...more }));
    await kiln.cloud.settle({ forMs: minutes(1) });
  };
  const look = (key: string) => kiln.invoke("kiln-janitor", { v: 1, request: "check", key });
  await request(kiln, "/fleets/web/resize", { to: 3 });
  await put({ limits: { max: 9 } });
  expect(await wanted()).toMatchObject({ desired: 3 });
  await kiln.api("DELETE", "/fleets/web");
  await put();
  expect(await wanted()).toMatchObject({ desired: 1 });
  await request(kiln, "/fleets/web/resize", { to: 2 });
  await look("fleets/web.yaml");
  expect(await wanted()).toMatchObject({ desired: 2 });
  // Its event is lost: the hourly look finds the index of a document that is gone.
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml", "ByLifecycle");
  await look("*");
  await kiln.cloud.settle({ forMs: minutes(1) });
  await put();
  expect(await wanted()).toMatchObject({ desired: 1 });
});

test("spot members that stop when they are taken back are replaced, and the number stays", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resend"] } });
  const launch = { SpotStrategy: "SpotAsPriceGo", SpotInterruptionBehavior: "Stop" };
  const [taken = ""] = await sized(kiln, { size: { desired: 3 }, launch });
  kiln.cloud.world.reclaim(taken);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(machines(kiln).find(({ instanceId }) => instanceId === taken)?.status).toBe("Stopped");
  expect((await kiln.api("GET", "/fleets/web")).body).toMatchObject({ wanted: { desired: 3 }, running: 3 });
});

test("a request after idle stops does not bring the other members back at an edge; a resize does", async ({
  deploy,
  expect,
}) => {
  // 16:16 in the zone.
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 16) });
  const edge = Date.UTC(2026, 0, 5, 12);
  const calendar = { timeZone: "Asia/Shanghai" };
  const schedule = [{ days: "daily", from: "08:00", to: "20:00", min: 0 }];
  const [first = ""] = await sized(kiln, { size: { desired: 4 }, calendar, schedule });
  await kiln.ecs("StopInstance", { InstanceId: first });
  await kiln.cloud.settle({ forMs: minutes(5) });
  await reconcile(kiln);
  expect((await check(kiln)).result?.["stopped"]).toHaveLength(3);
  const wanted = async () => (await kiln.api("GET", "/fleets/web")).body["wanted"];
  await scaleOut(kiln, { count: 1 });
  expect(await wanted()).toMatchObject({ desired: 1 });
  await kiln.ecs("StartInstance", { InstanceId: first });
  await kiln.cloud.settle({ forMs: minutes(5) });
  await reconcile(kiln);
  expect(await wanted()).toMatchObject({ desired: 2 });
  await kiln.cloud.settle({ forMs: edge + minutes(10) - kiln.cloud.time.now() });
  expect(await wanted()).toMatchObject({ desired: 2 });
  await request(kiln, "/fleets/web/resize", { to: 3 });
  await kiln.cloud.settle({ forMs: hours(12) });
  expect(await wanted()).toMatchObject({ desired: 4 });
});

test("validFor ends a request that waits, and what it is short of is not launched later", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { desired: 0 } });
  const { faults, time, world } = kiln.cloud;
  const until = time.now() + minutes(20);
  faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    when: () => time.now() < until,
    fault: new CloudFault(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
  });
  const late = await scaleOut(kiln, { count: 1, validFor: "10m" });
  expect(late).toMatchObject({ state: "failed", reason: expect.stringContaining("its validFor is over") });
  await kiln.cloud.settle({ forMs: minutes(30) });
  for (const zone of ["cn-hangzhou-h", "cn-hangzhou-i"])
    for (const type of ["ecs.g7.large", "ecs.c7.large"])
      world.stock(type, zone, type === "ecs.g7.large" && zone === "cn-hangzhou-h" ? 1 : 0);
  expect((await scaleOut(kiln, { count: 3, validFor: "1h" })).result).toMatchObject({ count: 1, short: 2 });
  world.stock("ecs.g7.large", "cn-hangzhou-h", null);
  await kiln.cloud.settle({ forMs: hours(1) });
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(1);
});

test("a smaller size asks the idle probe: who is in use, or of whom nothing is known, stays", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const command = 'case "$(hostname)" in n-1) exit 0 ;; n-2) exit 1 ;; esac; exit 127';
  await sized(kiln, {
    size: { desired: 3 },
    launch: { HostName: "n-[1,1]" },
    idle: { ...POLICY, action: "release", probe: { command } },
  });
  const shrunk = await request(kiln, "/fleets/web/scale-in", { count: 3 });
  expect(shrunk.result?.["ended"]).toHaveLength(1);
  expect(String(shrunk.result?.["because"])).toMatch(/; its probe ended with exit code 1$/);
  expect(shrunk.result?.["kept"]).toEqual([
    expect.stringContaining("its probe ended with exit code 0"),
    expect.stringContaining("exit code 127"),
  ]);
  expect(machines(kiln).map(({ hostName }) => hostName)).toEqual(["n-1", "n-3"]);
});

test.for(["stop", "release"] as const)(
  "members of a fleet whose document is gone %s an hour later, if its last document says so, unless it is back",
  async (action, { deploy, expect }) => {
    const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 1) });
    const changes = { size: { desired: 3 }, onRemoval: action };
    const [kept = ""] = await sized(kiln, changes);
    kiln.cloud.world.tag(kept, { "kiln:keep": "" });
    await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 1) - kiln.cloud.time.now() });
    // A document that is wrong is not gone.
    await kiln.upload("fleets/web.yaml", "family: [");
    await reconcile(kiln);
    await kiln.api("DELETE", "/fleets/web");
    await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 10, 1) - kiln.cloud.time.now() });
    await kiln.invoke("scale-out", { v: 1, request: "reconcile", fleet: "*" });
    await kiln.cloud.settle({ forMs: minutes(50) });
    expect(running(kiln)).toHaveLength(3);
    const report = kiln.records("size-").find(({ state }) => state === "failed");
    expect(report?.reason).toContain("put the document back to keep them");
    await kiln.cloud.settle({ forMs: minutes(30) });
    expect(running(kiln)).toEqual([kept]);
    expect(machines(kiln)).toHaveLength(action === "stop" ? 3 : 1);
  },
);

test("an event alone ends no members of a fleet whose document is gone", async ({ deploy, expect }) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 1) });
  await sized(kiln, { size: { desired: 2 } });
  await kiln.api("DELETE", "/fleets/web");
  const removal = { action: "release", optOutTag: "kiln:keep", stoppedMode: "StopCharging" };
  for (const given of [{}, { removal }])
    await kiln.invoke("stop-idle", { v: 1, request: "end-removed", fleet: "web", ...given });
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(running(kiln)).toHaveLength(2);
});

test("members stay when the document of their fleet is back within the hour", async ({ deploy, expect }) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 1) });
  const changes = { size: { desired: 2 }, onRemoval: "release" };
  await sized(kiln, changes);
  await kiln.api("DELETE", "/fleets/web");
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 1) - kiln.cloud.time.now() });
  await kiln.invoke("scale-out", { v: 1, request: "reconcile", fleet: "*" });
  await kiln.cloud.settle({ forMs: minutes(30) });
  await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY, ...changes }));
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(running(kiln)).toHaveLength(2);
});
