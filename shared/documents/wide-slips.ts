/** Rules of slips.ts for dashes, commas, colons, quotes and other marks of a Chinese input method. */
import { nameOf, ordinary } from "./characters.ts";
import { quote } from "./quotes.ts";
import type { Found, Line } from "./slips.ts";
import { quoted } from "./written.ts";

const ODD_DASH = /^(\s*)([—－–−])[\s\u3000]*(.*)$/u;
const ODD_BEHIND_DASH = /^(\s*-)((?! )[\p{Zs}\p{Cf}])[\s\p{Cf}]*(.*)$/u;

/** `— yum install`, `-` and an ideographic space: an entry of a list. */
export function oddDash({ text }: { readonly text: string }): Found | undefined {
  const [, indent = "", dash = "", entry = ""] = ODD_DASH.exec(text) ?? [];
  if (dash !== "") {
    const message = `the dash is ${nameOf(dash)}; begin each entry of a list with - and a space`;
    return { message, meant: `${indent}- ${entry}`, column: indent.length + 1 };
  }
  const [, before = "", odd = "", rest = ""] = ODD_BEHIND_DASH.exec(text) ?? [];
  if (odd === "") return undefined;
  const message = `${nameOf(odd)} stands behind the -; write an ordinary space`;
  return { message, meant: `${before} ${rest}`, column: before.length + 1 };
}

const QUOTED_OR_ODD = /"(?:[^"\\]|\\.)*"|'[^']*'|[，、：；“”‘’「」【】［］｛｝＂＇]/gu;
const SPACED = new Set(["，", "、", "；", "："]);
/** Between two entries nothing but a comma is meant. */
const inBrackets = (mark: string): string => (mark === "；" ? "," : ordinary(mark));

/** `["a"，"b"]`, `{ max: 10，perHour: 3 }`: everything of this kind between brackets and outside of quotes. */
export function oddInBrackets({ text }: { readonly text: string }): Found | undefined {
  const [, before] = /^(\s*(?:- +)*(?:[^\s:"']+: +)?)[[{［｛【]/u.exec(text) ?? [];
  if (before === undefined) return undefined;
  const from = before.length;
  const inside = text.slice(from);
  const odd = Array.from(inside.matchAll(QUOTED_OR_ODD)).find(([mark]) => mark.length === 1);
  if (odd === undefined) return undefined;
  const message = `${nameOf(odd[0])} stands in a list or map in brackets; write ${inBrackets(odd[0])}`;
  return { message, meant: text.slice(0, from) + ordinaryMarks(inside), column: from + odd.index + 1 };
}

/** A list or map in brackets with ordinary ones, commas and colons, as far as they stand outside of quotes. */
export const ordinaryMarks = (text: string): string =>
  text.replaceAll(QUOTED_OR_ODD, (mark) =>
    mark.length > 1 ? mark : `${inBrackets(mark)}${SPACED.has(mark) ? " " : ""}`,
  );

const BLOCK_MARK = /^(\s*(?:- +)*(?:["']?[\p{L}\w.-]+["']?: +)?)([｜＞])([+\d-]*\s*(?:#.*)?)$/u;

/** `run: ｜`: the text below it is meant. */
export function blockMark({ text }: { readonly text: string }): Found | undefined {
  const [, before = "", mark = "", rest = ""] = BLOCK_MARK.exec(text) ?? [];
  if (mark === "" || before.trim() === "") return undefined;
  const message = `the mark before a text of several lines is ${nameOf(mark)}; write ${ordinary(mark)}`;
  return { message, meant: `${before}${ordinary(mark)}${rest}`, column: before.length + 1 };
}

/** `＃ a comment` on a line of its own. */
export const wideHash = ({ text }: { readonly text: string }): Found | undefined =>
  hashAt(text, /^\s*＃/.test(text) ? text.indexOf("＃") : -1);

/** `test: ＃ a comment` above its keys. */
export function wideHashForValue({ text, number, lines = [] }: Line): Found | undefined {
  const isAbove = (lines[number] ?? "").search(/\S/) > text.search(/[^\s-]/);
  return hashAt(text, isAbove ? text.search(/(?<=:\s+)＃/) : -1);
}

/** `max: 3 ＃ a comment`. */
export const wideHashBehind = ({ text }: { readonly text: string }): Found | undefined =>
  hashAt(text, text.search(/(?<=[\s\u3000\]}])＃/));

function hashAt(text: string, at: number): Found | undefined {
  if (at < 0) return undefined;
  const message = `the mark before the comment is ${nameOf("＃")}; write # and, behind a value, a space before it`;
  return { message, meant: `${text.slice(0, at).trimEnd()} #${text.slice(at + 1)}`, column: at + 1 };
}

const WIDE_QUOTES =
  /^(\s*(?:- +)*(?:["']?[\p{L}\w.-]+["']?: +)?)([＂＇“”‘’「])(.*)([＂＇“”‘’」])(\s*(?:#.*)?)$/u;

/** `run: ＂echo a: b＂`: quotes that YAML does not know. */
export function wideQuotes({ text }: { readonly text: string }): Found | undefined {
  const [, before = "", open = "", inner = "", , rest = ""] = WIDE_QUOTES.exec(text) ?? [];
  if (open === "") return undefined;
  const message = `the quote is ${nameOf(open)}; write ${quote(quoted(inner))}`;
  return { message, meant: `${before}${quoted(inner)}${rest}`, column: before.length + 1 };
}
