/** Patterns of the shell (`*.tar`, `[!a-z]`, `@(a|b)`) as regular expressions. A backslash makes a character plain. */
import { setFlagsFromString } from "node:v8";

// Patterns of scripts may backtrack for hours. Past a bound the engine goes on with one that takes linear time.
setFlagsFromString("--enable-experimental-regexp_engine_on_excessive_backtracks");

const CLASSES: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z",
  digit: "0-9",
  alnum: "a-zA-Z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: String.raw`\s`,
  blank: String.raw` \t`,
  punct: String.raw`!-\/:-@\[-\x60{-~`,
  xdigit: "0-9A-Fa-f",
  cntrl: String.raw`\x00-\x1f\x7f`,
};

export const escapeRegExp = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);

/** Escapes what a pattern would read as more than a character. */
export const plain = (text: string): string => text.replaceAll(/[*?[\]\\()|!@+]/g, String.raw`\$&`);

const kept = new Map<string, RegExp>();

/** @param pattern matches the whole text. */
export function toRegExp(pattern: string, isDeaf = false): RegExp {
  const key = `${isDeaf} ${pattern}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size > 1000) kept.clear();
  const made = new RegExp(`^(?:${sourceOf(pattern)})$`, isDeaf ? "si" : "s");
  kept.set(key, made);
  return made;
}

/** The expression of a pattern, for use in a longer one. */
export function sourceOf(pattern: string): string {
  let source = "";
  for (let at = 0; at < pattern.length;) {
    const [text, length] = piece(pattern, at);
    source += text;
    at += length;
  }
  return source;
}

function piece(pattern: string, at: number): readonly [source: string, length: number] {
  const char = pattern[at] ?? "";
  if (char === "\\") return [escapeRegExp(pattern[at + 1] ?? "\\"), 2];
  if (/[?*+@!]/.test(char) && pattern[at + 1] === "(") {
    const end = closing(pattern, at + 1);
    if (end !== -1) return [extended(char, pattern.slice(at + 2, end)), end + 1 - at];
  }
  if (char === "*") return [".*", 1];
  if (char === "?") return [".", 1];
  if (char === "[") return bracket(pattern, at);
  return [escapeRegExp(char), 1];
}

function bracket(pattern: string, at: number): readonly [source: string, length: number] {
  const match = /^\[([!^]?)((?:\]|\[:\w+:\]|\\.|[^\]\\])(?:\[:\w+:\]|\\.|[^\]\\])*)\]/s.exec(
    pattern.slice(at),
  );
  if (match === null) return [String.raw`\[`, 1];
  const [whole, not = "", body = ""] = match;
  const inner = body.replaceAll(/\[:(\w+):\]|\\(.)|([[\]^\\])/gs, (all, name?: string, escaped?: string) => {
    if (name !== undefined) return CLASSES[name] ?? "";
    return escaped === undefined ? `\\${all}` : `\\${escaped}`;
  });
  return [`[${not === "" ? "" : "^"}${inner}]`, whole.length];
}

function extended(operator: string, body: string): string {
  const choices = `(?:${alternatives(body).map(sourceOf).join("|")})`;
  if (operator === "!") return `(?!${choices}$).*`;
  return operator === "@" ? choices : choices + operator;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at;
  }
  return -1;
}

function alternatives(body: string): string[] {
  const found = [""];
  let depth = 0;
  for (const char of body) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "|" && depth === 0) found.push("");
    else found[found.length - 1] += char;
  }
  return found;
}

/** `${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`: the text without the shortest or longest match at one end. */
export function trimmed(operator: string, text: string, pattern: string): string {
  const matcher = toRegExp(pattern);
  const lengths = Array.from({ length: text.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  const isStart = operator.startsWith("#");
  const found = lengths.find((length) =>
    matcher.test(isStart ? text.slice(0, length) : text.slice(text.length - length)),
  );
  if (found === undefined) return text;
  return isStart ? text.slice(found) : text.slice(0, text.length - found);
}

/** `${v/p/r}` and its relatives. */
export function replaced(operator: string, text: string, pattern: string, replacement: string): string {
  if (pattern === "" && operator !== "/#" && operator !== "/%") return text;
  const source = `(?:${sourceOf(pattern)})`;
  const anchored = operator === "/#" ? `^${source}` : operator === "/%" ? `${source}$` : source;
  return text.replace(new RegExp(anchored, operator === "//" ? "gs" : "s"), () => replacement);
}
