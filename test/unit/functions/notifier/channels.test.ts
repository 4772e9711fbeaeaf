import { test } from "vitest";
import { contentOf, type Announcement } from "../../../../functions/notifier/channels/content.ts";
import type { Compose } from "../../../../functions/notifier/channels/format.ts";
import { ChannelKind, FORMATS } from "../../../../functions/notifier/channels/formats.ts";
import { readChannels, readLinkSettings } from "../../../../functions/notifier/config.ts";
import { postTo, retryMs } from "../../../../functions/notifier/deliver.ts";
import { repliesTo } from "../../../../functions/notifier/replies.ts";
import { startChannel } from "../../../support/channel.ts";
import { days, hours } from "../../../../shared/duration.ts";
import type { Notification } from "../../../../shared/notifications/notification.ts";

const AT = 1_767_600_000_000;
const FAILED: Notification = {
  kind: "failed",
  run: "promote-web-20260105-0123456789ab",
  subject: "web",
  by: "webhook:ci",
  at: AT,
  family: "web",
  imageId: "m-1",
  reason: "a <b> & c",
};
const LOG = "oss://kiln/runs/2026-01-05/promote-web-20260105-0123456789ab.jsonl";
const URL_WITH_TOKEN = "https://chat.example.com/hook?token=t";
/** How a notification is worded, in English unless `more` says otherwise. */
const composing =
  (notification: Notification, more: Partial<Announcement> = {}): Compose =>
  (room) =>
    contentOf(
      {
        notification,
        replies: more.replies ?? repliesTo(notification, settingsOf("")),
        log: LOG,
        language: "en",
        stage: "",
        ...more,
      },
      room,
    );
const messageOf = (kind: keyof typeof FORMATS, secret?: string) =>
  FORMATS[kind].message({ url: URL_WITH_TOKEN, secret }, composing(FAILED), AT);
const bodyOf = (...given: Parameters<typeof messageOf>): Readonly<Record<string, unknown>> => ({
  ...JSON.parse(messageOf(...given).body),
});

test("waits between attempts grow up to an hour, the longest delay of an event, and end after about a day", ({
  expect,
}) => {
  const waits: number[] = [];
  for (let wait = retryMs(1); wait !== undefined; wait = retryMs(waits.length + 1)) waits.push(wait);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits.at(-1)).toBe(hours(1));
  const wholeMs = waits.reduce((sum, ms) => sum + ms, 0);
  expect(wholeMs).toBeGreaterThan(hours(20));
  expect(wholeMs).toBeLessThan(days(2));
});

test("DingTalk is signed in the URL, over milliseconds and secret with the secret as key", ({ expect }) => {
  const { url, body } = messageOf("dingtalk", "SECabc");
  const signed = new URL(url).searchParams;
  expect(signed.get("timestamp")).toBe(String(AT));
  expect(signed.get("sign")).toBe("PP0WZlYCDq0Qe8L5mMbc3X35bBZf24Nr++/e6aILPPQ=");
  expect(signed.get("token")).toBe("t");
  expect(JSON.parse(body)).toMatchObject({
    msgtype: "markdown",
    markdown: { title: "web: promotion failed" },
  });
});

test("Feishu is signed in the body, with seconds and secret as the key of an empty message", ({ expect }) => {
  expect(bodyOf("feishu", "SECabc")).toMatchObject({
    timestamp: "1767600000",
    sign: "sEScoYFKtNNYXJTdRky/RWSyIgfHIyrVI95c5uuG3ow=",
    msg_type: "post",
  });
  expect(bodyOf("feishu")).not.toHaveProperty("sign");
});

test("a failure names the command that says why, and the log, in every kind of channel", ({ expect }) => {
  for (const kind of ["dingtalk", "feishu", "wecom", "slack", "json"] as const) {
    const { body } = messageOf(kind);
    expect(body, kind).toContain(LOG);
    expect(body, kind).toContain(`npm run kiln -- why ${FAILED.run}`);
  }
});

test("the three characters that Slack reads as markup are escaped", ({ expect }) => {
  expect(bodyOf("slack")["text"]).toContain("a &lt;b&gt; &amp; c");
});

