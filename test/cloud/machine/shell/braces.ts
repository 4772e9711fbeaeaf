/** `{a,b}` and `{1..3}`: one word becomes several, before anything else is expanded. */
import type { Word } from "unbash";
import { readWord } from "./source.ts";
import type { Dialect } from "./source.ts";

/** @param spend pays for the characters that are made */
export function braced(word: Word, dialect: Dialect, spend: (count: number) => void): readonly Word[] {
  const at = word.parts?.some((part) => part.type === "BraceExpansion") ?? false;
  if (!at || dialect === "dash") return [word];
  const texts = alternatives(word.text, spend);
  return texts.length === 1 && texts[0] === word.text
    ? [word]
    : texts.flatMap((text) => readWord(text) ?? readWord('""') ?? []);
}

function alternatives(text: string, spend: (count: number) => void): string[] {
  const found = firstBrace(text, spend);
  if (found === undefined) return [text];
  const { open, close, choices } = found;
  const tails = alternatives(text.slice(close + 1), spend);
  const head = text.slice(0, open);
  const heads = choices.flatMap((choice) => alternatives(choice, spend));
  spend(heads.length * tails.length * WORD);
  return heads.flatMap((choice) => tails.map((tail) => head + choice + tail));
}

interface Brace {
  readonly open: number;
  readonly close: number;
  readonly choices: readonly string[];
}

function firstBrace(text: string, spend: (count: number) => void): Brace | undefined {
  for (let open = 0; open < text.length; open = skipped(text, open)) {
    if (text[open] !== "{") continue;
    const brace = braceAt(text, open, spend);
    if (brace !== undefined) return brace;
  }
  return undefined;
}

/** The offset behind a quoted text, an expansion or one character. */
function skipped(text: string, at: number): number {
  if (text[at] === "\\") return at + 2;
  if (/['"`]/.test(text[at] ?? "")) {
    const close = text.indexOf(text[at] ?? "", at + 1);
    return close === -1 ? text.length : close + 1;
  }
  if (text[at] !== "$" || !/[{(]/.test(text[at + 1] ?? "")) return at + 1;
  return closing(text, at + 1);
}

/** The offset behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  const [first, last] = text[open] === "{" ? ["{", "}"] : ["(", ")"];
  let depth = 0;
  for (let to = open; to < text.length; to++) {
    if (text[to] === first) depth++;
    if (text[to] === last && --depth === 0) return to + 1;
  }
  return text.length;
}

function braceAt(text: string, open: number, spend: (count: number) => void): Brace | undefined {
  const commas: number[] = [];
  let depth = 1;
  for (let at = open + 1; at < text.length; at = skipped(text, at)) {
    if (text[at] === "{") depth++;
    if (text[at] === "," && depth === 1) commas.push(at);
    if (text[at] !== "}" || --depth > 0) continue;
    const body = text.slice(open + 1, at);
    const ends = [open, ...commas, at];
    const listed = ends.slice(1).map((end, index) => text.slice((ends[index] ?? 0) + 1, end));
    const choices = commas.length > 0 ? listed : sequence(body, spend);
    return choices === undefined ? undefined : { open, close: at, choices };
  }
  return undefined;
}

/** How many characters a word costs, its object included. */
const WORD = 50;

/** `1..5`, `01..10..2`, `a..e`. */
function sequence(body: string, spend: (count: number) => void): string[] | undefined {
  const match = /^(?:(-?\d+)\.\.(-?\d+)|([A-Za-z])\.\.([A-Za-z]))(?:\.\.(-?\d+))?$/.exec(body);
  if (match === null) return undefined;
  const [, first, last, letter, lastLetter, by = "1"] = match;
  const step = Math.max(1, Math.abs(Number(by)));
  if (letter !== undefined && lastLetter !== undefined) {
    const codes = steps(letter.codePointAt(0) ?? 0, lastLetter.codePointAt(0) ?? 0, step, spend);
    return codes.map((code) => String.fromCodePoint(code));
  }
  const ends = [first ?? "", last ?? ""];
  const width = ends.some((end) => /^-?0\d/.test(end)) ? Math.max(...ends.map((end) => end.length)) : 0;
  return steps(Number(first), Number(last), step, spend).map((value) => String(value).padStart(width, "0"));
}

function steps(from: number, to: number, step: number, spend: (count: number) => void): number[] {
  const count = Math.floor(Math.abs(to - from) / step) + 1;
  spend(count * WORD);
  return Array.from({ length: count }, (_, index) => from + Math.sign(to - from) * index * step);
}
