import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { page, rendered } from "../../../../functions/webhook/answer.ts";
import { inChinese, lineInChinese, wantsChinese } from "../../../../functions/webhook/chinese.ts";
import { sentencesOf } from "../../../../functions/promote-family/promotion/question.ts";

const CHINESE = /\p{Script=Han}/u;
const SOURCES = ["approval", "keep", "link"].map((name) =>
  readFileSync(join(import.meta.dirname, `../../../../functions/webhook/${name}.ts`), "utf8"),
);

/** Every sentence of the sources: a text in quotes that begins with a capital or a value, and ends with a full stop. */
const sentences = SOURCES.flatMap((source) =>
  [...source.matchAll(/["`]((?:[A-Z]|\$\{member)[^"`\n]* [^"`\n]*\.)["`]/g)].map(([, text = ""]) => text),
);

test("every sentence of a page has its Chinese", ({ expect }) => {
  expect(sentences.length).toBeGreaterThan(12);
  for (const sentence of sentences) {
    const line = sentence
      .replaceAll("${member}", "Instance i-1 of fleet web")
      .replaceAll("${completion.kind}", "done")
      .replaceAll(/\$\{[^}]*\}/g, "v-1");
    expect(lineInChinese(line), line).toMatch(CHINESE);
    expect(lineInChinese(line), line).not.toMatch(/\$\d/);
  }
});

test("the facts of an image are in Chinese too, with their values", ({ expect }) => {
  const facts = { serves: "m-1", changed: ["base m-0 → m-9"], tests: ["nginx -t"] };
  const packages = { since: "m-1", changed: 2, added: 1, removed: 0, names: ["nginx 1 → 2"] };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these two fields are read
  const input = { family: "web", packages } as Parameters<typeof sentencesOf>[1];
  expect(sentencesOf(facts, input).map(lineInChinese)).toEqual([
    "镜像测试已通过：nginx -t。",
    "镜像族系 web 当前的镜像为 m-1。",
    "与其相比的变更：base m-0 → m-9。",
    "与 m-1 相比的软件包：变更 2 个，新增 1 个，移除 0 个。nginx 1 → 2",
  ]);
  const none = sentencesOf({ serves: "", changed: [], tests: [] }, { ...input, packages: undefined });
  for (const line of none) expect(lineInChinese(line)).toMatch(CHINESE);
});

test("a value is no pattern, and a sentence of another kind stays", ({ expect }) => {
  expect(lineInChinese("Family $& serves $1.")).toBe("镜像族系 $& 当前的镜像为 $1。");
  expect(lineInChinese("Something else.")).toBe("Something else.");
  const page = { statusCode: 200, lines: [], choices: [{ label: "Approve", decision: "approve" }] };
  expect(inChinese(page).choices).toEqual([{ label: "批准", decision: "approve" }]);
});

test.for([
  ["zh-CN,zh;q=0.9,en;q=0.8", true],
  ["zh", true],
  ["en-US,en;q=0.9,zh-CN;q=0.8", false],
  ["zha", false],
  [undefined, false],
] as const)("the language of a browser with %s", ([header, chinese], { expect }) => {
  expect(wantsChinese(header)).toBe(chinese);
});

test("a browser gets its language, a command always English", ({ expect }) => {
  const given = page(200, ["Family web serves m-1."], [{ label: "Approve", decision: "approve" }]);
  const browser = { accept: "text/html", "accept-language": "zh-CN,en" };
  const { body } = rendered(given, browser);
  expect(body).toContain('<html lang="zh-CN">');
  expect(body).toContain("<p>镜像族系 web 当前的镜像为 m-1。</p>");
  expect(body).toContain('<button name="decision" value="approve">批准</button>');
  expect(rendered(given, { accept: "text/html" }).body).toContain("<p>Family web serves m-1.</p>");
  expect(rendered(given, { ...browser, accept: "*/*" }).body).toContain("Family web serves m-1.");
});
