/** Characters of a Chinese input method: each is named at its place, and none becomes part of a command or a name. */
import { describe, test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { FLEET, problemsWith, RECIPE } from "./problems-of.ts";

const mistakes = (parse: typeof parseRecipe | typeof parseFleet, text: string): string[] =>
  problemsWith(parse, text).map(({ message, place }) => `${place?.line}:${place?.column} ${message}`);

const inRecipe = (more: string): string[] => mistakes(parseRecipe, `${RECIPE}${more}`);

describe("a step that begins with one of its keys is no command", () => {
  const values = { name: "x", run: "echo", script: "scripts/x.sh", reboot: "true", timeout: "5m" };
  for (const [key, value] of Object.entries(values))
    test(`the key ${key}`, ({ expect }) => {
      for (const colon of ["：", "： ", " ：", "　", ":"]) {
        for (const list of ["provision:\n", "test:\n  commands:\n  "]) {
          const [first = ""] = inRecipe(`${list}  - ${key}${colon}${value}\n`);
          expect(first, `${key}${colon}`).toMatch(/full-width|space is missing|without a colon/);
          expect(first).toMatch(/^(9|10):/);
        }
      }
    });

  test("the functions refuse it too, without the help that names the character", ({ expect }) => {
    for (const step of ["run：echo", "name: setup".replace(": ", "："), "run:echo", "— echo", "（echo）"])
      expect(() => parseRecipe("web", `${RECIPE}provision: ["${step}"]\n`), step).toThrow("provision");
  });

  test("other words before a full-width colon are text", ({ expect }) => {
    expect(inRecipe("provision:\n  - echo 注意：完成\n  - echo runner：x || true\n  - http:x\n")).toEqual([]);
  });
});

test("in brackets it is named at its place, once", ({ expect }) => {
  const documents = {
    'test:\n  commands: ["true"，"false"]\n': "9:20 the full-width ，",
    'test:\n  commands: ["true"、"false"]\n': "9:20 the full-width 、",
    "test: {commands：[a]}\n": "8:16 the full-width ：",
    "test: { commands: [a]， timeout: 5m }\n": "8:22 the full-width ，",
    "test: ｛commands: [a]｝\n": "8:7 the full-width ｛",
    'test:\n  commands: ["a”]\n': "9:16 the full-width ”",
    "provision:\n  - { run: a，timeout: 5m }\n": "9:13 the full-width ，",
  };
  for (const [text, found] of Object.entries(documents)) {
    const [only, ...more] = inRecipe(text);
    expect(more, text).toEqual([]);
    expect(only?.startsWith(found), `${text} ${only}`).toBe(true);
  }
  expect(mistakes(parseFleet, `${FLEET}limits: { max: 10， perHour: 3 }\n`)).toEqual([
    "6:18 the full-width ， (U+FF0C) stands in a list or map in brackets; write ,",
  ]);
  expect(mistakes(parseFleet, `${FLEET}limits： { max: 10 }\n`)).toEqual([
    "6:7 the colon behind limits is the full-width ： (U+FF1A); write limits: { max: 10 }",
  ]);
});

test("dashes, brackets and spaces at the beginning of an entry", ({ expect }) => {
  for (const dash of ["—", "－", "–", "−"]) {
    expect(inRecipe(`provision:\n  ${dash} a\n  ${dash} b\n`)).toEqual(
      [9, 10].map((line) =>
        expect.stringMatching(new RegExp(`^${line}:3 the dash is the full-width ${dash}`)),
      ),
    );
    expect(inRecipe(`provision:\n  - a\n  ${dash} b\n`)).toHaveLength(1);
    expect(inRecipe(`provision: [${dash} b]\n`)[0]).toContain(`begins with ${dash}`);
  }
  for (const [space, name] of [
    ["\u3000", "ideographic space"],
    ["\u00a0", "no-break space"],
    ["\u200b", "zero-width space"],
  ] as const) {
    expect(inRecipe(`provision:\n  -${space}yum install\n`)).toEqual([
      expect.stringMatching(new RegExp(`^9:4 the invisible ${name} `)),
    ]);
  }
  for (const bracket of ["（a）", "【a】", "［a］", "｛a｝"])
    expect(inRecipe(`provision:\n  - ${bracket}\n`)[0]).toContain(`begins with ${bracket[0]}`);
});

test("names and ids take none of them, and no suggestion holds one", ({ expect }) => {
  const written = {
    "family: acs:alibaba_cloud_linux_3_2104_lts_x64": ["acs：alibaba", "“acs:a”", "acs:a，b", "acs:x y/z<>"],
    "ecs.g7.large": ["ecs．g7.large", "【ecs.g7.large】"],
    "vsw-hangzhou-h": ["vsw－hangzhou", "vsw-a，vsw-b"],
    "sg-default0001": ["sg-default0001；"],
  };
  for (const [sound, values] of Object.entries(written))
    for (const value of values) {
      const key = sound.startsWith("family") ? "family: " : "";
      const found = mistakes(parseRecipe, RECIPE.replace(sound, `${key}${value}`));
      expect(found, value).toHaveLength(1);
      expect(found[0]?.split("write ")[1] ?? "", value).not.toMatch(/[\uff01-\uff5e“”【】]/);
    }
  const image = RECIPE.replace(/family: acs.*/, "image: ｍ-bp1");
  expect(mistakes(parseRecipe, image)[0]).toContain("must be the id of an image");
});
