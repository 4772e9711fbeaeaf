import { request } from "node:http";
import { createRequire } from "node:module";
import { test } from "vitest";
import type { Cloud, Policy } from "../cloud/index.ts";
import { aliOss } from "../contract/clients.ts";
import { withCloud } from "../contract/fixture.ts";
import { known } from "../support/known.ts";

const require = createRequire(import.meta.url);
const ECHO = "exports.handler = async (event) => event.toString();";
const payloads = (cloud: Cloud): unknown[] =>
  cloud.fc.invocations.map(({ payload }) => JSON.parse(payload) as unknown);

const OSS_TRIGGER = `triggers:
  - triggerName: inbox
    triggerType: oss
    sourceArn: acs:oss:cn-hangzhou:1234567890123456:box
    invocationRole: acs:ram::1234567890123456:role/notifier
    triggerConfig:
      events: ['oss:ObjectCreated:PutObject', 'oss:ObjectCreated:CompleteMultipartUpload']
      filter: { key: { prefix: in/, suffix: .json } }`;

const createdEvent = (responseElements: object) => ({
  eventName: "ObjectCreated:PutObject",
  eventSource: "acs:oss",
  eventTime: "2026-01-05T08:00:00.000Z",
  eventVersion: "1.0",
  oss: {
    bucket: {
      arn: "acs:oss:cn-hangzhou:1234567890123456:box",
      name: "box",
      ownerIdentity: "1234567890123456",
      virtualBucket: "",
    },
    object: { deltaSize: 2, eTag: "99914B932BD37A50B983C5E7C90AE93B", key: "in/ä b.json", size: 2 },
    ossSchemaVersion: "1.0",
    ruleId: "inbox",
  },
  region: "cn-hangzhou",
  requestParameters: { sourceIPAddress: "127.0.0.1" },
  responseElements,
  userIdentity: { principalId: "1234567890123456" },
});

test("an object under the trigger's prefix and suffix starts the function with the documented event", async ({
  expect,
}) => {
  await withCloud({ code: { reads: ECHO }, props: { reads: OSS_TRIGGER } }, {}, async (cloud) => {
    cloud.oss.createBucket("box");
    cloud.oss.createBucket("other");
    const client = aliOss(cloud, "box");
    await client.put("in/ä b.json", Buffer.from("{}"));
    for (const key of ["out/b.json", "in/b.txt"]) await client.put(key, Buffer.from("{}"));
    await aliOss(cloud, "other").put("in/b.json", Buffer.from("{}"));
    await client.copy("in/c.json", "in/ä b.json");
    await client.delete("in/ä b.json");
    await cloud.settle();
    expect(payloads(cloud)).toEqual([
      {
        events: [createdEvent({ requestId: expect.stringMatching(/^[0-9A-F]{24}$/) })],
      },
    ]);
  });
});

test("an append starts a trigger on AppendObject, and none on PutObject", async ({ expect }) => {
  const appends = OSS_TRIGGER.replace(/events: .*/, "events: ['oss:ObjectCreated:AppendObject']");
  const props = { puts: OSS_TRIGGER, appends };
  await withCloud({ code: { puts: ECHO, appends: ECHO }, props }, {}, async (cloud) => {
    cloud.oss.createBucket("box");
    await aliOss(cloud, "box").append("in/log.json", Buffer.from("{}"));
    await cloud.settle();
    expect(cloud.fc.invocations.map((run) => run.function)).toEqual(["appends"]);
  });
});

test("a trigger whose role may not invoke the function delivers nothing, and that is on record", async ({
  expect,
}) => {
  const fixture = { code: { reads: ECHO }, props: { reads: OSS_TRIGGER } };
  const statement = {
    Effect: "Allow",
    Action: "fc:InvokeFunction",
    Resource: "acs:fc:*:*:functions/*",
  } as const;
  const policies: [Policy["Statement"], number][] = [
    [[], 0],
    [[statement], 1],
  ];
  for (const [Statement, runs] of policies) {
    await withCloud(fixture, { roles: { Notifier: { Version: "1", Statement } } }, async (cloud) => {
      cloud.oss.createBucket("box");
      cloud.oss.put("box", "in/a.json", "{}");
      await cloud.settle();
      expect([cloud.fc.invocations.length, cloud.fc.refusals.length]).toEqual([runs, 1 - runs]);
    });
  }
});

const timer = (cron: string, enable = true): string => `triggers:
  - triggerName: tick
    triggerType: timer
    triggerConfig: { cronExpression: '${cron}', enable: ${enable}, payload: '{"kind":"janitor"}' }`;

