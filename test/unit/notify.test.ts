import { test } from "vitest";
import { days, hours } from "../../shared/duration.ts";
import type { Notice } from "../../shared/events/notify.ts";
import { messageFor, noticeSend, noticeSends, refusalIn, retryMs } from "../../shared/notify.ts";

const AT = 1_767_600_000_000;
const NOTICE: Notice = {
  kind: "failed",
  run: "promote-web-20260105-0123456789ab",
  subject: "web",
  by: "webhook:ci",
  at: AT,
  family: "web",
  imageId: "m-1",
  reason: "a <b> & c",
};
const channel = (kind: "dingtalk" | "feishu" | "slack" | "json", secret?: string) => ({
  kind,
  url: "https://chat.example.com/hook?token=t",
  secret,
});
const bodyOf = (kind: Parameters<typeof channel>[0], secret?: string) =>
  JSON.parse(messageFor(channel(kind, secret), NOTICE, {}, AT).body) as Record<string, unknown>;

test("each channel gets one event, and only of the kinds it asked for; a question goes to all", ({
  expect,
}) => {
  const subscriptions = [
    { channel: "ops", events: ["failed", "promoted"] as const },
    { channel: "team", events: ["promoted"] as const },
    { channel: "ops", events: ["failed"] as const },
  ].map(({ channel: name, events }) => ({ channel: name, events: [...events] }));
  const channels = (kind: Notice["kind"]) =>
    noticeSends(subscriptions, { ...NOTICE, kind }).map(({ event }) => event["channel"]);
  expect(channels("failed")).toEqual(["ops"]);
  expect(channels("promoted")).toEqual(["ops", "team"]);
  expect(channels("rolledBack")).toEqual([]);
  expect(channels("approval")).toEqual(["ops", "team"]);
});

test("tries grow apart, have names of their own and end after about a day", ({ expect }) => {
  const waits = Array.from({ length: 10 }, (_, n) => retryMs(n + 1) ?? 0);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  const wholeMs = waits.reduce((sum, ms) => sum + ms, 0);
  expect(wholeMs).toBeGreaterThan(hours(20));
  expect(wholeMs).toBeLessThan(days(2));
  expect(retryMs(11)).toBeUndefined();
  const event = { v: 1, request: "notify", channel: "ops", notice: NOTICE } as const;
  const ids = [0, 1, 2].map((tries) => noticeSend({ ...event, tries }).taskId);
  expect(new Set(ids).size).toBe(3);
});

test("DingTalk is signed in the URL, over milliseconds and secret with the secret as key", ({ expect }) => {
  const { url, body } = messageFor(channel("dingtalk", "SECabc"), NOTICE, {}, AT);
  const signed = new URL(url).searchParams;
  expect(signed.get("timestamp")).toBe(String(AT));
  expect(signed.get("sign")).toBe("PP0WZlYCDq0Qe8L5mMbc3X35bBZf24Nr++/e6aILPPQ=");
  expect(signed.get("token")).toBe("t");
  expect(JSON.parse(body)).toMatchObject({ msgtype: "markdown", markdown: { title: "web: failed" } });
});

test("Feishu is signed in the body, with seconds and secret as the key of an empty message", ({ expect }) => {
  expect(bodyOf("feishu", "SECabc")).toMatchObject({
    timestamp: "1767600000",
    sign: "sEScoYFKtNNYXJTdRky/RWSyIgfHIyrVI95c5uuG3ow=",
    msg_type: "text",
  });
  expect(bodyOf("feishu")).not.toHaveProperty("sign");
});

test("Slack's three characters of markup are escaped", ({ expect }) => {
  expect(bodyOf("slack")["text"]).toContain("a &lt;b&gt; &amp; c");
});

test("plain JSON carries the whole notice, and with a secret a signature over its bytes", ({ expect }) => {
  expect(bodyOf("json")).toMatchObject({ v: 1, ...NOTICE });
  const { headers } = messageFor(channel("json", "s"), NOTICE, {}, AT);
  expect(headers).toMatchObject({
    "x-kiln-timestamp": "1767600000",
    "x-kiln-signature": expect.stringMatching(/^v1=[0-9a-f]{64}$/) as string,
  });
});

test("a channel that answers 200 and means no has refused", ({ expect }) => {
  expect(refusalIn("dingtalk", 200, '{"errcode":310000,"errmsg":"sign not match"}')).toContain("310000");
  expect(refusalIn("feishu", 200, '{"code":19021,"msg":"sign match fail"}')).toContain("19021");
  expect(refusalIn("feishu", 200, '{"StatusCode":0}')).toBeUndefined();
  expect(refusalIn("dingtalk", 200, "<html>")).toBe("no JSON: <html>");
  expect(refusalIn("slack", 200, "ok")).toBeUndefined();
  expect(refusalIn("json", 503, "down")).toBe("status 503: down");
});
