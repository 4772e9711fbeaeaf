import { setTimeout as reallySleep } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, test } from "vitest";
import { hours, minutes } from "../../shared/duration.ts";
import { openApi } from "../contract/clients.ts";
import { type CloudProcess, send, startProcess } from "../support/cloud-process.ts";
import { type Foreign, foreignProgram } from "../support/foreign.ts";
import { known } from "../support/known.ts";

/** Hours of the cloud's time on a busy machine. */
const SLOW = { timeout: 90_000 };

const EXAMPLES = join(import.meta.dirname, "../../examples");
const example = (file: string): string => readFileSync(join(EXAMPLES, file), "utf8");

const TOKEN = "sender-token-0123456789";
const SENDERS = { scaling: { kind: "generic", tokens: [TOKEN], fleets: ["web"] } };

let cloud: CloudProcess;
let program: Foreign;

beforeAll(async () => {
  cloud = await startProcess(["--speed", "0"], { KILN_SENDERS: JSON.stringify(SENDERS) });
  program = foreignProgram(cloud);
}, 60_000);
afterAll(() => cloud.end());
beforeEach(async () => void (await cloud.post("heal", {})));

const running = async () => (await cloud.world()).instances.filter(({ status }) => status === "Running");

test("at speed 0 time stands still but for settle, which answers the cloud's time", async ({ expect }) => {
  const { now } = await cloud.world();
  await reallySleep(60);
  expect((await cloud.world()).now).toBe(now);
  expect(await cloud.post("settle", { forMs: minutes(1) })).toEqual({ now: now + minutes(1) });
  // A webhook without a signature answers in standing time, too.
  expect((await send(new URL("/runs/x", cloud.ready.webhook), { method: "GET" })).status).toBe(401);
  expect((await cloud.world()).now).toBe(now + minutes(1));
});

test(
  "a recipe that is uploaded becomes an image in its family, seen by the control and by ECS",
  SLOW,
  async ({ expect }) => {
    await program.upload("recipes/web.yaml", example("recipes/web.yaml"));
    expect((await cloud.world()).images).toEqual([]);
    await cloud.settle(hours(1));
    const { images, instances, snapshots, families, calls } = await cloud.world();
    expect(images).toMatchObject([{ status: "Available", family: "web", region: "cn-hangzhou" }]);
    expect(images[0]?.tags).toMatchObject({ "kiln:deployment": cloud.ready.bucket, team: "web" });
    expect([families, instances, snapshots.length]).toEqual([{ web: images[0]?.imageId }, [], 1]);
    expect(calls["ecs:RunInstances"]).toBe(2);
    const { Image: served } = await program.ecs<{ Image: { ImageId: string } }>("DescribeImageFromFamily", {
      ImageFamily: "web",
    });
    expect(served.ImageId).toBe(families["web"]);
  },
);

test(
  "the caller of the ready line scales out, and instances with little load are stopped",
  SLOW,
  async ({ expect }) => {
    await program.upload("fleets/web.yaml", example("fleets/web.yaml"));
    const { run, world } = await program.scaleOut("web", 3);
    expect(await program.stateOf(run)).toBe("done");
    expect(world.instances.map(({ status }) => status)).toEqual(["Running", "Running", "Running"]);
    const [busy, idle, later] = world.instances.map(({ instanceId }) => instanceId);
    await cloud.post("load", {
      instanceId: idle,
      cpuAverage: 2,
      fromMs: world.now,
      toMs: world.now + hours(24),
    });
    await cloud.post("load", { instanceId: later, cpuAverage: 2, fromMs: 0, toMs: hours(24) });
    await cloud.post("load", { instanceId: later, cpuAverage: 60, toMs: hours(4) });
    await cloud.settle(hours(5));
    const statusOf = async (id?: string) =>
      (await cloud.world()).instances.find(({ instanceId }) => instanceId === id);
    expect(await statusOf(idle)).toMatchObject({ status: "Stopped", stoppedMode: "StopCharging" });
    expect([(await statusOf(busy))?.status, (await statusOf(later))?.status]).toEqual(["Running", "Running"]);
    await cloud.settle(hours(4));
    expect([(await statusOf(busy))?.status, (await statusOf(later))?.status]).toEqual(["Running", "Stopped"]);
  },
);

const START = { product: "ecs", action: "StartInstances" };

test("a call that goes wrong before its effect is refused with the code that was asked for, so many times", async ({
  expect,
}) => {
  const [one] = await running();
  const stop = () => program.ecs("StopInstances", { "InstanceId.1": one?.instanceId });
  await cloud.post("fault", {
    product: "ecs",
    action: "StopInstances",
    kind: "before",
    times: 2,
    code: "OperationDenied.NoStock",
    status: 403,
  });
  await expect(stop()).rejects.toMatchObject({ code: "OperationDenied.NoStock" });
  await expect(stop()).rejects.toMatchObject({ code: "OperationDenied.NoStock" });
  expect((await running()).length).toBe(1);
  await stop();
  await cloud.settle(minutes(2));
  expect(await running()).toEqual([]);
});

