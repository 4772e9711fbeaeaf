/** The language of lines for people: by locale or option, complete for help, and never in JSON. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { confirm } from "../../../cli/command.ts";
import { COMMANDS } from "../../../cli/commands.ts";
import { table } from "../../../cli/format.ts";
import { said, speak } from "../../../cli/language.ts";
import { ZH } from "../../../cli/zh.ts";
import { kiln } from "../../support/kiln.ts";

const CLI = join(import.meta.dirname, "../../../cli");
const HAN = /\p{Script=Han}/u;

test("the option goes before the locale, and the first variable of the locale that is set counts", async ({
  expect,
}) => {
  for (const [words, env, isChinese] of [
    [[], {}, false],
    [[], { LANG: "zh_CN.UTF-8" }, true],
    [[], { LANG: "zh" }, true],
    [[], { LANG: "zhx" }, false],
    [[], { LANG: "en_US.UTF-8", LC_ALL: "zh_CN.UTF-8" }, true],
    [[], { LANG: "zh_CN.UTF-8", LC_ALL: "C" }, false],
    [[], { LANG: "zh_CN.UTF-8", LC_MESSAGES: "en_US", LC_ALL: "" }, false],
    [["--lang", "zh"], { LANG: "en_US" }, true],
    [["--lang=en"], { LANG: "zh_CN" }, false],
  ] as const) {
    const { out, exit } = await kiln(["--help", ...words], { env });
    expect([HAN.test(out), exit], JSON.stringify([words, env])).toEqual([isChinese, 0]);
  }
  expect((await kiln(["--lang", "zh", "runs", "--help"])).out).toMatch(HAN);
  expect(await kiln(["runs", "--lang", "fr"])).toMatchObject({ exit: 2, err: expect.stringContaining("fr") });
  // With --json, wherever it stands, the refusal is JSON too, and no command runs.
  for (const words of [
    ["status", "--lang", "fr", "--json"],
    ["--json", "status", "--lang=fr"],
    ["--lang", "fr", "--json", "status"],
  ]) {
    const { exit, out } = await kiln(words);
    expect([exit, JSON.parse(out)]).toEqual([
      2,
      { version: 1, command: "status", error: expect.stringContaining("fr") },
    ]);
  }
  const { exit, out } = await kiln(["--json", "--lang", "zh", "check", "examples/recipes/web.yaml"]);
  expect([exit, JSON.parse(out)]).toMatchObject([0, { command: "check" }]);
});

test("every line of every help has its Chinese, with the same placeholders", async ({ expect }) => {
  for (const { name, summary, details, options } of COMMANDS) {
    for (const text of [
      summary,
      ...(details === undefined ? [] : [details]),
      ...Object.values(options).map(({ help }) => help),
    ])
      expect(ZH[text], `${name}: ${text}`).toBeDefined();
    // Names of fields are the same in every language, and so is a sample of a request.
    const lines = (await kiln([name, "--help", "--lang", "zh"])).out
      .replaceAll(/^--json: \{[^]*?\}\n\n/gm, "\n")
      .split("\n");
    expect(
      lines.filter((line) => /\w/.test(line) && !HAN.test(line)),
      name,
    ).toEqual([]);
  }
  const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).toSorted();
  for (const [english, chinese] of Object.entries(ZH))
    expect(names(chinese), english).toEqual(names(english));
});

test("every heading of a table has its Chinese", ({ expect }) => {
  const folder = join(CLI, "commands");
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const lists = sources.flatMap((source) => source.match(/\[(?:"[A-Z/ ]*",?\s*|\.\.\.\w+,?\s*)+\]/g) ?? []);
  const headings = lists.flatMap((list) => list.match(/(?<=")[A-Z/ ]+(?=")/g) ?? []);
  expect(headings.length).toBeGreaterThan(40);
  expect(headings.filter((heading) => ZH[heading] === undefined)).toEqual([]);
});

test("no translation is left over", ({ expect }) => {
  const files = [CLI, join(CLI, "commands")].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".ts") && name !== "zh.ts")
      .map((name) => readFileSync(join(folder, name), "utf8")),
  );
  files.push(readFileSync(join(CLI, "..", "deploy", "scripts.ts"), "utf8"));
  const source = files.join("\n").replaceAll(/\s+/g, " ").replaceAll('\\"', '"');
  // States and acts come from the deployment.
  const given =
    /^(queued|running|done|failed|cancelled|bake|deliver|skip|fail|unknown|mark|unmark|delete|idle-check|resume|stop|size)$/;
  for (const english of Object.keys(ZH).filter((one) => !given.test(one)))
    expect(source).toContain(english.replaceAll(/\s+/g, " "));
});

test("JSON is the same in every language, errors included", async ({ expect }) => {
  for (const words of [
    ["check", "examples/recipes/web.yaml", "--json"],
    ["chek", "--json"],
    ["why", "--json"],
  ]) {
    const [english, chinese] = [
      await kiln(words),
      await kiln([...words, "--lang", "zh"], { env: { LANG: "zh_CN" } }),
    ];
    expect(chinese).toEqual(english);
  }
});

test("a check, a question and a mistake are in Chinese, and columns are as wide as their characters", async ({
  expect,
}) => {
  const env = { LANG: "zh_CN.UTF-8" };
  expect((await kiln(["check", "examples/recipes/web.yaml"], { env })).out).toContain("没有错误");
  expect(await kiln(["chek"], { env })).toMatchObject({
    exit: 2,
    err: expect.stringContaining("是否指 check"),
  });
  const asked: string[] = [];
  const ask = (question: string) => {
    asked.push(question);
    return Promise.resolve("n");
  };
  await speak("zh");
  const refused = confirm([], { has: () => false }, { ask, err: () => undefined });
  await expect(refused).rejects.toThrow("未做任何更改");
  expect(asked).toEqual(["是否继续？[y/N] "]);
  await speak("en");
  expect(
    table(
      ["名", "b"],
      [
        ["abcd", "x"],
        ["机群", "y"],
      ],
    ),
  ).toEqual(["名    b", "abcd  x", "机群  y"]);
});

test("mistakes of documents follow the language, and JSON does not", async ({ expect }) => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-zh-"));
  const file = join(folder, "recipes", "web.yaml");
  mkdirSync(join(folder, "recipes"));
  writeFileSync(file, "family: 3\nprovision: true\n");
  const words = ["check", file, "--lang"];
  const english = await kiln([...words, "en"]);
  const chinese = await kiln([...words, "zh"]);
  const pushed = await kiln(["push", file, "--lang", "zh"]);
  const json = await kiln([...words, "zh", "--json"]);
  rmSync(folder, { recursive: true });
  expect(english.out).toContain("is missing");
  expect(chinese.out).toMatch(/source: 缺失\n.*→ 请/s);
  expect(chinese.out).toContain("provision: 必须");
  expect(pushed.out).toMatch(/source: 缺失\n.*没有保存任何文件$/s);
  expect(json.out).not.toMatch(HAN);
});

test("Kiln's own sentences in reasons follow the language", async ({ expect }) => {
  const reason = "launch is not over after 30m";
  await speak("zh");
  expect(said(reason)).toBe("阶段 launch 在 30m 后仍未结束");
  await speak("en");
  expect(said(reason)).toBe(reason);
});
