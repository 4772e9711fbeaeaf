import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../deployment.ts";
import { answered, callsOf, tagsOf, test as base } from "./fleet.ts";
import { check, idleFleet, statuses } from "./idle-fleet.ts";
import { IDLE, POLICY, QUIET } from "./idle-world.ts";

const LINKS = "http://kiln.example";

/** A channel of a chat, and what it heard. */
const test = base.extend<{ channel: { readonly url: string; readonly heard: string[] } }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  channel: async ({}, use) => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        heard.push(Buffer.concat(chunks).toString());
        response.end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, heard });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
});

const NOTICE = { ...POLICY, notice: "2h", notify: ["ops"] };
const deployment = (url: string) => ({
  ...QUIET,
  env: {
    KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url } }),
    KILN_WEBHOOK_URL: LINKS,
    KILN_APPROVAL_SECRET: "a secret of the tests 0123456789",
  },
});

interface Heard {
  readonly title: string;
  readonly links: { readonly keep: Readonly<Record<string, string>> };
}

/** Opens the page behind a link, or presses its button. */
async function follow(kiln: Deployment, method: "GET" | "POST", link: string) {
  const url = kiln.cloud.urls.http["kiln-webhook"] ?? "";
  const call = fetch(url + link.slice(LINKS.length), { method }).then(async (answer) => ({
    status: answer.status,
    text: await answer.text(),
  }));
  return answered(kiln, kiln.cloud.time.hold(call));
}

test("a stop is announced, told to the channels, and done only when it is still idle afterwards", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy({ ...deployment(channel.url), fc: { timers: ["idle-check"] } });
  const [idle = "", busy = ""] = await idleFleet(kiln, 2);
  const record = await check(kiln, NOTICE);
  expect(record.result).toMatchObject({ warn: 2, stopped: [], warned: [idle, busy] });
  expect(callsOf(kiln, "StopInstances")).toHaveLength(0);
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(channel.heard).toHaveLength(1);
  const heard = JSON.parse(channel.heard[0] ?? "{}") as Heard;
  expect(heard.title).toBe("web: 2 idle instances are going to be stopped");
  expect(Object.keys(heard.links.keep)).toEqual([idle, busy]);
  // Somebody works on one of them before the time is up.
  kiln.cloud.world.load(busy, () => ({ ...IDLE, cpuAverage: 50 }), {
    fromAt: kiln.cloud.time.now(),
  });
  await kiln.cloud.settle({ forMs: hours(1) + minutes(30) });
  expect(Object.values(statuses(kiln))).toEqual(["Running", "Running"]);
  expect(Object.keys(tagsOf(kiln, idle))).toContain("kiln:stop-at");
  expect(Object.keys(tagsOf(kiln, busy))).not.toContain("kiln:stop-at");
  await kiln.cloud.settle({ forMs: hours(1) + minutes(30) });
  expect(statuses(kiln)).toEqual({ [idle]: "Stopped", [busy]: "Running" });
  expect(channel.heard).toHaveLength(1);
});

test("the link keeps an instance when it is pressed, not when it is looked at", async ({
  deploy,
  channel,
  expect,
}) => {
  const kiln = await deploy({ ...deployment(channel.url), fc: { timers: ["idle-check"] } });
  const [kept = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln, NOTICE);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const { links } = JSON.parse(channel.heard[0] ?? "{}") as Heard;
  const link = links.keep[kept] ?? "";
  const page = await follow(kiln, "GET", link);
  expect(page.status).toBe(200);
  expect(page.text).toContain(`${kept} of fleet web is idle and going to be stopped.`);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(Object.keys(tagsOf(kiln, kept))).not.toContain("kiln:keep");
  for (const press of [1, 2]) expect((await follow(kiln, "POST", link)).status, `press ${press}`).toBe(200);
  await kiln.cloud.settle({ forMs: minutes(1) });
  const until = Date.parse(tagsOf(kiln, kept)["kiln:keep"] ?? "");
  expect(until - kiln.cloud.time.now()).toBeGreaterThan(hours(25));
  expect(kiln.records("keep")).toMatchObject([{ state: "done", by: "link", result: { instance: kept } }]);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(statuses(kiln)).toEqual({ [kept]: "Running", [other]: "Stopped" });
  const late = await follow(kiln, "POST", links.keep[other] ?? "");
  expect(late).toMatchObject({ status: 410 });
});

test("a link that was changed opens nothing", async ({ deploy, channel, expect }) => {
  const kiln = await deploy({ ...deployment(channel.url), fc: { timers: ["idle-check"] } });
  const [one = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln, NOTICE);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const { links } = JSON.parse(channel.heard[0] ?? "{}") as Heard;
  const forged = (links.keep[one] ?? "").replace(one, other);
  expect((await follow(kiln, "POST", forged)).status).toBe(404);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(Object.keys(tagsOf(kiln, other))).not.toContain("kiln:keep");
});