test("plain JSON carries the whole notification, and with a secret a signature over its bytes", ({
  expect,
}) => {
  expect(bodyOf("json")).toMatchObject({ v: 1, ...FAILED });
  expect(messageOf("json", "s").headers).toMatchObject({
    "x-kiln-timestamp": "1767600000",
    "x-kiln-signature": expect.stringMatching(/^v1=[0-9a-f]{64}$/),
  });
});

for (const [kind, body, permanent] of [
  ["dingtalk", '{"errcode":310000,"errmsg":"sign not match"}', true],
  ["dingtalk", '{"errcode":300001,"errmsg":"token is not exist"}', true],
  ["dingtalk", '{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}', false],
  ["dingtalk", '{"errcode":410100,"errmsg":"发送速度太快而限流"}', false],
  ["dingtalk", '{"errcode":-1,"errmsg":"系统繁忙"}', false],
  ["dingtalk", '{"errcode":"310000","errmsg":"keywords not in content"}', true],
  ["dingtalk", '{"errcode":460101,"errmsg":"message too long"}', true],
  ["dingtalk", "<html>", false],
  [
    "feishu",
    '{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}',
    true,
  ],
  ["feishu", '{"code":11232,"msg":"frequency limited"}', false],
  ["feishu", '{"code":9499,"msg":"Bad Request","data":{}}', true],
  ["feishu", '{"code":9499,"msg":"too many request","data":{}}', false],
  ["feishu", '{"code":19024,"msg":"Key Words Not Found"}', true],
  ["wecom", '{"errcode":93000,"errmsg":"invalid webhook url"}', true],
  ["wecom", '{"errcode":40008,"errmsg":"invalid message type"}', true],
  ["wecom", '{"errcode":45009,"errmsg":"api freq out of limit"}', false],
  ["wecom", '{"errcode":40001,"errmsg":"invalid credential"}', true],
  ["wecom", '{"errcode":60020,"errmsg":"not allow to access from your ip"}', true],
  ["slack", '{"ok":false,"error":"invalid_payload"}', true],
  ["slack", "invalid_payload", true],
  ["slack", "no_service", true],
  ["slack", '{"ok":false,"error":"ratelimited"}', false],
  ["slack", '{"success":false,"error":"server error"}', false],
  // Chats that get messages in the form of another.
  ["json", '{"errcode":40008,"errmsg":"invalid message type"}', true],
  ["json", '{"errcode":93000,"errmsg":"invalid webhook url"}', true],
  ["json", '{"errcode":400101,"errmsg":"access_token is missing"}', true],
  ["json", '{"errcode":310000,"errmsg":"sign not match"}', true],
  ["json", '{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}', true],
  ["json", '{"code":19002,"msg":"params error, msg_type need"}', true],
  ["json", '{"ok":false,"error":"invalid_payload"}', true],
  ["json", '{"errcode":45009,"errmsg":"api freq out of limit"}', false],
  ["json", '{"errcode":130101,"errmsg":"send too fast"}', false],
  ["json", '{"code":11232,"msg":"frequency limited"}', false],
  ["json", '{"ok":false,"error":"ratelimited"}', false],
  ["json", '{"code":500}', false],
  ["json", '{"result":"error"}', false],
  ["json", '{"err":"no such room"}', false],
  ["json", '{"ret":-1}', false],
  ["json", '{"retcode":100}', false],
  ["json", '{"status":500}', false],
  ["json", '{"ok":"no"}', false],
  ["json", '{"data":{"errcode":45009}}', false],
  ["json", '{"BaseResp":{"StatusCode":1}}', false],
  ["json", '[{"ok":true},{"ok":false}]', false],
  ["json", "fail", false],
  ["json", '"error"', false],
  ["json", "<!DOCTYPE html><html><body>Sign in</body></html>", false],
  ["json", '{"ok":false}', false],
  ["json", '{"success":false,"code":200}', false],
  ["json", '{"error":"no such room"}', false],
  ["json", '{"error":{"code":7}}', false],
  ["json", '{"code":"40008"}', false],
  ["json", '{"errcode":"InvalidToken"}', false],
  ["json", '{"StatusCode":19021,"StatusMessage":"sign match fail"}', true],
  ["json", '{"statusCode":400,"body":"x"}', false],
  ["json", '{"error_code":1}', false],
  ["json", '{"success":"false"}', false],
  ["json", '{"Success":"False"}', false],
  ["json", '{"ok":0}', false],
  ["json", '{"errors":["no such room"]}', false],
  ["json", '{"status":"error","message":"no such room"}', false],
  ["json", '{"status":"Failed"}', false],
  ["json", "invalid_payload", true],
  ["json", '"invalid_payload"', true],
  ["json", '{"errorMessage":"no such room"}', false],
  ["json", '{"isSuccess":false}', false],
  ["json", '{"succeeded":false}', false],
  ["json", '{"resultCode":"500"}', false],
  ["json", '{"return_code":"FAIL"}', false],
  ["json", '{"fault":{"faultstring":"Invalid access token"}}', false],
  ["json", '{"exception":"no such room"}', false],
  ["json", '{"data":{"success":false,"code":7}}', false],
  ["json", '{"response":{"code":500}}', false],
  [
    "json",
    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x",
    false,
  ],
  ["json", "channel_not_found\n", true],
  ["dingtalk", "{}", false],
  ["dingtalk", "[]", false],
  ["dingtalk", '{"errcode":null}', false],
  ["wecom", '{"errmsg":"ok"}', false],
  ["feishu", "{}", false],
  ["feishu", '{"StatusCode":19021,"code":0}', true],
  ["feishu", '{"StatusCode":0,"code":19024}', true],
  ["slack", "<html>maintenance</html>", false],
  ["slack", "rate_limited", false],
  ["slack", "", false],
  ["slack", '{"error":"invalid_blocks"}', true],
  ["slack", '{"ok":false,"error":"invalid_auth"}', true],
] as const) {
  test(`${kind} refuses with ${body}, ${permanent ? "permanently" : "for now"}`, ({ expect }) => {
    expect(FORMATS[kind].refusal(body)).toEqual({
      problem: expect.stringContaining(body.trim()),
      permanent,
    });
  });
}