test("a call that goes wrong after its effect loses its answer, once unless it says otherwise", async ({
  expect,
}) => {
  const [one] = (await cloud.world()).instances;
  const start = () => program.ecs("StartInstances", { "InstanceId.1": one?.instanceId });
  await cloud.post("fault", { ...START, kind: "after" });
  await expect(start()).rejects.toThrow();
  await cloud.settle(minutes(2));
  expect((await running()).map(({ instanceId }) => instanceId)).toEqual([one?.instanceId]);
});

test("a call that hangs at speed 0 keeps no caller of the webhook waiting", async ({ expect }) => {
  const { now } = await cloud.world();
  await cloud.post("fault", { product: "oss", action: "GetObject", kind: "hang", times: null });
  const began = performance.now();
  const { status, body } = await program.call("GET", "/runs/scale-web-20260105-0123456789ab");
  expect([status, body["error"]]).toEqual([503, expect.stringContaining("did not answer in time")]);
  expect(performance.now() - began).toBeLessThan(5000);
  expect((await cloud.world()).now).toBe(now);
});

test("a call that takes its function with it does not take the run", async ({ expect }) => {
  await cloud.post("fault", { ...START, kind: "crash" });
  await cloud.post("crash", { function: "kiln-scale-out" });
  const { run, world } = await program.scaleOut("web", 2);
  expect(await program.stateOf(run)).not.toBe("failed");
  await cloud.settle(minutes(20));
  expect(await program.stateOf(run)).toBe("done");
  expect(world.instances.length).toBe(3);
  expect((await running()).length).toBe(3);
});

