/** Texts with known secrets, and every way out of a function. */
import * as fc from "fast-check";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { inspect } from "node:util";
import { afterEach, vi } from "vitest";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { refusal } from "../../../shared/cloud/refusal.ts";
import { readSecrets } from "../../../shared/config.ts";
import { eventHandler, logged, type FcContext } from "../../../shared/invocation.ts";
import { logLine } from "../../../shared/ports.ts";
import {
  holdsSecret,
  know,
  knowOnly,
  knowPrivate,
  redact,
  redactCut,
  redactedBody,
  redactShown,
} from "../../../shared/redact.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { secretsOfUrl } from "../../../shared/secret-url.ts";
import { send } from "../../../shared/send.ts";
import { Launch } from "../../../functions/scale-out/scale-out/events.ts";
import { readPassword } from "../../../functions/scale-out/scale-out/password.ts";
import { fleetText } from "../../support/fleets.ts";
import { connected, onCloud as test } from "../cloud-layer/connected.ts";

const SECRET = 'p/ss"w<rd&+ü\\1';

// The other tests of this process know nothing of it.
afterEach(() => {
  knowOnly([]);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const SPELLINGS: readonly (readonly [string, (secret: string) => string])[] = [
  ["as it is", (secret) => secret],
  ["in JSON", (secret) => JSON.stringify({ a: secret })],
  ["in JSON inside JSON", (secret) => JSON.stringify({ a: JSON.stringify([secret]) })],
  ["in JSON that escapes slashes", (secret) => JSON.stringify(secret).replaceAll("/", "\\/")],
  [
    "in JSON that escapes HTML",
    (secret) => JSON.stringify(secret).replaceAll("<", "\\u003c").replaceAll("&", "\\u0026"),
  ],
  ["in a URL", (secret) => `https://example.com/${encodeURIComponent(secret)}`],
  [
    "in a URL of small letters",
    (secret) => encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()),
  ],
  ["in a form", (secret) => new URLSearchParams({ a: secret }).toString()],
  ["in HTML", (secret) => secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")],
  ["in Base64", (secret) => Buffer.from(secret).toString("base64")],
  ["in Base64 of more", (secret) => Buffer.from(`user:${secret}\n`).toString("base64")],
  ["in Base64 of still more", (secret) => Buffer.from(`users:${secret}!`).toString("base64")],
  ["in Base64 for URLs", (secret) => Buffer.from(`a:${secret}`).toString("base64url")],
];

/** A text of the secret must not allow to read more than its first or last characters. */
const readable = (text: string): string =>
  [
    text,
    decodeURIComponent(text.replaceAll(/%(?![0-9a-f]{2})/gi, "%25")),
    Buffer.from(text, "base64").toString(),
  ].join(" ");

test.for(SPELLINGS)("a secret is hidden %s", ([, spelled], { expect }) => {
  know([SECRET]);
  const text = redact(spelled(SECRET));
  expect(text).toContain("[hidden]");
  expect(readable(text)).not.toContain(SECRET.slice(3, -3));
});

const QUOTED = ["pa'ss-\"wo$rd\\x y", "''no'n\\re'ts''", "tab\there-über-日本", "first-line\nsecond-line"];

/** Commands that print their variable, and what marks a line that shows it. */
const PRINTS = [
  'set -x; echo "$TOKEN"',
  'set -x; A="$TOKEN"; [ "$A" = x ]',
  "export -p",
  "set",
  "env",
  "printf '%s' \"$TOKEN\" | base64 -w 8",
  "printf '%s' \"user:$TOKEN\" | base64 -w 64",
];
const OF_BASH = [
  "declare -p TOKEN",
  "printf '%q' \"$TOKEN\"",
  'echo "${TOKEN@Q}"',
  // In the locale C it sets a backslash before each byte of a character beyond ASCII.
  'export LC_ALL=C.UTF-8; set -x; [[ x == "$TOKEN" ]]',
  'set -x; X[1]="$TOKEN"',
  'X=$(printf %s "$TOKEN" | base64 -w 12); printf %q "$X"',
];
const RUNS = ["/bin/sh", "/bin/bash"].flatMap((shell) =>
  ["C", "C.UTF-8"].map((locale) => [shell, locale] as const),
);

/** Quotes and escapes hide no word from a reader. */
const letters = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, "");

test.for(RUNS)("a secret is hidden however %s prints it in the locale %s", ([shell, locale], { expect }) => {
  const scripts = [...PRINTS, ...(shell === "/bin/bash" ? OF_BASH : [])];
  for (const TOKEN of QUOTED) {
    knowOnly([TOKEN]);
    const script = scripts.map((one) => `( ${one} ) 2>&1\necho =$((4 + 2))=\n:`).join("\n");
    const env = { PATH: process.env["PATH"], LC_ALL: locale, TOKEN };
    const output = execFileSync(shell, ["-c", script], {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    for (const [index, part] of output.split("=6=\n").slice(0, -1).entries()) {
      const shown = redact(part);
      expect(shown, scripts[index]).toContain("[hidden]");
      for (const word of TOKEN.split(/[^a-z]+/).filter((one) => one.length > 3))
        expect(letters(shown), scripts[index]).not.toContain(word);
    }
  }
});

/** As shells that are not installed everywhere print it. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ["zsh", String.raw`+zsh:1> echo pa\''ss-"wo$rd\x y'`],
  ["ksh", String.raw`+ echo $'pa\'ss-"wo$rd\\x y'`],
  ["mksh", String.raw`+ echo 'pa'\''ss-"wo$rd\x y'`],
  ["fish", String.raw`set TOKEN 'pa\'ss-"wo$rd\\x y'`],
  ["systemd", String.raw`TOKEN=$'pa\'ss-"wo$rd\\x y'`],
  ["PowerShell", `$env:TOKEN = 'pa''ss-"wo$rd\\x y'`],
  ["Python", String.raw`{'TOKEN': 'pa\'ss-"wo$rd\\x y'}`],
];

test.for(ELSEWHERE)("a secret is hidden as %s writes it", ([, written], { expect }) => {
  know(["pa'ss-\"wo$rd\\x y"]);
  expect(redact(written)).toMatch(/^[^[]*\[hidden\]['"}]*$/);
});

test("characters beyond ASCII are hidden in codes of bytes and of units", ({ expect }) => {
  know(["über-日本-key"]);
  for (const written of [
    String.raw`\303\274ber-\346\227\245\346\234\254-key`,
    String.raw`\xc3\xbcber-\xe6\x97\xa5\xe6\x9c\xac-key`,
    String.raw`\u00fcber-\u65e5\u672c-key`,
  ])
    expect(redact(written)).toMatch(/^\\?\[hidden\]$/);
});

test("wherever a long output is cut, no more than 5 characters of a secret are left", ({ expect }) => {
  const secret = "0123456789-abcdefghij-KLMNOPQRST";
  knowOnly([secret]);
  for (const spelled of [
    secret,
    Buffer.from(`x${secret}`).toString("base64"),
    encodeURIComponent("ü/").concat(secret),
  ])
    for (let kept = 0; kept <= spelled.length; kept++) {
      const head = `${"y".repeat(100)}\n${spelled.slice(0, kept)}`;
      const tail = `${spelled.slice(kept)}\n${"z".repeat(100)}`;
      const cases = [head + "q".repeat(9), `q ${tail}`, head + tail.slice(12)];
      for (const text of cases) {
        const shown = redactCut(text, 140);
        for (let at = 0; at + 6 <= secret.length; at++) expect(shown).not.toContain(secret.slice(at, at + 6));
      }
      expect(redactCut(head, "end")).not.toContain(secret.slice(0, 6));
    }
  expect(redactCut("a 0123456 b", "end")).toBe("a 0123456 b");
});

test("whatever a secret and its neighbours are, its text and its JSON are hidden, and JSON stays JSON", ({
  expect,
}) => {
  const secret = fc
    .string({ minLength: 6, maxLength: 40, unit: "grapheme" })
    .filter((text) => !"[hidden]".includes(text));
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      knowOnly([hidden]);
      expect(redact(before + hidden + after)).toContain("[hidden]");
      const line = JSON.parse(logLine({ said: before + hidden + after }));
      expect(line.said).toContain("[hidden]");
      expect(JSON.stringify(line)).not.toContain(JSON.stringify(hidden));
    }),
  );
});

test("a short secret is hidden as a word and stays inside words and ids", ({ expect }) => {
  know(["web", "a+b"]);
  expect(redact('the secret is "web", web, or (web)')).toBe(
    'the secret is "[hidden]", [hidden], or ([hidden])',
  );
  expect(redact("webhook bake-web-20260105 cobweb web2 a+b")).toBe(
    "webhook bake-web-20260105 cobweb web2 [hidden]",
  );
});

test("private values are hidden where they are shown, and travel; short ones are none", ({ expect }) => {
  knowPrivate(["build-token", "front"]);
  expect(redact("build-token front")).toBe("build-token front");
  expect(redactShown("build-token front")).toBe("[hidden] front");
});

test("single lines of a secret of several lines are hidden", ({ expect }) => {
  know(["-----BEGIN KEY-----\nMIIEabcdef\n-----END KEY-----\n"]);
  expect(redact("parse error at MIIEabcdef")).toBe("parse error at [hidden]");
});

test("an invocation forgets the secrets of the last one", async ({ expect }) => {
  know([SECRET]);
  await logged({}, () => Promise.resolve());
  expect(redact(SECRET)).toBe(SECRET);
});

test("tokens and private keys for GitHub are secrets", ({ expect }) => {
  const hooks = { a: { token: "five", hook: 1 }, b: { privateKey: "line 1\nline 2", app: "Iv1" } };
  expect(readSecrets({ KILN_GITHUB: JSON.stringify(hooks) })).toEqual(["five", "line 1\nline 2"]);
});

test("the secrets of an environment are those of variables, settings and addresses; malformed settings are secret as a whole", ({
  expect,
}) => {
  const url = "https://user:pass-word@hooks.example.com/services/T0001/Bcd234xyz?access_token=abcdefgh&v=1";
  const found = new Set(
    readSecrets({
      KILN_BUCKET: "kiln-bucket",
      KILN_WEBHOOK_URL: "https://kiln.example.com",
      KILN_APPROVAL_SECRET: "approval",
      KILN_FLEET_PASSWORD: "password",
      ALIBABA_CLOUD_ACCESS_KEY_ID: "key-id",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: "key-secret",
      ALIBABA_CLOUD_SECURITY_TOKEN: "key-token",
      KILN_CALLERS: JSON.stringify({ ci: { secrets: ["one", "two"], routes: ["GET /runs/*"] } }),
      KILN_SENDERS: '{"github":{"secrets":["three"]',
      KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url, secret: "four" } }),
    }),
  );
  for (const secret of ["approval", "password", "key-id", "key-secret", "key-token", "one", "two", "four"])
    expect(found).toContain(secret);
  expect(found).toContain('{"github":{"secrets":["three"]');
  for (const part of [url, "/services/T0001/Bcd234xyz", "Bcd234xyz", "abcdefgh", "pass-word"])
    expect(found).toContain(part);
  for (const open of [
    "kiln-bucket",
    "https://kiln.example.com",
    "GET /runs/*",
    "ci",
    "json",
    "services",
    "1",
  ])
    expect(found).not.toContain(open);
});

test("a part of an address that is a plain word is not hidden alone: names are made of them", ({
  expect,
}) => {
  const parts = secretsOfUrl("https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef");
  expect(parts).toContain("0123456789abcdef");
  for (const word of ["robot", "send"]) expect(parts).not.toContain(word);
  expect(secretsOfUrl("https://open.feishu.cn/open-apis/bot/v2/hook/1a2b3c4d-5e6f")).toContain(
    "1a2b3c4d-5e6f",
  );
  expect(secretsOfUrl("https://open.feishu.cn/open-apis/bot")).not.toContain("open-apis");
  expect(secretsOfUrl("no address")).toEqual(["no address"]);
});

/** Function Compute as far as an event is concerned; answers the URL and the events that came. */
async function startQueue() {
  const events: string[] = [];
  const server = createServer((incoming, answer) => {
    incoming.on("data", (chunk: Buffer) => events.push(chunk.toString()));
    incoming.on("end", () => answer.writeHead(202, { "x-fc-request-id": "r-1" }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { url, events, close: () => server.close() };
}

test("an event, an object and a refusal hold no secret; bytes are written as they are", async ({
  cloud,
  expect,
}) => {
  const queue = await startQueue();
  const endpoints = { fc: queue.url, oss: cloud.urls.oss };
  const client = connected(cloud, { endpoints });
  know([SECRET]);
  const event = { note: `the cloud said ${SECRET}`, at: 1 };
  await send({ to: "none", taskId: "t-1", event }, { cloud: client, nameOf: (name) => name });
  expect(queue.events).toEqual(['{"note":"the cloud said [hidden]","at":1}']);
  queue.close();
  await putObject(client, "a.json", JSON.stringify(event));
  await putObject(client, "a.bin", Buffer.from(SECRET));
  expect(cloud.oss.get("kiln", "a.json")?.body.toString()).toBe('{"note":"the cloud said [hidden]","at":1}');
  expect(cloud.oss.get("kiln", "a.bin")?.body.toString()).toBe(SECRET);
  expect(refusal("ecs", "RunInstances", new Error(SECRET)).message).toContain("[hidden]");
  expect(holdsSecret(event)).toBe(true);
  expect(holdsSecret({ at: 1 })).toBe(false);
});

test("JSON that is written or answered keeps its form, whatever a secret looks like without quotes", ({
  expect,
}) => {
  know(["user:password", "one,two", "n\\}x"]);
  for (const value of [{ user: "password" }, ["one", "two"], { a: { b: "n" }, c: "user:password" }])
    for (const body of [
      redactedBody(JSON.stringify(value)),
      redactedBody(JSON.stringify(value), redactShown),
    ])
      expect(JSON.parse(body)).toEqual(
        JSON.parse(JSON.stringify(value).replace("user:password", "[hidden]")),
      );
  expect(redactedBody("the user:password, and 'one,'\\''two'")).toBe("the [hidden], and '[hidden]'");
});

test("an event keeps the names that steer it, alone and in lists, when a secret is spelled alike; its texts are redacted", async ({
  cloud,
  expect,
}) => {
  const queue = await startQueue();
  const client = connected(cloud, { endpoints: { fc: queue.url, oss: cloud.urls.oss } });
  know(["web-team1"]);
  const run = "scale-web-team1-20261127-0123456789ab";
  const names = {
    run,
    delivery: run,
    channel: "web-team1",
    subject: "web-team1",
    notify: ["web-team1"],
    fleets: ["web-team1"],
  };
  const said = { reason: "posted to web-team1", by: "web-team1", lines: ["web-team1"] };
  const event = { ...names, ...said, kind: "web-team1 refuses" };
  await send({ to: "none", taskId: "t-1", event }, { cloud: client, nameOf: (name) => name });
  queue.close();
  expect(JSON.parse(queue.events.join())).toEqual({
    ...names,
    reason: "posted to [hidden]",
    by: "[hidden]",
    lines: ["[hidden]"],
    kind: "[hidden] refuses",
  });
});

const CONTEXT: FcContext = {
  requestId: "r-1",
  region: "cn-hangzhou",
  accountId: "1234567890123456",
  credentials: { accessKeyId: "STS.key-id", accessKeySecret: "key-secret", securityToken: "key-token" },
  function: { name: "kiln-notifier", timeout: 60 },
};

test("a function returns and throws no secret", async ({ expect }) => {
  vi.stubEnv("KILN_BUCKET", "kiln");
  vi.stubEnv("KILN_APPROVAL_SECRET", SECRET);
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  const said = `the answer is ${SECRET}, signed with key-token`;
  const returning = eventHandler("notifier", () =>
    Promise.resolve({ problem: said, list: [{ said }], at: 1 }),
  );
  const hidden = "the answer is [hidden], signed with [hidden]";
  expect(await returning(Buffer.from("{}"), CONTEXT)).toEqual({
    problem: hidden,
    list: [{ said: hidden }],
    at: 1,
  });
  for (const error of [
    new TypeError(said),
    new DOMException(said),
    new Error("x", { cause: new Error(said) }),
  ]) {
    const throwing = eventHandler("notifier", () => Promise.reject(error));
    const thrown = await throwing(Buffer.from("{}"), CONTEXT).catch((caught: unknown) => caught);
    expect(thrown).toBe(error);
    expect(inspect(thrown, { depth: 9 })).not.toContain("key-token");
  }
  const lines = printed.mock.calls.map(([line]) => String(line));
  expect(lines).toHaveLength(4);
  expect(lines.filter((line) => line.includes("key-token"))).toEqual([]);
});

test("the credentials of a client are known as soon as it is made", ({ cloud, expect }) => {
  connected(cloud);
  expect(redact(`signed with ${cloud.accessKey.secret}`)).toBe("signed with [hidden]");
});

test("the password of a fleet is known once it is read, whatever its variable is called", ({ expect }) => {
  readPassword({ passwordFromEnv: "LOGIN", os: "linux" }, { endpoints: {} }, () => "Correct-Horse-7");
  expect(redact("Correct-Horse-7")).toBe("[hidden]");
  // Every phase of a scale-out reads the fleet from its event.
  vi.stubEnv("WEB_LOGIN", "Battery-Staple-8");
  const document = parseFleet("web", fleetText({ passwordFromEnv: "WEB_LOGIN" }));
  Launch.schema.safeParse({ input: { document } });
  expect(redact("Battery-Staple-8")).toBe("[hidden]");
});