for (const [kind, body] of [
  ["dingtalk", '{"errcode":0,"errmsg":"ok"}'],
  ["feishu", '{"StatusCode":0}'],
  ["feishu", '{"code":0,"data":{}}'],
  ["wecom", '{"errcode":0,"errmsg":"ok"}'],
  ["slack", "ok"],
  ["json", ""],
  ["json", '{"code":200,"message":"stored"}'],
  ["json", '["ok"]'],
  ["json", "stored"],
  ["json", '{"ok":true,"error":null}'],
  ["json", '{"code":"OK"}'],
  ["json", '{"errcode":"0"}'],
  ["json", '{"StatusCode":0,"StatusMessage":"success"}'],
  ["json", '{"status":"ok","errors":[],"error":{}}'],
  ["json", '{"status":200,"success":"true"}'],
  ["json", '{"result":{"id":7},"err":null,"ret":0,"retcode":"0","data":{"code":200}}'],
  ["json", '["accepted"]'],
  ["json", '{"data":{"code":"ABC123"}}'],
  ["json", '{"data":{"id":"x","status":"open","code":7}}'],
  ["json", '{"error":{"code":0,"message":"ok"}}'],
  ["json", '{"isSuccess":true,"errorMessage":null,"resultCode":"0000","return_code":"SUCCESS","fault":{}}'],
  ["json", "received, no errors"],
  ["json", '{"__proto__":{"ok":false},"constructor":false}'],
  ["slack", '{"ok":true}'],
  ["slack", '{"success":true}'],
  ["slack", "ok\n"],
  ["feishu", '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}'],
] as const)
  test(`${kind} accepts with ${body || "an empty answer"}`, ({ expect }) => {
    expect(FORMATS[kind].refusal(body)).toBeUndefined();
  });

test("a 4xx status is permanent, except a timeout and too many requests, in every kind of channel", async ({
  expect,
}) => {
  const channel = await startChannel((path) => ({ status: Number(path.split("/").at(-1)), text: "no" }));
  for (const kind of ChannelKind.options)
    for (const [status, permanent] of [
      ...[400, 401, 403, 404, 405, 410, 413, 422].map((one) => [one, true] as const),
      ...[408, 429, 500, 502, 503].map((one) => [one, false] as const),
    ]) {
      const refused = await postTo({ kind, url: `${channel.url}/${status}` }, composing(FAILED), AT);
      expect(refused, `${kind} ${status}`).toEqual({ problem: `status ${status}: no`, permanent });
    }
  await channel.close();
});

