import { test } from "vitest";
import { contentOf } from "../../../../functions/notifier/channels/content.ts";
import { FORMATS } from "../../../../functions/notifier/channels/formats.ts";
import { readChannels } from "../../../../functions/notifier/config.ts";
import { retryMs } from "../../../../functions/notifier/deliver.ts";
import { linksOf } from "../../../../functions/notifier/links.ts";
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
const URL_WITH_TOKEN = "https://chat.example.com/hook?token=t";
const messageOf = (kind: keyof typeof FORMATS, secret?: string) =>
  FORMATS[kind].message({ url: URL_WITH_TOKEN, secret }, contentOf(FAILED, {}), AT);
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

test("an answer with status 200 and an error code in its body is a refusal", ({ expect }) => {
  const { dingtalk, feishu, slack, json } = FORMATS;
  expect(dingtalk.refusal?.('{"errcode":310000,"errmsg":"sign not match"}')).toContain("310000");
  expect(dingtalk.refusal?.('{"errcode":0}')).toBeUndefined();
  expect(dingtalk.refusal?.("<html>")).toBe("no JSON: <html>");
  expect(feishu.refusal?.('{"code":19021,"msg":"sign match fail"}')).toContain("19021");
  expect(feishu.refusal?.('{"StatusCode":0}')).toBeUndefined();
  expect([slack.refusal, json.refusal]).toEqual([undefined, undefined]);
});

test("every kind of channel shows the link of an approval and the links to keep instances", ({ expect }) => {
  const settings = { baseUrl: "https://kiln.example.com", secret: "a secret of the tests 0123456789" };
  const asks: Notification[] = [
    { ...FAILED, kind: "approval", expiresAt: AT + hours(1) },
    { ...FAILED, kind: "stopping", expiresAt: AT + hours(1), instances: ["i-1"] },
  ];
  for (const notification of asks) {
    const links = linksOf(notification, settings);
    const link = links.approve ?? links.keep?.["i-1"] ?? "none";
    for (const format of Object.values(FORMATS)) {
      expect(format.message({ url: URL_WITH_TOKEN }, contentOf(notification, links), AT).body).toContain(
        link,
      );
    }
  }
});

test("an approval without the settings for its link is a mistake of the deployment; an announcement is not", ({
  expect,
}) => {
  for (const settings of [
    { baseUrl: "", secret: "s" },
    { baseUrl: "https://kiln.example.com", secret: "" },
  ]) {
    const expiresAt = AT + hours(1);
    expect(() => linksOf({ ...FAILED, kind: "approval", expiresAt }, settings)).toThrow("KILN_WEBHOOK_URL");
    const { keep } = linksOf({ ...FAILED, kind: "stopping", expiresAt, instances: ["i-1"] }, settings);
    expect(keep).toEqual({});
  }
});

test("broken channels are reported by their place, never by their value", ({ expect }) => {
  const read = (KILN_CHANNELS: string) => () => readChannels({ KILN_CHANNELS });
  expect(read("{")).toThrow("KILN_CHANNELS is not JSON; see README, “Channels”");
  expect(read('{"ops":{"kind":"json","url":"http://chat.example.com/hook"}}')).toThrow(
    "KILN_CHANNELS is malformed at ops.url; see README, “Channels”",
  );
  expect(readChannels({})).toEqual({});
});
