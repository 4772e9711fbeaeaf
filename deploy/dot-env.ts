/** The file `.env` beside s.yaml. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual, parseEnv } from "node:util";

type Variables = Readonly<Record<string, string>>;

/** Its text; empty without the file. */
function textIn(root: string): string {
  const path = join(root, ".env");
  // Editors on Windows begin a file with a mark.
  return existsSync(path) ? readFileSync(path, "utf8").replace(/^\uFEFF/, "") : "";
}

const parsed = (text: string): Variables =>
  Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );

/** The variables of `.env` in the folder `root` that have a value; none without the file. */
export const readDotEnv = (root: string): Variables => parsed(textIn(root));

/** A variable with all of its lines: as in the parser of Node, a quote that is closed on a later line goes on to there. */
const assignment = (name: string): RegExp =>
  new RegExp(
    `^[^\\S\\n]*(?:export[^\\S\\n]+)?${name}[^\\S\\n]*=[^\\S\\n]*(?:(['"\`])[^]*?\\1[^\\n]*|[^\\n]*)(?:\\n|$)`,
    "gm",
  );

/** Whether the variables of a text are these, besides the named one. */
const has = (text: string, name: string, others: Variables): boolean =>
  isDeepStrictEqual({ ...parsed(text), [name]: "" }, { ...others, [name]: "" });

/** A text in which only this variable is another; undefined where `readDotEnv` would read something else. */
function withVariable(before: string, name: string, value: string): string | undefined {
  const others = parsed(before);
  let [rest, at] = [before, before.length];
  for (const { index, 0: lines } of [...before.matchAll(assignment(name))].toReversed()) {
    const cut = rest.slice(0, index) + rest.slice(index + lines.length);
    // Lines of another variable's value may look like it.
    if (has(cut, name, others)) [rest, at] = [cut, index];
  }
  const head = rest.slice(0, at).replace(/(?<=[^\n])$/, "\n");
  const text = `${head}${name}='${value}'\n${rest.slice(at)}`;
  return has(text, name, others) && parsed(text)[name] === value ? text : undefined;
}

/**
 * Prepares a change of one variable; the answer makes it, at once and readable for the owner of the file only.
 * Undefined for a file that does not allow it, or a value with a quote.
 */
export function changeDotEnv(root: string, name: string, value: string): (() => void) | undefined {
  const text = withVariable(textIn(root), name, value);
  const path = join(root, ".env");
  if (text === undefined) return undefined;
  return () => {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
}
