/** The text of an entry of a list as its author wrote it: data that was parsed has lost quotes, zeros and spaces. */
import type { Place } from "../errors.ts";
import { attempt } from "./yaml.ts";

const ENTRY = /^(\s*(?:- +)+)(.*?)\s*$/;

/** The entry at a place in one line; undefined when it goes on below, or does not stand in a list. */
export function entryAt(lines: readonly string[], { line, column }: Place): string | undefined {
  const text = lines[line - 1] ?? "";
  const [, before = "", entry = ""] = ENTRY.exec(text) ?? [];
  // Inside of an entry only an opening quote or bracket may stand before the place.
  if (entry !== "" && /^["'{[\s]*$/.test(text.slice(before.length, column - 1)))
    return goesOn(lines, line, before.lastIndexOf("-")) ? undefined : entry;
  return inBrackets(text, column - 1);
}

/** Whether the next line with text belongs to the entry whose dash stands at this offset. */
function goesOn(lines: readonly string[], line: number, dash: number): boolean {
  const next = lines.slice(line).find((text) => text.trim() !== "");
  return next !== undefined && next.search(/\S/) > dash;
}

/** From the bracket or comma before to the one behind, quotes and inner brackets skipped. */
function inBrackets(text: string, at: number): string | undefined {
  const from = at - (/["']/.test(text[at - 1] ?? "") ? 1 : 0);
  if (!/(?:^|[^[\s])\s*[[,]\s*$/.test(text.slice(0, from))) return undefined;
  const [entry = ""] =
    /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|[^,\]])*/.exec(text.slice(from)) ?? [];
  return entry.trim() || undefined;
}

/** A text as an entry of a list, in brackets or below a key: in quotes where YAML would read anything else. */
export function asEntry(text: string): string {
  const read = attempt(`[${text}]`);
  return "input" in read && Array.isArray(read.input) && read.input.length === 1 && read.input[0] === text
    ? text
    : quoted(text);
}

/** One line of text as YAML reads it back unchanged, everywhere. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
