/** Characters that are invisible, obeyed by terminals, or look like others: each is named with its code point and place. */
import { describe, test } from "vitest";
import { explanations } from "../../../shared/documents/explanations.ts";
import { help } from "../../../shared/documents/help.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../shared/errors.ts";
import { FLEET, problemsWith, RECIPE } from "./problems-of.ts";

const mistakes = (text: string): string[] =>
  problemsWith(parseRecipe, RECIPE + text).map(
    ({ path, message, place }) => `${place?.line}:${place?.column} ${path}: ${message}`,
  );

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index));

const CONTROLS = [...range(0x00, 0x1f), ...range(0x7f, 0x9f)].filter((one) => !"\t\n".includes(one));
const DIRECTIONS = ["\u061c", "\u200e", "\u200f", ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)];
/** Every character in the form that JSON and YAML take for all of them. */
const escaped = (one: string): string => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;

describe("control characters and those that turn the direction are refused in every text", () => {
  const FIELDS: readonly (readonly [string, (text: string) => string])[] = [
    ["description", (text) => `description: "${text}"`],
    ["family", (text) => `family: "${text}"`],
    ["provision[0]", (text) => `provision: ["${text}"]`],
    ["provision[0].run", (text) => `provision: [{ run: "${text}" }]`],
    ["provision[0].environment.A", (text) => `provision: [{ run: x, environment: { A: "${text}" } }]`],
    ["test.commands[0]", (text) => `test: { commands: ["${text}"] }`],
    ["image.tags.a", (text) => `image: { tags: { a: "${text}" } }`],
    ["parameters.A.default", (text) => `parameters: { A: { default: "${text}" } }`],
    ["notify[0]", (text) => `notify: ["${text}"]`],
  ];
  for (const [path, line] of FIELDS)
    test(`at ${path}`, ({ expect }) => {
      const recipe = RECIPE.replace("family: web\n", path === "family" ? "" : "family: web\n");
      const number = recipe.split("\n").length;
      for (const [index, one] of [...CONTROLS, ...DIRECTIONS].entries()) {
        if (index % 3 !== path.length % 3 && one !== "\u001b") continue;
        const found = problemsWith(parseRecipe, `${recipe}${line(`a${escaped(one)}b`)}\n`);
        expect(found.map(({ message }) => message).join("\n"), codeOf(one)).toContain(
          `(${codeOf(one)})`.slice(CONTROLS.includes(one) ? 1 : 0, CONTROLS.includes(one) ? -1 : undefined),
        );
        expect(found, codeOf(one)).toHaveLength(1);
        expect(found[0]?.place?.line).toBe(number);
        expect(JSON.stringify(found)).not.toContain(one);
      }
    });
});

test("tabs and line breaks stay in texts of several lines", ({ expect }) => {
  expect(mistakes('provision: [{ run: "a\\tb\\nc\\r\\nd" }]\n')).toEqual([]);
});

test("one that stands in the text itself has its own column, and the rest is checked", ({ expect }) => {
  for (const one of ["\u0001", "\u001b", "\u007f", "\u0080", "\u009f"])
    expect(mistakes(`description: ab${one}c\ninputz: [a]\n`)).toEqual([
      `8:16 : the control character ${codeOf(one)} stands here; remove it`,
      "9:1 inputz: is not known; did you mean inputs?",
    ]);
  expect(() => parseRecipe("web", `${RECIPE}description: ab\u001bc\n`)).toThrow(
    "line 8: the control character U+001B",
  );
});

test("keys that every map of a program has are refused in the maps of users, too", ({ expect }) => {
  for (const key of ["__proto__", "constructor", "prototype"])
    for (const [map, path] of [
      [`image: { tags: { ${key}: x } }`, "image.tags"],
      [`provision: [{ run: x, environment: { ${key}: x } }]`, "provision[0].environment"],
      [`parameters: { ${key}: { default: x } }`, "parameters"],
      [`image: { ${key}: x }`, "image"],
    ] as const) {
      const found = mistakes(`${map}\n`);
      expect(found, map).toHaveLength(1);
      expect(found[0]).toMatch(new RegExp(`^8:\\d+ ${path.replaceAll(/[[\].]/g, "\\$&")}\\.${key}: `));
    }
});

test("invisible characters and letters of another alphabet are named in keys", ({ expect }) => {
  const invisible = [
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u17b4",
    "\u180e",
    "\u200b",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2060",
    "\u3164",
    "\ufe0f",
    "\uffa0",
    "\u0085",
    "\u2800",
  ];
  for (const one of invisible) {
    const [first = "", ...more] = mistakes(`"when${escaped(one)}Busy": queue\n`);
    expect(more).toEqual([]);
    expect(first, codeOf(one)).toContain(codeOf(one));
    expect(first).toContain("write whenBusy");
    expect(first).not.toContain(one);
  }
  for (const [key, name] of [
    ["whеnBusy", "the Cyrillic е (U+0435, which looks like e)"],
    ["whenΒusy", "the Greek Β (U+0392, which looks like B)"],
    ["ｗhenBusy", "the full-width ｗ (U+FF57)"],
    ["𝐰henBusy", "𝐰 (U+1D430)"],
  ] as const)
    expect(mistakes(`${key}: queue\n`)).toEqual([
      `8:1 ${key}: is not known: it holds ${name}; write whenBusy`,
    ]);
});

