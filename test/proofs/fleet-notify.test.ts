/** Each event of a fleet, made in the world, and the message about it. */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";
import { test as base } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut, type FleetChanges } from "../support/fleets.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { kiln as command } from "../support/kiln.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { machines } from "../support/world.ts";

const test = base.extend<{ channel: ChannelServer }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  channel: async ({}, use) => {
    const channel = await startChannel();
    await use(channel);
    await channel.close();
  },
});

/** Channels `ops` and `default` of kind json, and `chat`, of which the text is read. */
const deployment = (url: string, timers: readonly string[] = []) => ({
  ...QUIET,
  fc: { timers },
  env: {
    KILN_CHANNELS: JSON.stringify({
      ops: { kind: "json", url: `${url}/ops` },
      chat: { kind: "slack", url: `${url}/chat` },
      zh: { kind: "dingtalk", url: `${url}/zh`, language: "zh" },
      default: { kind: "json", url: `${url}/default` },
    }),
  },
});

const NOTIFY = {
  notify: [
    "ops",
    { channel: "chat", events: ["short", "spotLost"] },
    { channel: "zh", events: ["failed", "short"] },
  ],
};

const fleet = (kiln: Deployment, changes: FleetChanges) =>
  kiln.upload("fleets/web.yaml", fleetText({ ...NOTIFY, ...changes }));

/** Kinds and subjects of the messages of a channel of kind json. */
const kindsAt = ({ posted }: ChannelServer, path: string) =>
  posted.filter((one) => one.path === path).map(({ body }) => body.kind);

