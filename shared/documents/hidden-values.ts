/**
 * Problems without values that may be secret: they travel into chats, run logs and answers. Values below `environment`
 * and its like count as secret, and those behind keys that name a secret or a variable. The text may be no YAML at all, so
 * its lines are read with whatever colon, quote and indentation they have. Pure.
 */
import type { Problem } from "../errors.ts";
import { plain } from "./characters.ts";

const HIDDEN = "[hidden]";
/** Shorter pieces are hidden in problems of their own line only, as words of their own. */
const LONG = 6;
const SHORTEST = 3;
/** A text may have very many values and problems; each value is looked for in each problem. */
const SEARCHES_MAX = 300_000;
const PROBLEMS_LEAST = 20;

const NAMES_SECRET =
  /passw(?:or)?d|passphrase|secret|token|credential|authorization|access[-_]?key|[a-z0-9][-_]?key$|^env|^vars?$|^variables$|^parameters$|密码|密钥|口令|令牌/i;
const VARIABLE = /^[A-Z][A-Z0-9_]+$/;

/** Whether values of this key, and of those below it, may be secret. */
export const namesSecret = (key: string): boolean => NAMES_SECRET.test(key) || VARIABLE.test(key);

/** A part of a line that may hold secrets. */
interface Part {
  readonly line: number;
  readonly text: string;
}

/** Removes what may be secret in `text` from its problems. */
export function hideValues(text: string, problems: readonly Problem[]): Problem[] {
  const parts = partsOf(text);
  const names = namesOutside(text, parts);
  const pieces = parts.map(({ line, text: part }) => ({
    line,
    pieces: piecesOf(part).filter((piece) => !names.has(piece)),
  }));
  const long = byLength(pieces.flatMap((part) => part.pieces.filter(({ length }) => length >= LONG)));
  const most = Math.max(PROBLEMS_LEAST, Math.floor(SEARCHES_MAX / (long.length + 1)));
  const shown = problems.slice(0, most).map((problem) => {
    const near = pieces.flatMap((part) => (part.line === problem.place?.line ? part.pieces : []));
    const message = without(without(problem.message, long), byLength(near));
    return { ...problem, path: without(problem.path, long), message };
  });
  const more = problems.length - shown.length;
  return more === 0
    ? shown
    : [...shown, { path: "", message: `${more} more problems are not listed; correct these first` }];
}

/** The longest first, so that a part does not hide a whole. */
const byLength = (texts: readonly string[]): string[] =>
  [...new Set(texts)].toSorted((a, b) => b.length - a.length);

const without = (shown: string, pieces: readonly string[]): string =>
  pieces.reduce((left, piece) => left.replaceAll(piece.length < LONG ? asWord(piece) : piece, HIDDEN), shown);

const asWord = (piece: string): RegExp =>
  new RegExp(
    `(?<![\\p{L}\\p{N}_-])${piece.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}_-])`,
    "gu",
  );

const KEY = /(?<![\p{L}\w.-])(["']?)([\p{L}\w.-]+)\1\s*[:：=]/gu;

/** Keys of the text that stand in no such part, of letters alone: no secret, whatever else has the same letters. */
function namesOutside(text: string, parts: readonly Part[]): ReadonlySet<string> {
  const secret = new Set(parts.map(({ line }) => line));
  const lines = text.split(/\r?\n/).map((line, index) => {
    const inside = secret.has(index + 1) ? parts.filter((part) => part.line === index + 1) : [];
    return inside.reduce((left, part) => left.replace(part.text, " "), line);
  });
  const keys = [...lines.join("\n").matchAll(KEY)].map(([, , key = ""]) => key);
  return new Set(keys.filter((key) => /^[a-z]+(?:[A-Z][a-z]+)*$/.test(key)));
}

/** The parts of a text behind a key that names secrets, and all lines below it. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let opened: number | undefined;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (opened !== undefined && isBelow(whole, opened)) {
      parts.push({ line, text: whole.replace(/^[\s\p{Cf}-]+/u, "") });
      continue;
    }
    opened = undefined;
    for (const {
      2: key = "",
      0: { length },
      index: at,
    } of whole.matchAll(KEY)) {
      if (!namesSecret(key)) continue;
      opened ??= /^[^\s-]/.test(whole) ? 0 : whole.search(/[^\s-]/);
      parts.push({ line, text: valueAt(whole.slice(at + length), isInBrackets(whole.slice(0, at))) });
    }
  }
  return parts;
}

/** An indentation of unusual spaces has no width that can be compared. */
function isBelow(line: string, opened: number): boolean {
  const [indent = ""] = /^[\s\p{Cf}]*/u.exec(line) ?? [];
  if (indent.length === line.length || !/^ *$/.test(indent)) return true;
  const dash = line[indent.length] === "-" ? 2 : 0;
  return indent.length + dash > opened;
}

/**
 * A value in quotes or brackets ends with them, and another one in brackets with the next key or bracket. All other values go
 * on to the end of the line.
 */
function valueAt(rest: string, isInside: boolean): string {
  const value = rest.trim();
  const quoted = /^(["'])(.*?[^\\])\1(?=\s*(?:[,}\]]|$))/.exec(value);
  if (quoted !== null) return quoted[0];
  if (/^[[{]/.test(value)) return value.slice(0, closingAt(value));
  return (isInside ? FLOW_VALUE.exec(value)?.[0] : undefined) ?? value;
}

const FLOW_VALUE = /^[^\s"'“‘,[\]{}][^,[\]{}]*?(?=\s*(?:,\s+["']?[\w.-]+["']?\s*:\s|[}\]]))/;

/** Whether the brackets of the beginning of a line are still open. */
const isInBrackets = (before: string): boolean =>
  (before.match(/[[{]/g)?.length ?? 0) > (before.match(/[\]}]/g)?.length ?? 0);

/** Where the bracket closes that a text begins with; its end when it does not. Texts in quotes are skipped. */
function closingAt(text: string): number {
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|(?<=[\s:,[{])'[^']*'|[[\]{}]/g)) {
    if (found === "[" || found === "{") depth++;
    else if (found === "]" || found === "}") depth--;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

/** Words of a part that are names of variables stay, so that a message can name them. */
const WORD = /([^\s"'{}[\],:：=]+)/g;
const isName = (part: string, word: string, at: number): boolean =>
  /^[A-Za-z_]\w*$/.test(word) &&
  /(?:^|^.?[{,]\s*|^- +)["']?$/.test(part.slice(Math.max(0, at - 3), at)) &&
  /^["']?\s*[:：=]/.test(part.slice(at + word.length, at + word.length + 9));

/** A part as a whole, the value behind its name, and its words, in the spellings in which messages quote them. */
function piecesOf(part: string): string[] {
  const words = [...part.matchAll(WORD)].flatMap(({ 0: word, index }) =>
    isName(part, word, index) ? [] : [word],
  );
  const behind = /^["']?[A-Za-z_]\w*["']?\s*[:：=](.*)$/.exec(part)?.[1];
  const wholes = behind === undefined ? [part] : [behind];
  return [...wholes, ...words]
    .map((piece) => piece.trim())
    .flatMap((piece) => [piece, piece.replace(/^["']/, "").replace(/["']$/, "")])
    .flatMap((piece) => [piece, plain(piece).trim(), JSON.stringify(piece).slice(1, -1)])
    .filter(({ length }) => length >= SHORTEST);
}