test("a timer fires in its own zone, on the day the clocks change as well", async ({ expect }) => {
  const day = 86_400_000;
  // New York leaves standard time on 8 March 2026 at 02:00.
  const props = { ticks: timer("CRON_TZ=America/New_York 0 30 9 * * *") };
  await withCloud({ code: { ticks: ECHO }, props }, { at: Date.UTC(2026, 2, 7) }, async (cloud) => {
    await cloud.settle({ forMs: 3 * day });
    expect(payloads(cloud)).toEqual(
      ["2026-03-07T14:30:00Z", "2026-03-08T13:30:00Z", "2026-03-09T13:30:00Z"].map((triggerTime) => ({
        triggerTime,
        triggerName: "tick",
        payload: '{"kind":"janitor"}',
      })),
    );
  });
});

test("a firing happens twice while a test says so, a second apart and each with its own time, and is left out when a test says so", async ({
  expect,
}) => {
  const other = timer("@every 5m").replaceAll("tick", "tock");
  let skips = 0;
  const skipTimer = (name: string): boolean => name.startsWith("tick") && skips-- > 0;
  const fixture = { code: { ticks: ECHO, tocks: ECHO }, props: { ticks: timer("@every 5m"), tocks: other } };
  await withCloud(fixture, { fc: { skipTimer } }, async (cloud) => {
    const minutes = (n: number) => cloud.settle({ forMs: n * 60_000 });
    await minutes(6);
    const stop = cloud.fc.fireTimerTwice("tick");
    await minutes(5);
    stop();
    skips = 1;
    await minutes(10);
    const fired = payloads(cloud).map((event) => {
      const { triggerName, triggerTime } = known<{ triggerName: string; triggerTime: string }>(event);
      return `${triggerName} ${triggerTime}`;
    });
    expect(fired).toEqual([
      "tick 2026-01-05T08:05:00Z",
      "tock 2026-01-05T08:05:00Z",
      "tick 2026-01-05T08:10:00Z",
      "tock 2026-01-05T08:10:00Z",
      "tick 2026-01-05T08:10:01Z",
      "tock 2026-01-05T08:15:00Z",
      "tick 2026-01-05T08:20:00Z",
      "tock 2026-01-05T08:20:00Z",
    ]);
  });
});

test("an interval fires every so many minutes, a disabled timer never, and neither keeps the world busy", async ({
  expect,
}) => {
  const props = { ticks: timer("@every 5m"), sleeps: timer("0 * * * * *", false) };
  await withCloud({ code: { ticks: ECHO, sleeps: ECHO }, props }, {}, async (cloud) => {
    await cloud.settle();
    expect(cloud.fc.invocations).toEqual([]);
    await cloud.settle({ forMs: 16 * 60_000 });
    expect(cloud.fc.invocations.map((run) => run.function)).toEqual(["ticks", "ticks", "ticks"]);
  });
});

const http = (authType: string, more = ""): string => `triggers:
  - triggerName: web
    triggerType: http
    triggerConfig: { authType: ${authType}, methods: [GET, POST]${more} }`;