test("a redirect is not followed, and is permanent in every kind of channel", async ({ expect }) => {
  const channel = await startChannel((path) => ({
    status: Number(path.split("/").at(-1)),
    text: "",
    headers: { location: "/elsewhere" },
  }));
  for (const kind of ChannelKind.options)
    for (const status of [301, 302, 303, 307, 308])
      expect(
        await postTo({ kind, url: `${channel.url}/${status}` }, composing(FAILED), AT),
        `${kind} ${status}`,
      ).toEqual({
        problem: expect.stringMatching(/^status 30\d, a redirect.*KILN_CHANNELS$/),
        permanent: true,
      });
  expect(channel.posted).toEqual([]);
  await channel.close();
});

test("the answer of a chat says whether a refusal is permanent, whatever its status", async ({ expect }) => {
  const rows: readonly [keyof typeof FORMATS, number, string, boolean][] = [
    ["feishu", 400, '{"code":9499,"msg":"too many request","data":{}}', false],
    ["feishu", 400, '{"code":11232,"msg":"frequency limited psm[x]appID[1500]"}', false],
    ["feishu", 400, '{"code":9499,"msg":"Bad Request","data":{}}', true],
    ["feishu", 400, '{"msg":"x"}', true],
    ["feishu", 500, '{"code":19021,"msg":"sign match fail"}', true],
    ["dingtalk", 403, '{"errcode":130101,"errmsg":"send too fast"}', false],
    ["dingtalk", 502, '{"errcode":310000,"errmsg":"sign not match"}', true],
    ["dingtalk", 502, '{"errcode":0,"errmsg":"ok"}', false],
    ["wecom", 400, '{"errcode":45009,"errmsg":"api freq out of limit"}', false],
    ["slack", 500, "no_service", true],
    ["slack", 410, "something_new", true],
    ["json", 500, '{"code":19021,"msg":"sign match fail"}', true],
    ["json", 400, '{"error":"no such room"}', true],
  ];
  const channel = await startChannel((path) => {
    const [, status = 0, text = ""] = rows[Number(path.slice(1))] ?? [];
    return { status, text };
  });
  for (const [index, [kind, status, text, permanent]] of rows.entries()) {
    const refused = await postTo({ kind, url: `${channel.url}/${index}` }, composing(FAILED), AT);
    expect(refused).toEqual({ problem: `status ${status}: ${text}`, permanent });
  }
  await channel.close();
});

test("a message for WeCom ends where its limit is, between two characters", ({ expect }) => {
  const long = composing({ ...FAILED, reason: "构建失败".repeat(1000) });
  const { body } = FORMATS.wecom.message({ url: URL_WITH_TOKEN }, long, AT);
  const { markdown }: { readonly markdown: { readonly content: string } } = JSON.parse(body);
  expect(Buffer.byteLength(markdown.content)).toBeLessThanOrEqual(4096);
  expect(markdown.content).toMatch(/[构建失败]…\nrun promote-web-/);
  expect(messageOf("wecom").body).toContain(`npm run kiln -- why ${FAILED.run}`);
});

const SECRET = "a secret of the tests 0123456789";
const CUSTOM = "https://kiln.example.com";
/** Addresses that show no pages. */
const GIVEN = [
  "https://kiln-webhook-abcdefgh.cn-hangzhou.fcapp.run",
  "https://1234567890123456.cn-hangzhou.fc.aliyuncs.com",
  "https://webhook.kiln.1234567890123456.cn-hangzhou.fc.devsapp.net",
  "http://127.0.0.1:9102",
];
const settingsOf = (url: string, secret = SECRET) =>
  readLinkSettings({ KILN_WEBHOOK_URL: url, KILN_APPROVAL_SECRET: secret });
const expiresAt = AT + hours(1);
const APPROVAL: Notification = { ...FAILED, kind: "approval", expiresAt };
const STOPPING: Notification = { ...FAILED, kind: "stopping", expiresAt, instances: ["i-1", "i-2"] };
const ASKS = [APPROVAL, STOPPING];

/** The messages that a channel of each kind posts. */
const postsOf = (notification: Notification, url: string) => {
  const compose = composing(notification, { replies: repliesTo(notification, settingsOf(url)) });
  return Object.entries(FORMATS).map(
    ([kind, format]) => [kind, format.message({ url: URL_WITH_TOKEN }, compose, AT).body] as const,
  );
};