/** Runs the command that a message of a chat shows. */
async function followed(kiln: Deployment, { posted }: ChannelServer) {
  const text = String(posted.find(({ path }) => path === "/chat")?.body["text"]);
  const line = /npm run kiln -- (.*?)```/.exec(text)?.[1] ?? "";
  const { cloud, caller } = kiln;
  const env = {
    KILN_API: cloud.urls.http["kiln-api"],
    KILN_CALLER: caller.name,
    KILN_SECRET: caller.secret,
  };
  return { text, ...(await answered(kiln, cloud.time.hold(command(line.split(" "), { env })))) };
}

test("a fleet that is short, at its limit or without any instance is reported as that, once a channel", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url));
  const launch = { InstanceType: ["ecs.g7.large"], VSwitchId: "vsw-hangzhou-h" };
  await fleet(kiln, { launch, limits: { max: 4 } });
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
  expect(await scaleOut(kiln, { count: 2 })).toMatchObject({ state: "done", result: { short: 1 } });
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kindsAt(channel, "/ops")).toEqual(["short"]);
  expect(channel.posted[0]?.body).toMatchObject({
    title: "web: got 1 of 2 instances",
    asked: 2,
    count: 1,
  });
  const { text, exit, out } = await followed(kiln, channel);
  expect(text).toContain("web: got 1 of 2 instances");
  expect([exit, out]).toEqual([0, expect.stringContaining("scale-web-")]);
  expect((await scaleOut(kiln, { count: 1 })).state).toBe("failed");
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 50);
  expect(await scaleOut(kiln, { count: 4 })).toMatchObject({ state: "done", result: { count: 3, short: 1 } });
  expect((await scaleOut(kiln, { count: 1 })).state).toBe("failed");
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kindsAt(channel, "/ops")).toEqual(["short", "failed", "limitReached", "limitReached"]);
  // The chat subscribed to short alone, which the third request is as well.
  expect(channel.posted.filter(({ path }) => path === "/chat")).toHaveLength(2);
  expect(kindsAt(channel, "/default")).toEqual([]);
  // The words of the cloud stay as they are, and Kiln's own sentences are in the language of the channel.
  const inChinese = JSON.stringify(channel.posted.filter(({ path }) => path === "/zh"));
  for (const sentence of [
    "ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock；已没有可用的实例规格和交换机，还差 1 台",
    "请求的 1 台实例均未启动：",
    "已达到 limits.max（4）：4 台正在运行或启动中",
  ])
    expect(inChinese).toContain(sentence);
  expect(inChinese).not.toMatch(/none of|is left for|running or on/);
});

test("spot members that are taken back are reported together, once, and other instances are not", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url, ["resend"]));
  await fleet(kiln, { launch: { SpotStrategy: "SpotAsPriceGo" } });
  await scaleOut(kiln, { count: 3 });
  const [first = "", second = "", third = ""] = machines(kiln).map(({ instanceId }) => instanceId);
  for (const id of [first, second]) kiln.cloud.world.reclaim(id);
  // Looks that come together are no second message.
  await kiln.cloud.settle({ forMs: minutes(4) });
  for (let look = 0; look < 2; look++) await kiln.invoke("kiln-janitor", { v: 1, request: "resend" });
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual([third]);
  expect(kindsAt(channel, "/ops")).toEqual(["spotLost"]);
  const message = channel.posted.find(({ path }) => path === "/ops");
  expect(message?.body).toMatchObject({
    title: "web: the cloud takes back 2 spot instances",
    instances: [first, second].toSorted(),
  });
  const { text, exit } = await followed(kiln, channel);
  expect(text).toContain(first);
  expect(exit).toBe(0);
  expect(kiln.records("spot")).toMatchObject([{ state: "done", subject: "web" }]);
});

test("an idle check that fails and a stop that is announced reach the channels of the fleet", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url));
  await idleFleet(kiln, 1);
  await fleet(kiln, { limits: { max: 300 }, idle: { ...POLICY, notice: "2h" } });
  const { run } = await accepted(kiln, "/fleets/web/stop", {});
  expect((await ended(kiln, run)).result).toMatchObject({ warn: 1 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kindsAt(channel, "/ops")).toEqual(["stopping"]);
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ListTagResources",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "not authorized"),
  });
  const failing = await accepted(kiln, "/fleets/web/stop", {});
  expect((await ended(kiln, failing.run)).state).toBe("failed");
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(kindsAt(channel, "/ops")).toEqual(["stopping", "idleCheckFailed"]);
  expect(kindsAt(channel, "/default")).toEqual([]);
});

test("what has no channel of its own goes to the channel default, and a dry run nowhere", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url));
  await idleFleet(kiln, 1);
  expect((await check(kiln, { ...POLICY, notice: "2h" })).result).toMatchObject({ warn: 1 });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1 } }));
  expect((await scaleOut(kiln, { count: 1, dryRun: true })).state).toBeDefined();
  expect((await scaleOut(kiln, { count: 1 })).state).toBe("failed");
  await kiln.cloud.settle({ forMs: hours(0.1) });
  expect(kindsAt(channel, "/default")).toEqual(["stopping", "limitReached"]);
  expect(kindsAt(channel, "/ops")).toEqual([]);
});

/** A permanent and a temporary refusal of each kind of channel, with the message quoted. */
const REFUSALS = {
  dingtalk: (quoted: string) => ({ errcode: 310_000, errmsg: `sign not match: ${quoted}` }),
  feishu: (quoted: string) => ({ code: 19_021, msg: `sign match fail: ${quoted}` }),
  wecom: (quoted: string) => ({ errcode: 93_000, errmsg: `invalid webhook url, hint: ${quoted}` }),
  slack: (quoted: string) => ({ ok: false, error: "invalid_payload", quoted }),
  json: (quoted: string) => ({ code: 40_008, message: quoted }),
  limited: () => ({ errcode: 130_101, errmsg: "send too fast, exceed 20 times per minute" }),
};

test("a refusal inside of an answer with status 200 is kept and reported at once, or tried again, and quotes no secret", async ({
  deploy,
  expect,
}) => {
  const isKind = (name: string): name is keyof typeof REFUSALS => name in REFUSALS;
  const channel = await startChannel((path, body) => {
    const name = path.split("/")[1] ?? "";
    return isKind(name)
      ? { status: 200, text: JSON.stringify(REFUSALS[name](`${path} ${body}`)) }
      : undefined;
  });
  const names = Object.keys(REFUSALS);
  const at = (name: string) => ({
    kind: name === "limited" ? "dingtalk" : name,
    url: `${channel.url}/${name}/TOKEN0123456789abc`,
    secret: `SEC${name}0123456789`,
  });
  const channels = Object.fromEntries(names.map((name) => [name, at(name)]));
  const kiln = await deploy({ ...QUIET, env: { KILN_CHANNELS: JSON.stringify(channels) } });
  await kiln.upload("fleets/web.yaml", fleetText({ family: "none", notify: names }));
  const { run } = await scaleOut(kiln, { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(1.5) });
  const kept = kiln.cloud.oss.list(BUCKET, "runs/").filter(({ key }) => key.includes(`${run}/undelivered-`));
  const keptOf = kept.map(({ key }) => /failed-(\w+)\.json$/.exec(key)?.[1] ?? "");
  expect(keptOf.toSorted()).toEqual(["dingtalk", "feishu", "slack", "wecom"]);
  const logs = kiln.cloud.fc.invocations.map((one) => `${one.logs.join("")} ${one.result}`).join("");
  expect(logs.match(/KILN_NOTIFICATION_LOST/g)?.length).toBeGreaterThanOrEqual(4);
  expect(logs).toContain("send too fast");
  const objects = kiln.cloud.oss
    .list(BUCKET, "")
    .map(({ key }) => kiln.cloud.oss.get(BUCKET, key)?.body.toString())
    .join("");
  for (const text of [logs, objects]) {
    expect(text).not.toContain("TOKEN0123456789abc");
    expect(text).not.toMatch(/SEC\w+0123456789/);
    // A signature holds for an hour.
    expect(text).not.toMatch(/"sign\\*":\\*"(?!\[hidden\])|sign=(?!\[hidden\])[\w%]/);
  }
  await channel.close();
});
