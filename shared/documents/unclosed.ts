/** Where a quote or bracket opens that is not closed: a parser reports the place where it gives up, often lines below. */
import type { Place } from "../errors.ts";

interface Open {
  readonly mark: string;
  readonly at: number;
}

const CLOSES: Readonly<Record<string, string>> = { "[": "]", "{": "}", '"': '"', "'": "'" };
/** A line below which a text under `|` or `>` begins. */
export const BLOCK = /(?:^|[:-] +)[|>][+\d-]*\s*(?:#.*)?$/;

/** The innermost one that is open where the parser stopped; undefined when all are closed. */
export function unclosed(lines: readonly string[], stopped: Place): (Place & { mark: string }) | undefined {
  const stack: (Open & { readonly line: number })[] = [];
  let blockIndent: number | undefined;
  for (const [index, text] of lines.slice(0, stopped.line).entries()) {
    const indent = text.search(/[^ ]|$/);
    const inBlock = blockIndent !== undefined && (indent > blockIndent || text.trim() === "");
    if (inBlock && stack.length === 0) continue;
    blockIndent = stack.length === 0 && BLOCK.test(text) ? indent : undefined;
    const end = index + 1 === stopped.line ? stopped.column - 1 : text.length;
    scan(text.slice(0, end), stack, index + 1);
  }
  const open = stack.at(-1);
  return open && { line: open.line, column: open.at + 1, length: 1, mark: open.mark };
}

/** Opens and closes what a line holds. Outside of them only the beginning of a value counts. */
function scan(text: string, stack: (Open & { readonly line: number })[], line: number): void {
  for (let at = 0; at < text.length; at++) {
    const mark = text[at] ?? "";
    const open = stack.at(-1)?.mark;
    if (open === '"' && mark === "\\") at++;
    else if (open !== undefined && mark === CLOSES[open]) stack.pop();
    else if (open === '"' || open === "'") continue;
    else if (/(?:^|\s)#$/.test(text.slice(0, at + 1))) return;
    else if (opens(text.slice(0, at), mark, open)) stack.push({ mark, at, line });
  }
}

const opens = (before: string, mark: string, open: string | undefined): boolean =>
  Object.hasOwn(CLOSES, mark) && beginsValue(before, open !== undefined);

const beginsValue = (before: string, inBrackets: boolean): boolean =>
  inBrackets ? /(?:^|[[{,]|:\s)\s*$/.test(before) : /^\s*(?:- +)*$|: +$/.test(before);