test("every kind of channel shows the links of an approval and of instances at a custom domain", ({
  expect,
}) => {
  for (const notification of ASKS) {
    const { links, commands } = repliesTo(notification, settingsOf(CUSTOM));
    expect(Object.keys(commands)).toEqual(["logs"]);
    for (const link of [links.approve, ...Object.values(links.keep ?? {})].filter(Boolean)) {
      for (const [kind, body] of postsOf(notification, CUSTOM)) expect(body, kind).toContain(link);
    }
  }
});

test("at an address without pages every kind of channel shows whole commands, and no link to follow", ({
  expect,
}) => {
  for (const url of GIVEN) {
    for (const notification of ASKS) {
      const { links, commands } = repliesTo(notification, settingsOf(url));
      expect([links.approve, links.keep]).toEqual([undefined, undefined]);
      const lines = [commands.approve, commands.reject, ...Object.values(commands.keep ?? {})].filter(
        Boolean,
      );
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        expect(line).toMatch(/^curl -sS -X POST https?:\/\/[\w.:/-]+ -d decision=(approve|reject|keep)$/);
        for (const [kind, body] of postsOf(notification, url)) {
          expect(body, kind).toContain(line);
          // Neither markup of a link nor a backtick, which a shell would read, touches the command.
          expect(body, kind).not.toMatch(/\]\(https?:|<https?:|[^`]`curl/);
        }
      }
    }
  }
});

test("commands for the first five instances fit into a message of a chat, and the others are kept by their tag", ({
  expect,
}) => {
  const instances = Array.from({ length: 30 }, (_, n) => `i-2van8s7ksn9mmo30wu${String(n).padStart(2, "0")}`);
  const notification: Notification = { ...FAILED, kind: "stopping", expiresAt, instances };
  for (const url of [CUSTOM, ...GIVEN]) {
    for (const [kind, body] of postsOf(notification, url)) {
      if (kind !== "json") expect(body, kind).toContain("idle.optOutTag");
    }
  }
  const { commands } = repliesTo(notification, settingsOf(GIVEN[0] ?? ""));
  expect(Object.keys(commands.keep ?? {})).toEqual(instances.slice(0, 5));
});

test("a message of every kind of channel says where the log of a failed run is, and links to nothing", ({
  expect,
}) => {
  for (const url of [CUSTOM, ...GIVEN]) {
    for (const [kind, body] of postsOf(FAILED, url)) {
      expect(body, kind).toContain(LOG);
      expect(body, kind).not.toContain(url);
    }
  }
});

test("an approval without settings, or with an address that is not safe, is a mistake of the deployment; an announcement is not", ({
  expect,
}) => {
  const unusable = ["", "kiln.example.com", "http://kiln.example.com", `${CUSTOM}/path`, `${CUSTOM}?a=b`];
  for (const settings of [...unusable.map((url) => settingsOf(url)), settingsOf(CUSTOM, "")]) {
    expect(() => repliesTo(APPROVAL, settings)).toThrow(/KILN_APPROVAL_SECRET.*KILN_WEBHOOK_URL/);
    const { links, commands } = repliesTo(STOPPING, settings);
    expect([links.keep, commands.keep]).toEqual([undefined, undefined]);
  }
  expect(repliesTo(APPROVAL, settingsOf(`${CUSTOM}/`)).links.approve).toMatch(
    /^https:\/\/kiln\.example\.com\/approvals\//,
  );
});

test("broken channels are reported by their place, never by their value", ({ expect }) => {
  const read = (KILN_CHANNELS: string) => () => readChannels({ KILN_CHANNELS });
  expect(read("{")).toThrow("KILN_CHANNELS is not JSON; see README, “Channels”");
  expect(read('{"ops":{"kind":"json","url":"http://chat.example.com/hook"}}')).toThrow(
    "KILN_CHANNELS is malformed: ops.url: must begin with https://; see README, “Channels”",
  );
  for (const url of [
    "https://user:pass-1234@chat.example.com/hook",
    "https://user-1234@chat.example.com/hook",
  ]) {
    const one = read(JSON.stringify({ ops: { kind: "json", url } }));
    expect(one).toThrow(
      /^KILN_CHANNELS is malformed: ops\.url: must hold no user name and no password.*Channels”$/,
    );
    expect(one).not.toThrow(/1234/);
  }
  expect(read('{"ops":{"kind":"json","url":"https://"}}')).toThrow("ops.url: must be a URL;");
  expect(readChannels({})).toEqual({});
});
