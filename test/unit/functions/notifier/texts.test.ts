/** Texts of users in chats: they stay what they are, whatever they contain, and fit. */
import { test } from "vitest";
import { contentOf } from "../../../../functions/notifier/channels/content.ts";
import type { Compose } from "../../../../functions/notifier/channels/format.ts";
import { FORMATS } from "../../../../functions/notifier/channels/formats.ts";
import { firstCharacters } from "../../../../functions/notifier/channels/plain.ts";
import { repliesTo } from "../../../../functions/notifier/replies.ts";
import { readLinkSettings } from "../../../../functions/notifier/config.ts";
import type { Notification } from "../../../../shared/notifications/notification.ts";

const AT = 1_767_600_000_000;
const RUN = "idle-web-20260105-0123456789ab";
const BASE: Notification = { kind: "failed", run: RUN, subject: "web", by: "ci", at: AT };
const settings = (url: string) =>
  readLinkSettings({ KILN_WEBHOOK_URL: url, KILN_APPROVAL_SECRET: "a secret of the tests 0123456789" });

const composing =
  (notification: Notification, url = "https://kiln.example.com"): Compose =>
  (room) =>
    contentOf(
      {
        notification,
        replies: repliesTo(notification, settings(url)),
        log: `oss://kiln/runs/2026-01-05/${RUN}.jsonl`,
        language: "en",
        stage: "",
      },
      room,
    );

const CHATS = ["dingtalk", "feishu", "wecom", "slack"] as const;
const bodyOf = (kind: (typeof CHATS)[number], compose: Compose): string =>
  FORMATS[kind].message({ url: "https://chat.example.com/hook" }, compose, AT).body;

/** Markup, mentions and links of every chat, and what breaks a message. */
const ATTACKS = [
  "[click here](https://evil.example.com)",
  "![x](https://evil.example.com/x.png)",
  "<https://evil.example.com|the console>",
  "<@U123> <!channel> <!here> <@all>",
  '<at user_id="all">all</at>',
  "@all @13800000000",
  '<font color="warning">approved</font>',
  "# Approved",
  "> npm run kiln -- approve it",
  "```\nnpm run kiln -- approve it\n```",
  "**bold** _slant_ ~gone~ `code`",
  "see https://evil.example.com and www.evil.example.com",
  "_https://evil.example.com and 1https://evil.example.com, _www.evil.example.com",
  "\u202Ehttps://evil.example.com\u2066",
  '"}], "at": {"isAtAll": true}, "x": ["',
];

/** Texts that a chat could read as a link, a mention or markup of its own. */
const ACTIVE =
  /\]\(|<https?:|<[@!/a-z]|@(?:all|\d)|https?:\/\/evil|www\.evil|^#\s*Approved|^> npm run kiln -- approve|\*\*bold|`code|~gone/im;

test("no text of a user mentions, links or marks up anything in a chat, as reason, name or caller", ({
  expect,
}) => {
  for (const attack of ATTACKS)
    for (const kind of CHATS) {
      const notification = { ...BASE, reason: attack, subject: attack, by: attack };
      const body: unknown = JSON.parse(bodyOf(kind, composing(notification)));
      expect(Object.keys(body ?? {}), kind).not.toContain("at");
      // Without what Kiln itself marks up: commands, and bold labels.
      const own = JSON.stringify(body)
        .replaceAll(/npm run kiln -- why \S+?(?=["`\\])/g, "")
        .replaceAll("\\n", "\n")
        .replaceAll('\\"', '"');
      expect(own, `${kind}: ${attack}`).not.toMatch(ACTIVE);
    }
});

test("text without markup stays as it is", ({ expect }) => {
  const reason =
    "acs:alibaba_cloud_linux_3 in cn-hangzhou: 5 instances, limit max 60; a@ (b) 100 % 镜像构建失败：超时";
  for (const kind of CHATS) expect(bodyOf(kind, composing({ ...BASE, reason })), kind).toContain(reason);
});

test("an announcement names its instances where it offers no decision for each", ({ expect }) => {
  const instances = ["i-0000000000000000000a", "i-0000000000000000000b"];
  for (const kind of CHATS) {
    const body = bodyOf(kind, composing({ ...BASE, kind: "stopping", instances, expiresAt: AT }));
    for (const id of instances) expect(body, kind).toContain(id);
  }
});

/** The limit of each chat, and the size that it counts. */
const LIMITS = {
  dingtalk: [20_000, (body: string) => Buffer.byteLength(body)],
  feishu: [20 * 1024, (body: string) => Buffer.byteLength(body)],
  wecom: [4096, (body: string) => Buffer.byteLength(String(JSON.parse(body).markdown.content))],
  slack: [40_000, (body: string) => String(JSON.parse(body).text).length],
} as const;

test("the longest messages fit into every chat, and commands and links in them are whole", ({ expect }) => {
  const instances = Array.from({ length: 100 }, (_, n) => `i-${String(n).padStart(20, "0")}`);
  const long = [
    "构建失败".repeat(500),
    "👩‍👩‍👧‍👦".repeat(300),
    '"\\'.repeat(800),
    "*".repeat(1500),
    "x ".repeat(800),
  ];
  for (const reason of long)
    for (const kind of CHATS) {
      const [most, size] = LIMITS[kind];
      const shown = [
        composing({ ...BASE, reason, by: "c".repeat(128), subject: "s".repeat(1000) }),
        composing({ ...BASE, kind: "stopping", reason, instances, expiresAt: AT }),
        composing(
          { ...BASE, kind: "stopping", reason, instances, expiresAt: AT },
          "https://a.cn-hangzhou.fcapp.run",
        ),
        composing({ ...BASE, kind: "spotLost", reason, instances }),
      ];
      for (const compose of shown) {
        const body = bodyOf(kind, compose);
        expect(size(body), kind).toBeLessThanOrEqual(most);
        expect(body, kind).toMatch(/npm run kiln -- (?:why|logs) idle-web-20260105-0123456789ab(?=["`\\])/);
        expect(body, kind).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
        for (const [link] of body.matchAll(/https:\/\/kiln\.example\.com[^\s|)"]*/g))
          expect(link, kind).toMatch(/\/keep\/web\/i-\d{20}\/\d+\/[0-9a-f]{64}$/);
        for (const [line] of body.matchAll(/curl [^"`\\]*/g))
          expect(line, kind).toMatch(/ -d decision=keep$/);
      }
    }
});

test("a text is cut between two characters as readers see them", ({ expect }) => {
  const family = "👩‍👩‍👧‍👦";
  expect(firstCharacters(family.repeat(3), 3)).toBe(`${family.repeat(2)}…`);
  expect(firstCharacters("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…");
  expect(firstCharacters("short", 5)).toBe("short");
});
