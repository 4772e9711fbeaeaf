/** Rules of slips.ts for habits of other notations: comments of programs, maps of HCL, marks of a merge in Git. */
import { quote, quoteKey } from "./quotes.ts";
import type { Found, Line } from "./slips.ts";

const CONFLICT = /^<{7}(?:\s|$)/;

/** Of the two versions of a merge conflict the first is read. */
export function conflict({ text, number, lines = [] }: Line): Found | undefined {
  if (!CONFLICT.test(text)) return undefined;
  const below = lines.slice(number);
  const [middle, end] = [
    below.findIndex((one) => /^={7}\s*$/.test(one)),
    below.findIndex((one) => /^>{7}/.test(one)),
  ];
  if (middle < 0 || end < middle) return undefined;
  const also = below.slice(0, end + 1).map((one, index) => (index < middle ? one : ""));
  const message =
    "a merge in Git left both versions; keep one of them, and remove the lines with <<<<<<<, ======= and >>>>>>>";
  return { message, meant: "", also, column: 1, length: text.trimEnd().length };
}

const COMMENT = /^(\s*)(\/\/|\/\*|--(?=\s)|<!--|;)/;
/** In JSON a comment may stand behind a value. */
const BEHIND = /^(\s*(?:"(?:[^"\\]|\\.)*"|[^"/])*[,[{\s])(\/\/|\/\*)/;

/** Above the keys of a map, or the entries of a list. */
const ABOVE = /^(\s*(?:- +)*[^\s:]+:\s+)(\/\/|\/\*|--(?=\s)|<!--)/;

/** `// a comment`, with those right below it; of one that goes on, all lines. */
export function foreignComment(line: Line): Found | undefined {
  const { text, number, lines = [] } = line;
  const [whole, before = "", mark = ""] = commentIn(line) ?? [];
  if (whole === undefined) return undefined;
  const below = lines.slice(number);
  const isOpen = mark === "/*" && !text.includes("*/");
  const end = below.findIndex((one) => (isOpen ? one.includes("*/") : !COMMENT.test(one)));
  const also = below.slice(0, end + (isOpen ? 1 : 0)).map(() => "");
  const message = `a comment begins with #, and not with ${mark}; write # before it`;
  return { message, meant: before.trimEnd(), also, column: before.length + 1, length: mark.length };
}

function commentIn({ text, number, lines = [], stoppedAt }: Line): RegExpExecArray | null {
  const isAbove = (lines[number] ?? "").search(/\S/) > text.search(/[^\s-]/);
  const own = COMMENT.exec(text) ?? (isAbove ? ABOVE.exec(text) : null);
  return own ?? (stoppedAt === undefined ? null : BEHIND.exec(text));
}

const ASSIGNED = /^(\s*)([A-Za-z][\w-]*) *=? *(\{|\[)(.*)$/;
const OWN = /"(?:[^"\\]|\\.)*"|'[^']*'/g;

/** `idle = { action = "stop" }`, and `idle {` with its keys on lines of their own. */
export function foreignMap({ text, number, lines = [] }: Line): Found | undefined {
  const [, before = "", key = "", open = "", rest = ""] = ASSIGNED.exec(text) ?? [];
  if (key === "") return undefined;
  const column = before.length + key.length + 1;
  const below = rest.trim() === "" ? lines.slice(number, closedAt(lines, number - 1)) : [];
  const [first = "", ...also] = [open + rest, ...below].map(asFlow);
  const said =
    also.length === 0
      ? `write ${quoteKey(key)}: ${quote(first.replace(/,$/, ""))}`
      : `write ${quoteKey(key)}: and the keys below it, each as key: value, without braces`;
  const meant = `${before}${key}: ${also.length === 0 ? first.replace(/,$/, "") : first}`;
  return { message: `a key needs a colon and a space; ${said}`, meant, also: closing(also), column };
}

/** Where the bracket closes that opens at the end of a line: the number of that line. */
function closedAt(lines: readonly string[], from: number): number {
  let depth = 0;
  for (const [index, text] of lines.slice(from).entries()) {
    const bare = text.replaceAll(OWN, "");
    depth += (bare.match(/[[{]/g)?.length ?? 0) - (bare.match(/[\]}]/g)?.length ?? 0);
    if (depth <= 0) return from + index + 1;
  }
  return from + 1;
}

/** A line of HCL as one of a map in brackets. */
const asFlow = (text: string): string =>
  text
    .replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'|\s*=\s*|(?<=\w) *(?=\{\s*$)/g, (part) =>
      /^["']/.test(part) ? part : ": ",
    )
    .replace(/(?<=[^\s,[{])\s*$/, ",");

/** A map in brackets ends further to the right than its key. */
const closing = (lines: readonly string[]): readonly string[] =>
  lines.map((text, index) => `  ${index === lines.length - 1 ? text.replace(/,$/, "") : text}`);
