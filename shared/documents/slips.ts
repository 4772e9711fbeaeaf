/**
 * Slips of the text that a YAML parser reports in its own words, or at another line: each is named here, and where the
 * intention is clear the line is read as it was meant, so that the rest of the document is checked too.
 */
import type { Place } from "../errors.ts";
import { nameOf, ODD_SPACE, plain } from "./characters.ts";
import { BLOCK } from "./unclosed.ts";
import {
  blockMark,
  oddDash,
  oddInBrackets,
  ordinaryMarks,
  wideHash,
  wideHashBehind,
  wideHashForValue,
  wideQuotes,
} from "./wide-slips.ts";
import { conflict, foreignComment, foreignMap } from "./other-notations.ts";
import { commandWithKeys, textBelow, withoutTabs } from "./entries.ts";
import { quote, quoteKey } from "./quotes.ts";
import { quoted } from "./written.ts";

/** A slip in one line, columns from 1. */
export interface Slip {
  readonly message: string;
  readonly place: Place;
  /** The line as it was meant. */
  readonly meant: string;
  /** The lines below it, as far as they are a part of the slip. */
  readonly also?: readonly string[];
}

export interface Line {
  readonly text: string;
  readonly number: number;
  /** Every line as it is read, and as it is written. */
  readonly lines?: readonly string[];
  readonly written?: readonly string[];
  /** The parser stopped here, at this column. */
  readonly stoppedAt?: number | undefined;
}

/** A slip at a column of its line. */
export type Found = Omit<Slip, "place"> & { readonly column: number; readonly length?: number };
type Rule = (line: Line) => Found | undefined;

const START = String.raw`^(\s*(?:- +)*)`;
const KEY = String.raw`["']?[\p{L}\w.-]+["']?`;
const match = (pattern: RegExp, { text }: Line): readonly string[] | undefined =>
  pattern.exec(text) ?? undefined;

/** A key and its value, as they are to be written. */
const pair = (key: string, value: string): string =>
  value.trim() === "" ? `${quoteKey(key)}:` : `${quoteKey(key)}: ${quote(value.trimEnd())}`;

/** The first of these spaces before the first visible character. */
const oddIndent: Rule = ({ text }) => {
  const [indent = ""] = /^[\s\p{Cf}-]*/u.exec(text) ?? [];
  const column = indent.search(ODD_SPACE) + 1;
  if (column === 0) return undefined;
  const meant =
    Array.from(indent)
      .map((one) => (one === "\u3000" ? "  " : plain(one)))
      .join("") + text.slice(indent.length);
  const message = `${nameOf(text[column - 1] ?? "")} stands at the beginning of the line; indent with ordinary spaces`;
  return { message, column, meant };
};

const tab: Rule = ({ text, number, lines = [], written = [] }) => {
  const [, before = ""] = /^( *)\t/.exec(text) ?? [];
  if (!/^ *\t/.test(text)) return undefined;
  const meant = withoutTabs(text, lines.slice(0, number - 1), written.slice(0, number - 1));
  return { message: "a tab is used for indentation; use spaces", column: before.length + 1, meant };
};

