/** Slips that two lines make together, or that need the lines above: tabs, entries of a list, and keys below a command. */
import type { Place } from "../errors.ts";
import { quote } from "./quotes.ts";
import { STEP_KEYS } from "./recipe-steps.ts";
import type { Slip } from "./slips.ts";
import { asEntry } from "./written.ts";

const DASHES = /^( *(?:- +)*)(.*)$/;
const isText = (line: string): boolean => line.trim() !== "" && !/^\s*#/.test(line);
/** A line whose value stands below it. */
const OPENS = /(?:[:,[{]|^\s*-|[:-] +[|>][+\d-]*)\s*(?:\s#.*)?$/;
const WIDTHS = [2, 4, 8] as const;

/** Columns at which a line may begin that belongs to one of those above it; the last of them first. */
function columnsIn(above: readonly string[]): readonly number[] {
  const columns: number[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (const line of above.toReversed()) {
    const indent = line.search(/\S/);
    if (!isText(line) || indent >= limit) continue;
    const [, dashes = ""] = DASHES.exec(line) ?? [];
    const inner = Array.from(dashes.matchAll(/- +/g), ({ index, 0: dash }) => index + dash.length);
    columns.push(...inner.toReversed().filter((column) => column < limit), indent);
    limit = indent;
  }
  return columns;
}

/**
 * A line that begins with tabs, with spaces in their place: as many as a line above that begins with the same ones, else as an
 * editor shows them with the width that fits the lines above.
 * @param above the lines above as they are read, and as they are `written`
 */
export function withoutTabs(text: string, above: readonly string[], written: readonly string[]): string {
  const [tabs = ""] = /^\s*/.exec(text) ?? [];
  const like = written.findLastIndex((line) => isText(line) && /^\s*/.exec(line)?.[0] === tabs);
  const same = like < 0 ? [] : [(above[like] ?? "").search(/\S/)];
  const shown = WIDTHS.map((width) => tabs.replaceAll("\t", " ".repeat(width)).length);
  return " ".repeat(columnFor(same, shown, above)) + text.slice(tabs.length);
}

/** The column of a line that stands at one of these, by the lines above. */
function columnFor(same: readonly number[], shown: readonly number[], above: readonly string[]): number {
  const last = above.findLast(isText) ?? "";
  if (OPENS.test(last)) {
    const opened = columnsIn([last])[0] ?? 0;
    return [...same, ...shown].find((one) => one > opened) ?? opened + 2;
  }
  const columns = columnsIn(above);
  const fitting = [...same, ...shown.filter((one) => columns.includes(one))];
  return fitting[0] ?? columns.find((one) => one <= Math.min(...shown)) ?? 0;
}

/** `- a` and below it ` - b`: one text for YAML. */
export function foldedEntry(lines: readonly string[], { line, column }: Place): string {
  const above = lines.slice(0, line - 1).findLast(isText) ?? "";
  const dash = columnsIn([above]).findLast((one) => above[one] === "-") ?? 0;
  return " ".repeat(dash) + (lines[line - 1] ?? "").slice(column - 1);
}

const KEY_OF_STEP = new RegExp(`^ +(?:${STEP_KEYS.join("|")}): `);

/** `- yum install a` and below it `timeout: 5m`: a command with settings has a key of its own. */
export function commandWithKeys(lines: readonly string[], { line }: Place): Slip | undefined {
  const text = lines[line - 1] ?? "";
  const index = lines.slice(0, line - 1).findLastIndex(isText);
  const [, dashes = "", command = ""] = DASHES.exec(lines[index] ?? "") ?? [];
  const isCommand = dashes.includes("-") && /^(?![\w-]+:(?:\s|$))[^\s"'[{|>&*!%@`#]/.test(command);
  if (!KEY_OF_STEP.test(text) || !isCommand || text.search(/\S/) !== dashes.length) return undefined;
  const entry = asEntry(command.trimEnd());
  return {
    message: `a command with keys below it needs a key of its own; write run: ${quote(entry)}`,
    place: { line: index + 1, column: dashes.length + 1, length: command.trimEnd().length },
    meant: `${dashes}run: ${entry}`,
  };
}

const BLOCK_OF = /^(\s*(?:- +)*)[\w-]+: +[|>][+\d-]*\s*$/;

/** The text below `run: |` begins no further to the right than `run`; all of it is meant, up to the next key or entry. */
export function textBelow(lines: readonly string[], { line }: Place): Slip | undefined {
  const index = lines.slice(0, line - 1).findLastIndex((one) => BLOCK_OF.test(one));
  const key = BLOCK_OF.exec(lines[index] ?? "")?.[1]?.length ?? 0;
  const isNext = (one: string): boolean => /^\s*(?:- |[\w-]+:(?:\s|$))/.test(one);
  const body = lines[index + 1] ?? "";
  const indent = body.search(/\S/);
  // A key may follow an empty text.
  if (index < 0 || indent < 0 || indent > key || isNext(body)) return undefined;
  const below = lines.slice(index + 1);
  const end = below.findIndex((one) => isText(one) && (one.search(/\S/) < indent || isNext(one)));
  const [meant = "", ...more] = below
    .slice(0, end < 0 ? below.length : end)
    .map((one) => " ".repeat(key + 2 - indent) + one);
  return {
    message: "the text below | begins further to the right than its key; put two spaces before each line",
    place: { line: index + 2, column: indent + 1, length: body.trim().length },
    meant,
    also: more,
  };
}
