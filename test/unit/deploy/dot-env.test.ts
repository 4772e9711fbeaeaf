/** One variable of `.env` is changed, and the reader of `deploy` finds exactly that. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { test } from "vitest";
import { changeDotEnv, readDotEnv } from "../../../deploy/dot-env.ts";

const NAME = "KILN_CALLERS";
const VALUE = '{"ci":{"secrets":["it\\u0027s-\\n-new"]}}';

function changed(before: string, value = VALUE) {
  const root = mkdtempSync(join(tmpdir(), "kiln-dot-env-"));
  writeFileSync(join(root, ".env"), before);
  const others = readDotEnv(root);
  changeDotEnv(root, NAME, value)?.();
  return { others, after: readDotEnv(root), text: readFileSync(join(root, ".env"), "utf8") };
}

const MULTI = `A=1\nKILN_CALLERS='{\n  "ci": {\n    "secrets": ["old-secret"]\n  }\n}' # of ci\nB=2\n`;

test.for([
  ["no file's content", ""],
  ["no line of it", "A=1\nB=2"],
  ["one line", "A=1\nKILN_CALLERS={}\nB=2\n"],
  ["a value of several lines", MULTI],
  ["a value of several lines and of Windows", MULTI.replaceAll("\n", "\r\n")],
  [
    "two lines, of which the last counts",
    `KILN_CALLERS='{"a":1}'\nA=1\nexport KILN_CALLERS='old-secret'\nB=2`,
  ],
  ["an empty one and another", `KILN_CALLERS=\nA=1\n${MULTI}`],
  ["a mark of an editor", `\uFEFFKILN_CALLERS=old-secret\nA=1\n`],
  ["a quote that nothing closes", "A=1\nKILN_CALLERS='old-secret\nB=2"],
  ["a variable with a longer name", "KILN_CALLERS_OLD=1\nMY_KILN_CALLERS=2\nKILN_CALLERS=`old-secret`"],
  ["a comment", "# KILN_CALLERS=3\n  KILN_CALLERS = old-secret\nA=1 # KILN_CALLERS=4\n"],
  ["another value that looks like it", `NOTE="\nKILN_CALLERS=mine\n"\nKILN_CALLERS=old-secret`],
])(
  "of a .env with %s only the variable is another, and nothing of the old value stays",
  ([, before = ""], { expect }) => {
    const { others, after, text } = changed(before);
    expect(after).toEqual({ ...others, [NAME]: VALUE });
    expect(text).not.toContain("old-secret");
    expect(text.match(/^ *(?:export )?KILN_CALLERS *=(?!mine)/gm)).toHaveLength(1);
  },
);

test("whatever .env holds, every other variable keeps its value, or the file stays as it is", ({
  expect,
}) => {
  const part = fc.constantFrom(
    "KILN_CALLERS=",
    "A=",
    "B=",
    "'",
    '"',
    "`",
    "\n",
    "x",
    "#",
    " ",
    "{}",
    "\r\n",
    "export ",
    "=",
  );
  const wrong = fc.sample(fc.array(part, { maxLength: 14 }), 100).filter((parts) => {
    const before = parts.join("");
    const { others, after, text } = changed(before);
    return text !== before && !isDeepStrictEqual(after, { ...others, [NAME]: VALUE });
  });
  expect(wrong).toEqual([]);
});

test("a value with the quote that .env has around it is not written", ({ expect }) => {
  expect(changed("A=1\n", "it's").text).toBe("A=1\n");
});