const FULL_COLON = new RegExp(`${START}(${KEY})：\\s*(.*)$`, "u");
const fullColon: Rule = (line) => {
  const [, before = "", key = "", given = ""] = match(FULL_COLON, line) ?? [];
  if (key === "") return undefined;
  const value = /^[[{［｛【]/u.test(given) ? ordinaryMarks(given) : given;
  const message = `the colon behind ${quoteKey(key)} is ${nameOf("：")}; write ${pair(key, value)}`;
  return { message, column: before.length + key.length + 1, meant: `${before}${key}: ${value}` };
};

const ODD_AFTER_COLON = new RegExp(`${START}(${KEY}):((?! )[\\p{Zs}\\p{Cf}]+)(.*)$`, "u");
const oddAfterColon: Rule = (line) => {
  const [, before = "", key = "", odd = "", value = ""] = match(ODD_AFTER_COLON, line) ?? [];
  if (key === "") return undefined;
  const message = `${nameOf(odd)} stands behind the colon of ${quoteKey(key)}; write an ordinary space`;
  return { message, column: before.length + key.length + 2, meant: `${before}${key}: ${value}` };
};

const TAB_INSIDE = new RegExp(`${START}(?:(${KEY}):|-) *(?=\\t)\\s*(.*)$`, "u");
/** A tab behind a colon or a dash is a space to YAML, but not before a list, a map or a key. */
const tabInside: Rule = (line) => {
  const [, before, key, value = ""] = match(TAB_INSIDE, line) ?? [];
  if (before === undefined) return undefined;
  const mark = key === undefined ? "-" : `${key}:`;
  const message = `a tab stands behind ${key === undefined ? "the -" : `the colon of ${quoteKey(key)}`}; write a space`;
  return { message, column: line.text.indexOf("\t") + 1, meant: `${before}${mark} ${value}` };
};

/** A word of the parser's complaint is not needed: `family:web` is a key in every place where the parser stops. */
const NO_SPACE = new RegExp(`${START}([A-Za-z][\\w-]*):([^\\s:/].*)$`, "u");
const noSpace: Rule = (line) => {
  const [, before = "", key = "", value = ""] = match(NO_SPACE, line) ?? [];
  if (key === "") return undefined;
  const message = `a space is missing behind the colon of ${quoteKey(key)}; write ${pair(key, value)}`;
  return { message, column: before.length + key.length + 1, meant: `${before}${key}: ${value}` };
};

/** `run: echo a: b`. The parser stops at the second colon. */
const SECOND_COLON = new RegExp(`${START}(${KEY}: +)([^'"\\[{|>&*!%@\`#].*: .*)$`, "u");
const secondColon: Rule = (line) => {
  const [, before = "", key = "", value = ""] = match(SECOND_COLON, line) ?? [];
  if (value === "" || (line.stoppedAt ?? 0) <= before.length + key.length) return undefined;
  const { message, meant } = quotedValue(key, value.trimEnd());
  return {
    message,
    column: before.length + key.length + 1,
    length: value.length,
    meant: `${before}${key}${meant}`,
  };
};

function quotedValue(key: string, value: string): Pick<Slip, "message" | "meant"> {
  const name = key.trim().slice(0, -1);
  if (/^acs: +[\w.-]+$/.test(value)) {
    const meant = value.replace(/\s+/g, "");
    return { message: `a space stands inside of a name; write ${pair(name, meant)}`, meant };
  }
  // One command, where a list of them stands.
  const isList = /^(?:provision|commands|steps):/.test(key);
  const meant = isList ? `[${quoted(value)}]` : quoted(value);
  const lines = isList ? "" : `, or written on the lines below ${quoteKey(name)}: |`;
  const whole = quote(`${name}: ${meant}`);
  return { message: `a text that contains ": " must be quoted${lines}; write ${whole}`, meant };
}

/** `- printf done: > file`. A key of a step has no spaces. */
const COLON_ITEM = new RegExp(`^(\\s*(?:- +)+)((?!${KEY}: )(?:[^'"[{|>&*!%@\`#\\s-]|-(?! )).*: .*)$`, "u");
const colonItem: Rule = (line) => {
  const [, before = "", value = ""] = match(COLON_ITEM, line) ?? [];
  if (value === "") return undefined;
  const meant = quoted(value.trimEnd());
  const message = `a text that contains ": " must be quoted; write ${quote(meant)}`;
  return { message, column: before.length + 1, length: value.length, meant: `${before}${meant}` };
};

/** `- [ -f /x ] && y`: the first character means something else in YAML. */
const SPECIAL = /^(\s*(?:(?:- +)+(?:[\w-]+: +)?|[\w-]+: +(?![!*&|>])))([[{@%*&!`|>"'])(.*)$/u;
/** A quote or bracket that has a mistake inside, or is not closed, and was meant as one. */
function isOwn(first: string, rest: string): boolean {
  if (/["']/.test(first)) return !rest.includes(first);
  return /[[{]/.test(first) && (!/[\]}]/.test(rest) || /^(?!\{).*[\]}]$/.test(rest));
}

const ESCAPE = /\\([0abtnvfre \t"/\\N_LP]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})|\\/g;

/** `"grep \d"`: a \ that begins no escape of YAML. Beside one that does it is not certain which of them are meant. */
const escaped: Rule = (line) => {
  const [, before = "", text = ""] = /^(.*?[-:[{,] +|\s*)("(?:[^"\\]|\\.)*")/.exec(line.text) ?? [];
  const found = Array.from(text.matchAll(ESCAPE));
  const bad = found.find(([, known]) => known === undefined);
  if (line.stoppedAt === undefined || bad === undefined) return undefined;
  const meant = text.replaceAll(ESCAPE, (one, known?: string) => (known === undefined ? "\\\\" : one));
  const isSure = found.every(([, known = "\\"]) => /["\\/]/.test(known));
  const message = `a \\ between double quotes begins an escape, and \\${text[bad.index + 1]} is none; ${isSure ? `write ${quote(meant)}` : "double each that is a \\ itself"}`;
  return {
    message,
    column: before.length + 1,
    length: text.length,
    meant: before + meant + line.text.slice(before.length + text.length),
  };
};

const special: Rule = (line) => {
  const [, before = "", first = "", rest = ""] = match(SPECIAL, line) ?? [];
  if (first === "" || line.stoppedAt === undefined || isOwn(first, rest.trimEnd())) return undefined;
  const isQuote = /["']/.test(first);
  const meant = inQuotes(`${first}${rest}`.trimEnd());
  const message = isQuote
    ? `text goes on behind the closing ${first}; put the whole text into quotes: ${quote(meant)}`
    : `a text that begins with ${first} must be quoted; write ${quote(meant)}`;
  return {
    message,
    column: before.length + 1,
    length: first.length + rest.length,
    meant: `${before}${meant}`,
  };
};

/** `* yum install`, a list of Markdown. */
const bullet: Rule = (line) => {
  const [, before = "", entry = ""] = match(/^(\s*)\* +(.*)$/, line) ?? [];
  if (entry === "") return undefined;
  const message = "an entry of a list begins with - and a space, not with *";
  return { message, column: before.length + 1, meant: `${before}- ${entry}` };
};

const BARE = new RegExp(`^( *)([A-Za-z][\\w-]*)( *[=;]|)(?: +([^\\s=:][^:]*|)| *)$`, "u");

/**
 * `family = web`, `family web`, `provision`: the parser goes on to the next colon, lines below.
 * @param isSure the parser says so; else a word alone counts, above a line further to the right
 */
export function withoutColon(
  lines: readonly string[],
  { line: last }: Place,
  isSure: boolean,
): Slip | undefined {
  let limit = Number.POSITIVE_INFINITY;
  for (const [line, text] of Array.from(ownLines(lines.slice(0, last))).toReversed()) {
    const indent = text.search(/\S/);
    if (indent < 0 || indent >= limit) continue;
    limit = line === last ? indent + 1 : indent;
    const slip = bareSlip(text, line);
    const isAbove = (lines[line] ?? "").search(/\S/) > indent;
    if (slip !== undefined && (isSure || (isAbove && slip.meant.endsWith(": ")))) return slip;
  }
  return undefined;
}

function bareSlip(text: string, line: number): Slip | undefined {
  const [, before = "", key = "", sign = "", value = ""] = BARE.exec(text) ?? [];
  if (key === "") return undefined;
  const message = `a key needs a colon and a space; write ${pair(key, value.replace(/\s+#.*$/, ""))}`;
  const column = before.length + key.length + (sign.length || 1);
  return { message, place: { line, column, length: 1 }, meant: `${before}${key}: ${value}` };
}

/** `'echo it's'`: the quotes around it were meant as such, when text follows the one that seems to close. */
function inQuotes(text: string): string {
  const meant = /^(["'])(?:(?!\1).)*\1\S.*\1$/.test(text) ? text.slice(1, -1) : text;
  return quoted(meant);
}

/** Rules for every line up to the one where the parser stopped, and those for that line alone. */
const ANYWHERE: readonly Rule[] = [
  conflict,
  foreignComment,
  wideHash,
  wideHashForValue,
  tab,
  oddDash,
  oddIndent,
  fullColon,
  oddAfterColon,
  noSpace,
  foreignMap,
];
/** A line separator and its like are no line breaks for YAML. */
const oddBreak: Rule = ({ text }) => {
  const column = text.search(/[\u0085\u2028\u2029]/) + 1;
  if (column === 0) return undefined;
  const message = `${nameOf(text[column - 1] ?? "")} stands in the line; write an ordinary line break`;
  return { message, column, meant: text.slice(0, column - 1) };
};

const WHERE_IT_STOPPED: readonly Rule[] = [
  oddBreak,
  tabInside,
  wideQuotes,
  oddInBrackets,
  wideHashBehind,
  bullet,
  secondColon,
  colonItem,
  escaped,
  special,
];

const isComment = (text: string): boolean => /^\s*#/.test(text);

/** Slips of a text that stands where a map or a list is expected. */
const SUSPECTS: readonly Rule[] = [foreignComment, wideHash, wideHashBehind, fullColon, oddDash, noSpace];

/** Whether a text, standing where a map or a list is expected, looks like an entry of one with a slip. */
export const isSuspect = (text: string): boolean => suspectIn(text, 1) !== undefined;

/** The slip of such a line. */
export function suspectIn(text: string, number: number, lines: readonly string[] = []): Slip | undefined {
  const slip = firstOf(SUSPECTS, { text, number, lines, stoppedAt: text.length });
  return slip && { ...slip, place: { ...slip.place, length: 1 } };
}

function rulesFor(linesAbove: number): readonly Rule[] {
  if (linesAbove === 0) return [...ANYWHERE, ...WHERE_IT_STOPPED];
  return ANYWHERE;
}

/** Lines of a text under `|` or `>` are as they are, and those of a comment; all others, with their numbers. */
export function* ownLines(lines: readonly string[]): Generator<readonly [number, string]> {
  let blockIndent: number | undefined;
  for (const [index, text] of lines.entries()) {
    const indent = text.search(/[^ ]|$/);
    if (blockIndent !== undefined && (indent > blockIndent || text.trim() === "")) continue;
    blockIndent = BLOCK.test(text) || blockMark({ text }) !== undefined ? indent : undefined;
    if (!isComment(text)) yield [index + 1, text];
  }
}

/** A full-width ｜ or ＞ where a text below begins: YAML reads it as the beginning of that text. */
export const wideMarks = (lines: readonly string[]): readonly Slip[] =>
  Array.from(ownLines(lines)).flatMap(([number, text]) => {
    const slip = blockMark({ text });
    return slip === undefined ? [] : [{ ...slip, place: { line: number, column: slip.column, length: 1 } }];
  });

/** The first slip that explains why the parser stopped at this place, both from 1. */
export function slipIn(
  lines: readonly string[],
  stopped: Place,
  written: readonly string[] = lines,
): Slip | undefined {
  return commandWithKeys(lines, stopped) ?? lineSlip(lines, stopped, written) ?? textBelow(lines, stopped);
}

function lineSlip(lines: readonly string[], stopped: Place, written: readonly string[]): Slip | undefined {
  for (const [number, text] of ownLines(lines.slice(0, stopped.line))) {
    const stoppedAt = number === stopped.line ? stopped.column : undefined;
    const slip = firstOf(rulesFor(stopped.line - number), { text, number, lines, written, stoppedAt });
    if (slip !== undefined) return slip;
  }
  return undefined;
}

function firstOf(rules: readonly Rule[], line: Line): Slip | undefined {
  for (const rule of rules) {
    const found = rule(line);
    if (found === undefined) continue;
    const { column, length = 1, ...rest } = found;
    return { ...rest, place: { line: line.number, column, length } };
  }
  return undefined;
}
