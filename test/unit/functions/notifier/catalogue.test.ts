import { test } from "vitest";
import { readInput } from "../../../../cli/arguments.ts";
import { COMMANDS } from "../../../../cli/commands.ts";
import { CATALOGUE, Language } from "../../../../functions/notifier/catalogue.ts";
import { contentOf, type Part } from "../../../../functions/notifier/channels/content.ts";
import { json } from "../../../../functions/notifier/channels/json.ts";
import { readChannels, readLanguage, readLinkSettings } from "../../../../functions/notifier/config.ts";
import { repliesTo, type Replies } from "../../../../functions/notifier/replies.ts";
import { RUN } from "../../../../shared/names.ts";
import { Notification } from "../../../../shared/notifications/notification.ts";
import { FUNCTION_OF } from "../../../../shared/workflow/run-id.ts";

const ENTRIES = Object.entries(CATALOGUE);
const placeholders = (text: string): readonly string[] => (text.match(/\{\w+(?=[:}])/g) ?? []).toSorted();

test("every text of a notification is there in both languages, with the same placeholders", ({ expect }) => {
  for (const [key, entry] of ENTRIES) {
    expect(Object.keys(entry).toSorted(), key).toEqual([...Language.options].toSorted());
    expect(placeholders(entry.zh), key).toEqual(placeholders(entry.en));
    expect(entry.en.trim(), key).not.toBe("");
    expect(entry.en, key).not.toMatch(/\p{Script=Han}/u);
    if (key !== "title.doctor") expect(entry.zh, key).toMatch(/\p{Script=Han}/u);
  }
});

const KINDS = Notification.shape.kind.options;
const notificationOf = (
  kind: Notification["kind"],
  run = "promote-web-20260105-0123456789ab",
): Notification => ({
  kind,
  run,
  subject: "web",
  by: "webhook:ci",
  at: 0,
  family: "golden",
  imageId: "m-1",
  asked: 5,
  count: 3,
  reason: "no stock",
  instances: ["i-1", "i-2"],
  images: ["m-0"],
  expiresAt: 1_767_600_000_000,
});
const SETTINGS = readLinkSettings({
  KILN_WEBHOOK_URL: "https://kiln-webhook-abcdefgh.cn-hangzhou.fcapp.run",
  KILN_APPROVAL_SECRET: "a secret of the tests 0123456789",
});
const contentFor = (notification: Notification, language: Language = "en", stage = "") =>
  contentOf({
    notification,
    replies: repliesTo(notification, SETTINGS),
    log: "oss://kiln/runs/x.jsonl",
    language,
    stage,
  });
const texts = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap((part) => ("text" in part ? [part.text] : [part.label]));

test("every kind of notification has a title and texts in both languages, without holes", ({ expect }) => {
  for (const kind of KINDS)
    for (const language of Language.options) {
      const { title, parts } = contentFor(notificationOf(kind), language);
      for (const text of [title, ...texts(parts)]) {
        expect(text, kind).not.toMatch(/[{}]|undefined|NaN/);
        if (language === "en") expect(text, kind).not.toMatch(/\p{Script=Han}/u);
      }
      if (language === "zh") expect(title, kind).toMatch(/\p{Script=Han}/u);
    }
});

test("one thing is named in the singular, none and several in the plural", ({ expect }) => {
  for (const [count, title] of [
    [0, "web: 0 idle instances will be stopped"],
    [1, "web: 1 idle instance will be stopped"],
    [2, "web: 2 idle instances will be stopped"],
  ] as const)
    expect(contentFor({ ...notificationOf("stopping"), count }).title).toBe(title);
  const short = { ...notificationOf("short"), asked: 1, count: 0 };
  expect(contentFor(short).title).toBe("web: got 0 of 1 instance");
  expect(contentFor(short, "zh").title).toBe("web：请求 1 台实例，只得到 0 台");
});

test("every kind of run has a name in both languages", ({ expect }) => {
  const names: readonly string[] = ENTRIES.map(([key]) => key);
  for (const kind of Object.keys(FUNCTION_OF)) expect(names).toContain(`what.${kind}`);
});

/** The command lines of a message to a chat, and of one to a program, and its links. */
function repliesIn(kind: Notification["kind"]) {
  const content = contentFor(notificationOf(kind));
  const { body } = json.message({ url: "https://example.com" }, () => content, 0);
  const { commands, links }: Replies = JSON.parse(body);
  const { keep = {}, ...others } = commands;
  const shown = content.parts.flatMap((part) => ("command" in part ? [part.command] : []));
  return { lines: { shown, sent: Object.values({ ...others, ...keep }) }, links };
}

test("every message, also one of kind json, has a command that the command line knows, with the run in it", ({
  expect,
}) => {
  for (const kind of KINDS) {
    const { lines, links } = repliesIn(kind);
    expect(links, kind).toEqual({});
    expect(lines.sent.toSorted(), kind).toEqual(lines.shown.toSorted());
    const own = lines.sent.filter((line) => !line.startsWith("curl -sS -X POST "));
    expect(own.length, kind).toBeGreaterThan(0);
    for (const line of own) {
      const [, name, words = ""] = /^npm run kiln -- (\S+) ?(.*)$/.exec(line) ?? [];
      const command = COMMANDS.find((one) => one.name === name);
      expect(command && readInput(command, words.split(" ")).args[0], line).toMatch(new RegExp(`^${RUN}$`));
    }
  }
});

test("the title names the stage of the deployment, whose settings the commands need", ({ expect }) => {
  expect(contentFor(notificationOf("failed"), "en", "dev").title).toBe("[dev] web: promotion failed");
  expect(contentFor(notificationOf("failed"), "zh").title).toBe("web：发布失败");
});

test("the language is that of the channel, then that of the deployment, then English", ({ expect }) => {
  expect(readLanguage({})).toBe("en");
  expect(readLanguage({ KILN_LANGUAGE: "zh" })).toBe("zh");
  expect(() => readLanguage({ KILN_LANGUAGE: "cn" })).toThrow(
    'KILN_LANGUAGE is "cn"; it must be en or zh; write zh',
  );
  const channel = { kind: "dingtalk", url: "https://chat.example.com/hook", language: "zh" };
  const read = (one: object) => readChannels({ KILN_CHANNELS: JSON.stringify({ ops: one }) });
  expect(read(channel)["ops"]?.language).toBe("zh");
  for (const [language, meant] of [
    ["cn", "; write zh"],
    ["zh-CN", "; write zh"],
    ["Chinese", "; write zh"],
    ["中文", "; write zh"],
    ["en-US", "; write en"],
    ["fr", ""],
    [7, ""],
  ] as const)
    expect(() => read({ ...channel, language }), String(language)).toThrow(
      `ops.language: must be en or zh${meant}; see README`,
    );
});
