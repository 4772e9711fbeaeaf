import { hours, minutes } from "../../shared/duration.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";
import { test as base } from "../support/deploy.ts";
import { DOMAIN, type Deployment } from "../support/deployment.ts";
import { check, idleFleet, statuses } from "../support/idle-fleet.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";
import { browse } from "../support/operator.ts";
import { tagsOf } from "../support/world.ts";

const test = base.extend<{ channel: ChannelServer }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  channel: async ({}, use) => {
    const channel = await startChannel();
    await use(channel);
    await channel.close();
  },
});

const NOTICE = { ...POLICY, notice: "2h", notify: ["ops"] };
const deployment = (url: string) => ({
  ...QUIET,
  fc: { timers: ["idle-check"] },
  env: {
    KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url } }),
    ...DOMAIN,
    KILN_APPROVAL_SECRET: "a secret of the tests 0123456789",
  },
});

/** The links of the announcement, by instance. */
const keepLinks = ({ posted }: ChannelServer) => posted[0]?.body.links?.keep ?? {};

/** Opens the page behind a link, or clicks its button. */
const follow = (kiln: Deployment, link: string, decision?: string) =>
  answered(kiln, browse(kiln, link, decision));

test("a stop is announced to the channels, and made only when the instance is still idle afterwards", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url));
  const [idle = "", busy = ""] = await idleFleet(kiln, 2);
  const record = await check(kiln, NOTICE);
  expect(record.result).toMatchObject({ warn: 2, stopped: [], warned: [idle, busy] });
  expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(0);
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(channel.posted).toHaveLength(1);
  expect(channel.posted[0]?.body.title).toBe("web: 2 idle instances will be stopped");
  expect(Object.keys(keepLinks(channel))).toEqual([idle, busy]);
  // One of them gets work before the announced time.
  kiln.cloud.world.load(busy, () => ({ ...IDLE, cpuAverage: 50 }), {
    fromAt: kiln.cloud.time.now(),
  });
  await kiln.cloud.settle({ forMs: hours(1) + minutes(30) });
  expect(Object.values(statuses(kiln))).toEqual(["Running", "Running"]);
  expect(Object.keys(tagsOf(kiln, idle))).toContain("kiln:stop-at");
  expect(Object.keys(tagsOf(kiln, busy))).not.toContain("kiln:stop-at");
  await kiln.cloud.settle({ forMs: hours(1) + minutes(30) });
  expect(statuses(kiln)).toEqual({ [idle]: "Stopped", [busy]: "Running" });
  expect(channel.posted).toHaveLength(1);
});

test("the link keeps an instance when its button is clicked, not when its page is opened", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy(deployment(channel.url));
  const [kept = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln, NOTICE);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const links = keepLinks(channel);
  const link = links[kept] ?? "";
  const page = await follow(kiln, link);
  expect(page.status).toBe(200);
  expect(page.text).toContain(`Instance ${kept} of fleet web is idle and is stopped from 2026-01-0`);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(Object.keys(tagsOf(kiln, kept))).not.toContain("kiln:keep");
  expect(await follow(kiln, link, "stop")).toMatchObject({ status: 400 });
  for (const click of [1, 2]) {
    const { status, text } = await follow(kiln, link, "keep");
    expect([status, text], `click ${click}`).toEqual([202, expect.stringContaining("is to be kept until")]);
  }
  await kiln.cloud.settle({ forMs: minutes(1) });
  const until = Date.parse(tagsOf(kiln, kept)["kiln:keep"] ?? "");
  expect(until - kiln.cloud.time.now()).toBeGreaterThan(hours(25));
  expect(kiln.records("keep")).toMatchObject([{ state: "done", by: "link", result: { instance: kept } }]);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(statuses(kiln)).toEqual({ [kept]: "Running", [other]: "Stopped" });
  const late = await follow(kiln, links[other] ?? "", "keep");
  expect(late).toMatchObject({ status: 410 });
  // A day after the announced stop the check announces it again, and stops it two hours later.
  await kiln.cloud.settle({ forMs: hours(27) });
  expect(statuses(kiln)).toEqual({ [kept]: "Stopped", [other]: "Stopped" });
});

test("a link that was changed has no effect", async ({ deploy, channel, expect }) => {
  const kiln = await deploy(deployment(channel.url));
  const [one = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln, NOTICE);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const links = keepLinks(channel);
  const forged = (links[one] ?? "").replace(one, other);
  expect((await follow(kiln, forged, "keep")).status).toBe(404);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(Object.keys(tagsOf(kiln, other))).not.toContain("kiln:keep");
});