test("they are named in ids", ({ expect }) => {
  for (const [line, name] of [
    [
      "test: { vSwitchIds: [vsw-hаngzhou] }",
      "the Cyrillic а (U+0430, which looks like a), write vsw-hangzhou",
    ],
    [
      "test: { instanceTypes: [eсs.g7.large] }",
      "the Cyrillic с (U+0441, which looks like c), write ecs.g7.large",
    ],
    ['test: { securityGroupId: "sg-a\\u3164b" }', "the invisible Hangul filler (U+3164), write sg-ab"],
    ['test: { securityGroupId: "sg-a\\u2028b" }', "the invisible line separator (U+2028), write sg-ab"],
  ] as const)
    expect(mistakes(`${line}\n`).join("\n")).toContain(`it holds ${name}`);
});

test("words of another alphabet are no mistake of a text", ({ expect }) => {
  expect(mistakes("description: Образ для веб-серверов, αβγ 网站 web-сервер\n")).toEqual([]);
});

describe("full-width marks of a Chinese keyboard", () => {
  for (const [lines, first] of [
    [
      "provision:\n  - run: ｜\n      echo a: b\n      echo c",
      "9:10 : the mark before a text of several lines is the full-width ｜ (U+FF5C); write |",
    ],
    [
      "provision:\n  - run: ＞-\n      echo a",
      "9:10 : the mark before a text of several lines is the full-width ＞ (U+FF1E); write >",
    ],
    ["＃ 注释", "8:1 : the mark before the comment is the full-width ＃ (U+FF03)"],
    ["whenBusy: queue ＃ 注释", "8:17 : the mark before the comment is the full-width ＃ (U+FF03)"],
    ["whenBusy: queue\n  ＃ 注释", "9:3 : the mark before the comment is the full-width ＃ (U+FF03)"],
    ["retention: { keep: 5 } ＃ 注释", "8:24 : the mark before the comment is the full-width ＃ (U+FF03)"],
    ["description: ＂hello: world＂", "8:14 : the quote is the full-width ＂ (U+FF02); write 'hello: world'"],
    [
      "provision:\n  - run: ＇echo a: b＇",
      "9:10 : the quote is the full-width ＇ (U+FF07); write 'echo a: b'",
    ],
    ["provision:\n  - ＂echo a＂", "9:5 provision[0]: stands in the quotes ＂＂, which are part of the text"],
  ] as const)
    test(`in ${lines}`, ({ expect }) => {
      const found = mistakes(`${lines}\ninputz: [a]\n`);
      expect(found).toHaveLength(2);
      expect(found[0]?.startsWith(first), found[0]).toBe(true);
      expect(found[1]).toContain("inputz: is not known; did you mean inputs?");
    });

  test("programs without explanations refuse a text below ｜, too", ({ expect }) => {
    for (const mark of ["｜", "＞"])
      expect(() => parseRecipe("web", `${RECIPE}provision:\n  - run: ${mark}\n      echo\n`)).toThrow(
        "full-width",
      );
  });

  test("in a text of several lines they are part of the text", ({ expect }) => {
    expect(mistakes("provision:\n  - run: |\n      echo ＂x＂ ＃ y\n      echo a: ｜\n")).toEqual([]);
  });
});

test("a number is one mistake, however large it is, and is shown as it is written", ({ expect }) => {
  for (const number of [
    "9007199254740993",
    "99999999999999999999",
    "1e30",
    "0x1FFFFFFFFFFFFFFF",
    "1.10",
    "0o177777",
  ])
    for (const [parse, text, path] of [
      [parseFleet, `${FLEET}limits: { max: ${number} }\n`, "limits.max"],
      [parseRecipe, `${RECIPE}retention: { keep: ${number} }\n`, "retention.keep"],
      [parseRecipe, `${RECIPE}provision: [{ run: x, retries: ${number} }]\n`, "provision[0].retries"],
    ] as const)
      for (const explain of [help, explanations]) {
        const found = problemsOf(() => parse("web", text, explain));
        expect(
          found.map((one) => one.path),
          number,
        ).toEqual([path]);
        expect(found[0]?.message).toContain(`(it is ${number})`);
      }
  expect(mistakes("image: { version: 1.10 }\n")).toEqual([
    "8:19 image.version: must be text (it is 1.10); put quotes around it",
  ]);
  expect(mistakes("image: { version: [1.10] }\n")[0]).toContain("write '1.10', without");
});

test("a key in quotes has its line, whatever escapes it has", ({ expect }) => {
  for (const [key, name] of [
    ['"fam\\u0069ly2"', "family2"],
    ["'a''b'", "a'b"],
    ['"a\\tb"', "a\\u0009b"],
    ["0x1F", "31"],
    ["~", "null"],
  ] as const)
    expect(mistakes(`${key}: x\n`)[0]?.replace(/:.*?:.*/, (rest) => rest)).toMatch(
      new RegExp(`^8:[12] ${name.replaceAll("\\", "\\\\")}: is not known`),
    );
});

function problemsOf(parse: () => unknown): readonly { readonly path: string; readonly message: string }[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.problems;
  }
}