test("a setting in the environment of the process replaces the one of the local cloud", async ({
  expect,
}) => {
  const { now } = await cloud.world();
  const body = { id: "one", at: new Date(now).toISOString(), fleet: "web", count: 1 };
  const { status } = await send(new URL("/senders/scaling", cloud.ready.webhook), {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(status).toBe(202);
});

test("a type that is sold out is passed over, and one that is sold again is not", async ({ expect }) => {
  const left = (n: number | null) =>
    Promise.all(
      ["h", "i"].map((zone) =>
        cloud.post("stock", { instanceType: "ecs.g7.large", zoneId: `cn-hangzhou-${zone}`, left: n }),
      ),
    );
  await left(0);
  await program.scaleOut("web", 1);
  expect((await cloud.world()).instances.at(-1)?.instanceType).toBe("ecs.c7.large");
  await left(null);
  await cloud.settle(minutes(15));
  await program.scaleOut("web", 1);
  expect((await cloud.world()).instances.at(-1)?.instanceType).toBe("ecs.g7.large");
});

test("an instance vanishes, a spot instance is taken back, another one is not", async ({ expect }) => {
  const [first, second] = (await cloud.world()).instances;
  await cloud.post("vanish", { instanceId: first?.instanceId });
  const { status, body } = await cloud.ask("POST", "reclaim", { instanceId: second?.instanceId });
  expect([status, body["error"]]).toEqual([400, expect.stringContaining("no spot instance")]);
  const { InstanceIdSets: ids } = await program.ecs<{ InstanceIdSets: { InstanceIdSet: string[] } }>(
    "RunInstances",
    {
      ImageId: second?.imageId,
      InstanceType: "ecs.g7.large",
      VSwitchId: "vsw-hangzhou-h",
      SecurityGroupId: "sg-default0001",
      "SystemDisk.Category": "cloud_essd",
      SpotStrategy: "SpotAsPriceGo",
    },
  );
  await cloud.settle(minutes(2));
  await cloud.post("reclaim", { instanceId: ids.InstanceIdSet[0] });
  await cloud.settle(minutes(6));
  const left = (await cloud.world()).instances.map(({ instanceId }) => instanceId);
  expect(left).toContain(second?.instanceId);
  expect(left).not.toContain(first?.instanceId);
  expect(left).not.toContain(ids.InstanceIdSet[0]);
});

test("a new base image is served, an image fails, lists lag behind, calls are throttled", async ({
  expect,
}) => {
  const family = "acs:alibaba_cloud_linux_3_2104_lts_x64";
  const { imageId } = await cloud.post("publish-image", { family });
  expect((await cloud.post("publish-image", { family }))["imageId"]).not.toBe(imageId);
  const [one] = (await cloud.world()).instances;
  const create = (name: string) =>
    program.ecs<{ ImageId: string }>("CreateImage", { InstanceId: one?.instanceId, ImageName: name });
  const shown = async () => {
    const list = await program.ecs<{ Images: { Image: { ImageName: string }[] } }>("DescribeImages", {
      ImageOwnerAlias: "self",
      Status: "Creating,Available,CreateFailed",
    });
    return list.Images.Image.map(({ ImageName: name }) => name);
  };
  await cloud.post("fail-image", {});
  await cloud.post("lag", { ms: 60_000 });
  await create("by-hand");
  expect(await shown()).not.toContain("by-hand");
  await cloud.settle(minutes(10));
  expect(await shown()).toContain("by-hand");
  expect((await cloud.world()).images.find(({ name }) => name === "by-hand")?.status).toBe("CreateFailed");
  await cloud.post("throttle", { action: "DescribeImages", callsPerMinute: 0 });
  await expect(shown()).rejects.toMatchObject({ code: "Throttling.User" });
  await cloud.post("heal", {});
  expect(await shown()).toContain("by-hand");
});

test(
  "the channel `ops` keeps what is posted to it, and the commands in it work",
  SLOW,
  async ({ expect }) => {
    const changes =
      "\npromote: { approval: { within: 2d } }\nnotify: [{ channel: ops, events: [promoted, failed] }]\n";
    await program.upload(
      "recipes/asked.yaml",
      example("recipes/web.yaml").replace("family: web", "family: asked") + changes,
    );
    await cloud.settle(minutes(20));
    expect((await cloud.world()).families).not.toHaveProperty("asked");
    const { posts } = known<{ posts: { channel: string; body: { commands?: { approve?: string } } }[] }>(
      (await cloud.ask("GET", "posts")).body,
    );
    const command = posts.map(({ body }) => body.commands?.approve).find((one) => one !== undefined) ?? "";
    expect([posts[0]?.channel, command]).toEqual(["ops", expect.stringMatching(/^curl .* -X POST /)]);
    const link = /https?:[^ "']+/.exec(command)?.[0] ?? "";
    expect(link.startsWith(`${cloud.ready.webhook}/`), link).toBe(true);
    await fetch(link, { method: "POST", body: new URLSearchParams({ decision: "approve" }) });
    await cloud.settle(minutes(20));
    expect((await cloud.world()).families).toHaveProperty("asked");
  },
);

const SETTLE = { forMs: 1000 };
const STOCK = { instanceType: "ecs.g7.large", zoneId: "cn-hangzhou-h", left: 0 };
const FAULT = { product: "ecs", action: "RunInstances", kind: "before" };

const refusalOf = async (...request: Parameters<CloudProcess["ask"]>): Promise<string> => {
  const { status, body } = await cloud.ask(...request);
  return `${status} ${String(body["error"])}`;
};

test("a request from elsewhere changes nothing", async ({ expect }) => {
  const before = await cloud.world();
  for (const headers of [
    { host: "evil.example" },
    { host: "127.0.0.1.evil.example" },
    { origin: "https://evil.example" },
  ] as Record<string, string>[]) {
    for (const [method, path] of [
      ["GET", "world"],
      ["POST", "settle"],
      ["POST", "channels/ops"],
    ] as const) {
      const body = method === "POST" ? SETTLE : undefined;
      expect(await refusalOf(method, path, body, headers)).toMatch(
        /^403 (Host|Origin): .* is not this machine/,
      );
    }
  }
  const own = Object.values(networkInterfaces()).flat();
  for (const { address } of own
    .filter((one) => one?.family === "IPv4" && !one.internal)
    .map(known<{ address: string }>)) {
    const url = new URL(`http://${address}:${new URL(cloud.ready.ecs).port}/_control/world`);
    await expect(send(url, { method: "GET", headers: { host: "localhost" } })).rejects.toThrow(
      "ECONNREFUSED",
    );
  }
  expect(await cloud.world()).toEqual(before);
});

/** Requests that are wrong, and what is said about them. */
const WRONG: readonly (readonly [name: string, body: unknown, answer: RegExp])[] = [
  ["sttle", SETTLE, /^404 .*POST knows settle, stock/],
  ["settle", { forMs: -1 }, /^400 forMs: .*a right body is \{"forMs"/],
  ["settle", { forMs: "1000" }, /^400 forMs: .*expected number/],
  ["settle", { forMs: 401 * hours(24) }, /^400 forMs: .*too big/i],
  ["settle", { ...SETTLE, until: 1 }, /^400 Unrecognized key: "until"/],
  ["settle", "not json", /^400 the body is not JSON/],
  ["stock", { ...STOCK, instanceType: "ecs.x" }, /^404 .*ecs\.g7\.large/],
  ["stock", { ...STOCK, zoneId: "h" }, /^404 .*cn-hangzhou-h/],
  ["load", { instanceId: "i-1", cpuAverage: 2 }, /^404 .*_control\/world/],
  ["vanish", { instanceId: "i-1" }, /^404/],
  ["reclaim", { instanceId: "i-1" }, /^404/],
  ["publish-image", { family: "web" }, /^404 .*acs:/],
  ["fault", { ...FAULT, action: "RunInstance" }, /^404 .*RunInstances/],
  ["fault", { ...FAULT, product: "rds" }, /^400 product: .*"ecs"/],
  ["fault", { ...FAULT, kind: "during" }, /^400 kind: .*"hang"/],
  ["fault", { ...FAULT, times: 0 }, /^400 times: /],
  ["fault", { ...FAULT, status: 403 }, /^400 .*go with a code/],
  ["fault", { ...FAULT, message: "no" }, /^400 .*go with a code/],
  ["fault", { ...FAULT, kind: "crash", code: "OperationDenied" }, /^400 .*a code goes with before and after/],
  ["fault", { ...FAULT, kind: "hang", code: "OperationDenied" }, /^400 .*a code goes with before and after/],
  ["fault", { ...FAULT, code: "" }, /^400 code: /],
  [
    "fault",
    { ...FAULT, product: "ram" },
    /^404 there is no action of ram RunInstances; there are .*CreateRole/,
  ],
  ["settle", '{"forMs": 1000, "forMs": 2000}', /^400 the body has a key twice in one map/],
  [
    "platform",
    '{"taskIds": {"scope": "account", "sc\\u006fpe": "function"}}',
    /^400 the body has a key twice/,
  ],
  ["lose", { function: "bake" }, /^404 .*kiln-bake-image/],
];

test("a request that is wrong changes nothing, and its answer says what is right", async ({ expect }) => {
  const before = await cloud.world();
  for (const [name, body, answer] of WRONG) expect(await refusalOf("POST", name, body)).toMatch(answer);
  expect(await refusalOf("PUT", "world")).toMatch(/^405 .*GET nor POST/);
  expect(await cloud.world()).toEqual(before);
});

test("a call of every product can go wrong", async ({ expect }) => {
  const refused = {
    ecs: "DescribeInstances",
    cms: "DescribeMetricList",
    ess: "DescribeScalingConfigurations",
    fc: "ListFunctions",
    oss: "GetBucketInfo",
    ram: "GetRole",
    sts: "GetCallerIdentity",
    bss: "QueryAccountBalance",
  };
  const { ecs: url, accessKeyId: id, accessKeySecret: secret } = cloud.ready;
  for (const [product, action] of Object.entries(refused)) {
    await cloud.post("fault", { product, action, kind: "before", code: "ServiceUnavailable" });
  }
  const versions = { ram: "2015-05-01", sts: "2015-04-01", bss: "2017-12-14" } as const;
  for (const product of ["ram", "sts", "bss"] as const) {
    const call = { action: refused[product], version: versions[product], query: { RoleName: "x" } };
    await expect(openApi(url, { id, secret }, call)).rejects.toMatchObject({ code: "ServiceUnavailable" });
  }
});

test("a body with colons and escapes in its texts has each key once", async ({ expect }) => {
  expect(await cloud.post("fail-image", { reason: 'a: "b": {c: \\"d\\": e}' })).toHaveProperty("now");
});

test("an image that was to fail does not after heal", SLOW, async ({ expect }) => {
  const [one] = (await cloud.world()).instances;
  for (const reason of ["first", "second"]) await cloud.post("fail-image", { reason });
  await cloud.post("heal", {});
  const { ImageId: made } = await program.ecs<{ ImageId: string }>("CreateImage", {
    InstanceId: one?.instanceId,
    ImageName: "after-heal",
  });
  await cloud.settle(minutes(20));
  const image = (await cloud.world()).images.find(({ imageId }) => imageId === made);
  expect(image?.status).toBe("Available");
});

test("settle stops when its client has gone", SLOW, async ({ expect }) => {
  const { now } = await cloud.world();
  const gone = fetch(`${cloud.ready.ecs}/_control/settle`, {
    method: "POST",
    body: JSON.stringify({ forMs: 400 * hours(24) }),
    signal: AbortSignal.timeout(500),
  });
  await expect(gone).rejects.toThrow("aborted");
  // Invocations at work are finished first.
  let at = -1;
  await expect
    .poll(async () => at === (at = (await cloud.world()).now), { interval: 1000, timeout: 30_000 })
    .toBe(true);
  expect(at).toBeGreaterThan(now);
  expect(at).toBeLessThan(now + 300 * hours(24));
});