test("an HTTP request arrives as the documented event, its body in base64 unless it is text", async ({
  expect,
}) => {
  const code = { web: "exports.handler = async (event) => ({ statusCode: 200, body: event.toString() });" };
  await withCloud({ code, props: { web: http("anonymous") } }, {}, async (cloud) => {
    const url = cloud.urls.http["web"] ?? "";
    const send = async (type: string, body: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> => {
      const headers = { "content-type": type, "x-my-header": "1" };
      const answer = await fetch(`${url}/a%20b?x=1&x=2&y=`, { method: "POST", headers, body });
      return known<Record<string, unknown>>(await answer.json());
    };
    expect(await send("application/json", new TextEncoder().encode('{"a":"ü"}'))).toMatchObject({
      version: "v1",
      rawPath: "/a%20b",
      queryParameters: { x: "1,2", y: "" },
      headers: { "Content-Type": "application/json", "X-My-Header": "1" },
      body: '{"a":"ü"}',
      isBase64Encoded: false,
      requestContext: {
        accountId: cloud.accountId,
        time: "2026-01-05T08:00:00Z",
        timeEpoch: "1767600000000",
        http: { method: "POST", path: "/a b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
      },
    });
    const binary = new Uint8Array([0, 255, 128, 10]);
    const seen = await send("application/octet-stream", binary);
    expect(seen["isBase64Encoded"]).toBe(true);
    expect(Buffer.from(String(seen["body"]), "base64")).toEqual(Buffer.from(binary));
  });
});

test("a handler's answer becomes the response, with status, headers and bytes", async ({ expect }) => {
  const code = {
    web: `exports.handler = async (event) => {
      const { rawPath } = JSON.parse(event);
      if (rawPath === "/full") return { statusCode: 418, headers: { "X-Run": "r-1", "Content-Type": "text/plain" }, body: "tea" };
      if (rawPath === "/bytes") return { statusCode: 200, isBase64Encoded: true, body: Buffer.from([1, 2]).toString("base64") };
      if (rawPath === "/bare") return { a: 1 };
      throw new Error("no");
    };`,
  };
  await withCloud({ code, props: { web: http("anonymous") } }, {}, async (cloud) => {
    const url = cloud.urls.http["web"] ?? "";
    const full = await fetch(`${url}/full`);
    expect([
      full.status,
      full.headers.get("x-run"),
      full.headers.get("content-type"),
      await full.text(),
    ]).toEqual([418, "r-1", "text/plain", "tea"]);
    expect(await (await fetch(`${url}/bytes`)).arrayBuffer()).toEqual(new Uint8Array([1, 2]).buffer);
    const bare = await fetch(`${url}/bare`);
    expect([bare.status, await bare.json()]).toEqual([200, { a: 1 }]);
    const failed = await fetch(`${url}/throws`);
    expect([failed.status, failed.headers.get("x-fc-error-type")]).toEqual([502, "UnhandledInvocationError"]);
    const later = await fetch(`${url}/full`, { headers: { "x-fc-invocation-type": "Async" } });
    expect(later.status).toBe(202);
    await cloud.settle();
    expect(cloud.fc.events[0]).toMatchObject({ source: "http", status: "Succeeded" });
  });
});

test("a page of the trigger's own address is a download, one of a custom domain is shown, and other domains are not known", async ({
  expect,
}) => {
  const page = `exports.handler = async (event) => ({ statusCode: 200, headers: { "content-type": "text/html" },
    body: JSON.parse(event).requestContext.domainName });`;
  const domain =
    "{ domainName: pages.example.com, protocol: HTTPS, certConfig: { certId: 1 }, route: { path: /* } }";
  const props = { web: `${http("anonymous")}\ncustomDomain: ${domain}` };
  await withCloud({ code: { web: page }, props }, {}, async (cloud) => {
    const get = (host?: string) =>
      new Promise<unknown[]>((resolve, reject) => {
        const sent = request(cloud.urls.http["web"] ?? "", { headers: host === undefined ? {} : { host } });
        sent.on("error", reject).on("response", (answer) => {
          const { statusCode, headers } = answer;
          answer.on("data", (text: Buffer) =>
            resolve([statusCode, headers["content-disposition"], text.toString()]),
          );
        });
        sent.end();
      });
    const own = "web-local.cn-hangzhou.fcapp.run";
    expect(await get()).toEqual([200, "attachment", own]);
    expect(await get(own)).toEqual([200, "attachment", own]);
    expect(await get("pages.example.com")).toEqual([200, undefined, "pages.example.com"]);
    expect(await get("other.example.com")).toEqual([
      404,
      undefined,
      expect.stringContaining("DomainNameNotFound"),
    ]);
  });
});

interface Signer {
  getAuthorization(request: object, algorithm: string, hash: string, id: string, secret: string): string;
}

test("a trigger of type function accepts only signed calls, and a closed URL refuses all", async ({
  expect,
}) => {
  const code = { web: ECHO, shut: ECHO };
  const props = { web: http("function"), shut: http("anonymous", ", disableURLInternet: true") };
  await withCloud({ code, props }, {}, async (cloud) => {
    const url = new URL(cloud.urls.http["web"] ?? "");
    const { OpenApiUtil } = known<{ OpenApiUtil: Signer }>(require("@alicloud/openapi-core"));
    const hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const headers: Record<string, string> = {
      host: url.host,
      "x-acs-date": `${new Date().toISOString().slice(0, 19)}Z`,
      "x-acs-signature-nonce": "n-1",
      "x-acs-content-sha256": hash,
    };
    const parts = { method: "GET", pathname: "/", query: {}, headers };
    const { id, secret } = cloud.accessKey;
    const authorization = OpenApiUtil.getAuthorization(parts, "ACS3-HMAC-SHA256", hash, id, secret);
    expect((await fetch(url, { headers: { ...headers, authorization } })).status).toBe(200);
    expect((await fetch(url)).status).toBe(400);
    const forged = OpenApiUtil.getAuthorization(parts, "ACS3-HMAC-SHA256", hash, id, "wrong");
    expect((await fetch(url, { headers: { ...headers, authorization: forged } })).status).toBe(403);
    expect((await fetch(cloud.urls.http["shut"] ?? "")).status).toBe(403);
  });
});
