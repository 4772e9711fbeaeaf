/** The mistakes of a document, as its own check words them, in a Chinese message. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { reasonInChinese } from "../../../../shared/chinese/reasons.ts";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../../shared/errors.ts";

type Parse = (name: string, text: string) => unknown;

function mistakesOf(parse: Parse, name: string, text: string): string {
  try {
    parse(name, text);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  throw new Error("the document is sound");
}

const RECIPE = `source: { builder: { family: base, instanceTypes: [ecs.g7.large], vSwitchIds: [vsw-1] } }
famly: web
pauseAfter: many
provision: [{ run: ls, script: x }]
image: { name: 7 }
`;

test("frame, rules and remedies are in Chinese; names and values stay", ({ expect }) => {
  const english = mistakesOf(parseRecipe, "recipes/web.yaml", RECIPE);
  const chinese = reasonInChinese(english);
  expect(chinese).toMatchInlineSnapshot(`
    "recipes/web.yaml 有 5 处错误：
      source.builder.securityGroupId：缺失；请填写文本
      provision[0].script：必须是 scripts/ 下某个对象的键
      image.name：必须是文本（当前为 7）；请加引号
      pauseAfter：必须是数字（当前为 "many"）
      famly：无法识别；是否想写 family？"
  `);
  for (const parse of [parseRecipe, parseFleet]) {
    const empty = reasonInChinese(mistakesOf(parse, "fleets/web.yaml", ""));
    expect(empty).toContain("fleets/web.yaml 有 1 处错误：");
    expect(empty).toContain("文件为空；可参考 examples/ 中的示例");
  }
});

/** Words of a sentence, not of a value. */
const PROSE = /(?<![\w'"[{:-])[a-z]{2,},? [a-z]{2,}(?![\w:])/;

test("no rule or remedy of a check is half in Chinese", ({ expect }) => {
  const folder = "shared/documents";
  const source = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, "utf8"));
  const quoted = /["`](?:must|write|rename|put|use|keep|remove|is|nest|did|known|see) [^"`\n]*["`]/g;
  const rules = source.flatMap((text) => text.match(quoted) ?? []);
  expect(rules.length).toBeGreaterThan(150);
  const said = rules.flatMap((rule) => {
    const english = rule.slice(1, -1).replaceAll(/\$\{[^}]*\}/g, "x1");
    const [, line = ""] = reasonInChinese(`a.yaml has one problem:\n  a.b: ${english}`).split("\n");
    return line
      .replace("  a.b：", "")
      .replace(/（当前为 .*?）/, "")
      .split("；");
  });
  const isChinese = (part: string): boolean => /\p{Script=Han}/u.test(part);
  expect(said.filter((part) => isChinese(part) && PROSE.test(part))).toEqual([]);
  expect(said.filter(isChinese).length).toBeGreaterThan(100);
  for (const [english, chinese] of [
    ["must be a command as text", "必须是文本形式的命令"],
    ["must be stop or release", "必须是 stop 或 release"],
    ["must be true or false", "必须是 true 或 false"],
    ["must be from 1 to 10", "必须是 1 到 10 之间的值"],
    ["must be a date like 2026-10-01", "must be a date like 2026-10-01"],
    [
      "is missing; write securityGroupId: sg-… of the VPC of the vSwitch",
      "缺失；请写 securityGroupId: sg-…，与交换机属于同一专有网络",
    ],
  ] as const)
    expect(reasonInChinese(`a.yaml has one problem:\n  b: ${english}`)).toBe(
      `a.yaml 有 1 处错误：\n  b：${chinese}`,
    );
});

test("a value that looks like a rule stays as it is, and so does any other text", ({ expect }) => {
  const given =
    'a.yaml has 2 problems:\n  line 3, a.b[0]: must be text (it is "x; is missing (it is 1)"); put quotes around it\n  x: an unknown rule; did you mean y?';
  expect(reasonInChinese(given)).toBe(
    'a.yaml 有 2 处错误：\n  第 3 行，a.b[0]：必须是文本（当前为 "x; is missing (it is 1)"）；请加引号\n  x：an unknown rule；是否想写 y？',
  );
  for (const text of ["it has one problem: none", "a.yaml has 3 problems: b"])
    expect(reasonInChinese(text)).toBe(text);
});
