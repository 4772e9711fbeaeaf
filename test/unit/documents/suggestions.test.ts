/** A suggestion is written in place of the line that it is about: it parses, and gives exactly what stood there. */
import { describe, test } from "vitest";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { problemsWith, RECIPE } from "./problems-of.ts";

const WITH_STEPS = `${RECIPE}provision:
`;

const read = (provision: string) => parseRecipe("web", WITH_STEPS + provision, help);

const messages = (provision: string): readonly string[] =>
  problemsWith(parseRecipe, WITH_STEPS + provision).map(({ message }) => message);

/** The quoted text at the end of a message. */
const suggested = (message = ""): string | undefined =>
  /(?:write|quotes:|quoted:) (?:run: )?('(?:[^']|'')*')$/.exec(message)?.[1];

/** A reproducible choice: the same words in the same order on every machine. */
function chooser(seed: number): (words: readonly string[]) => string {
  let state = seed;
  return (words) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return words[Math.floor((state / 2_147_483_648) * words.length)] ?? "";
  };
}

const FIRST = ["echo", "curl -d", "-x", "sed -i", "it's", "printf", "/bin/x -a", "curl http://a:80/b"];
const WORDS = [
  ...'a it\'s \'b c\' "d" {b} [1, 007 1.50 ~ done $X #c \\n | > & true http://x:1 {"a":1} 2026-01-01 你好 “x” @y %z `d`'.split(
    " ",
  ),
  "",
  "two  spaces",
];

describe("commands with a colon and a space", () => {
  const choose = chooser(7);
  const commands = Array.from({ length: 400 }, () => {
    const some = () => [choose(WORDS), choose(WORDS)].filter((word) => word !== "").join(" ");
    return [`${choose(FIRST)} ${some()}${choose(["a", "'b'", ")"])}: ${some()}`, choose(["", ": x", ":"])]
      .join("")
      .trimEnd();
  });
  const shapes: Readonly<Record<string, (command: string) => string>> = {
    "an entry of a list": (command) => `  - ${command}\n`,
    "the last of several": (command) => `  - "true"\n  - ${command}\n`,
    "the key run": (command) => `  - run: ${command}\n`,
  };
  for (const [shape, write] of Object.entries(shapes))
    test(`as ${shape}`, ({ expect }) => {
      for (const command of new Set(commands)) {
        // No shell takes a quote that is open.
        if (messages(`  - '${command.replaceAll("'", "''")}'\n`).length > 0) continue;
        const found = messages(write(command));
        // A comment, or a text in quotes of its own, hides the colon from YAML.
        if (found.length === 0 || found[0]?.includes("not closed")) continue;
        const text = suggested(found[0]);
        expect(text, `${command}\n${found.join("\n")}`).toBeDefined();
        const step = read(write(text ?? "")).provision.at(-1);
        expect(step).toMatchObject({ kind: "run", command });
      }
    });

  test("inside of brackets", ({ expect }) => {
    for (const command of ["echo a: b", "echo ok: 007", "echo 'it': 1.50", "echo done:", "echo x: ~"]) {
      const found = messages(`  ["true", ${command}, "false"]\n`);
      expect(found, command).toHaveLength(1);
      expect(suggested(found[0]), command).toBe(`'${command.replaceAll("'", "''")}'`);
    }
  });

  test("without a text to show when the command goes on below", ({ expect }) => {
    const [only, ...more] = messages("  - yum install:\n      - nginx\n      - vim\n");
    expect(more).toEqual([]);
    expect(only).toMatch(/must be quoted, or written on the lines below run: \|$/);
  });
});

test("entries that YAML reads as truth values, numbers or lists are written again in quotes", ({
  expect,
}) => {
  for (const command of ["true", "false", "007", "1.50", "0x1F", "[ -f /x ]"]) {
    const [only, ...more] = messages(`  - ${command}\n`);
    expect(more, command).toEqual([]);
    expect(suggested(only), command).toBe(`'${command}'`);
  }
});
