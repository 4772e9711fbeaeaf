/**
 * Problems for the author's terminal, whose quotes (quotes.ts) show no values that may be secret: a terminal may be that of
 * a pipeline. A line of a failed command is shown likewise (shown-line.ts). Values below `environment` and its like count as secret, and those behind keys that name a secret or a variable.
 * The text may be no YAML at all, so its lines are read with whatever colon, quote and indentation they have. Pure.
 *
 * HIDE-1. Whoever may write a document may write a long one of one line, and every check of it reads it: every step
 *     here takes a time that grows like the length of the text and of the messages. Parts of a line overlap no others.
 */
import type { Problem } from "../errors.ts";
import { plain } from "./characters.ts";
import { HIDDEN, namesSecret, SURE, withQuotes } from "./quotes.ts";

/** Shorter pieces are hidden in problems of their own line only, as words of their own. */
const LONG = 6;
const SHORTEST = 3;
/** Behind the beginning of a value, which is shown to here at most. */
const CUT = "…";
const CUT_MAX = 200;
/** A part of a line that may hold secrets. */
interface Part {
  readonly line: number;
  readonly text: string;
  /** It is one value: a word before a colon is no name. */
  readonly isValue?: boolean;
}

/** Says what is shown in place of so many hidden characters. */
type Fill = (length: number) => string;
const named: Fill = () => HIDDEN;

/** Removes what may be secret in `text` from what its problems quote. */
export function hideValues(text: string, problems: readonly Problem[]): Problem[] {
  const hide = hiderFor(text);
  return withQuotes(problems, (quoted, { place }) => hide(quoted, place?.line ?? 0, named));
}

/** The lines of a text with a dot for each character that may be secret, so that columns stay. */
export function dottedLines(text: string): readonly string[] {
  const hide = hiderFor(text);
  return text.split(/\r?\n/).map((line, index) => hide(line, index + 1, (length) => "•".repeat(length)));
}

/** Hides in what is shown of a line. */
function hiderFor(text: string): (shown: string, line: number, fill: Fill) => string {
  const parts = partsOf(text);
  const names = namesOutside(text, parts);
  const long = new Set<string>();
  const short = new Map<number, Set<string>>();
  for (const { line, ...part } of parts)
    for (const piece of piecesOf(part)) {
      if (names.has(piece)) continue;
      if (piece.length >= LONG) long.add(piece);
      else short.set(line, (short.get(line) ?? new Set()).add(piece));
    }
  const byBeginning = grouped(long, (piece) => piece.slice(0, LONG));
  return (shown, line, fill) => withoutShort(withoutLong(shown, byBeginning, fill), short.get(line), fill);
}

function grouped<K, V>(values: Iterable<V>, keyOf: (value: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

/** Hides the parts of a message that `endAt` finds: where the one ends that begins at an offset, the offset itself for none. */
function hidden(shown: string, endAt: (at: number) => number, fill: Fill): string {
  let said = "";
  let [from, until] = [0, 0];
  for (let at = 0; at < shown.length; at++) {
    const end = endAt(at);
    if (end <= at) continue;
    // Two that overlap or touch are one.
    if (at > until || until === 0) {
      said += (until > from ? fill(until - from) : "") + shown.slice(until, at);
      from = at;
    }
    until = Math.max(until, end);
  }
  return said + (until > from ? fill(until - from) : "") + shown.slice(until);
}

function withoutLong(shown: string, byBeginning: ReadonlyMap<string, readonly string[]>, fill: Fill): string {
  const endAt = (at: number): number => {
    const pieces = byBeginning.get(shown.slice(at, at + LONG)) ?? [];
    if (pieces.length === 0) return at;
    const [beginning = "", ...more] = shown.slice(at, at + CUT_MAX).split(CUT, 2);
    const lengthOf = (piece: string): number => {
      if (shown.startsWith(piece, at)) return piece.length;
      return more.length > 0 && piece.startsWith(beginning) ? beginning.length : 0;
    };
    return at + Math.max(0, ...pieces.map(lengthOf));
  };
  return hidden(shown, endAt, fill);
}

/** Short pieces count as words of their own only. */
function withoutShort(shown: string, pieces: ReadonlySet<string> | undefined, fill: Fill): string {
  if (pieces === undefined) return shown;
  const lengths = Array.from({ length: LONG - SHORTEST }, (_, index) => LONG - 1 - index);
  const endAt = (at: number): number => {
    if (isOfWord(shown[at - 1])) return at;
    const length = lengths.find(
      (most) => !isOfWord(shown[at + most]) && pieces.has(shown.slice(at, at + most)),
    );
    return at + (length ?? 0);
  };
  return hidden(shown, endAt, fill);
}

const isOfWord = (character = ""): boolean => /[\p{L}\p{N}_-]/u.test(character);

/** A key, in quotes and in those of a text inside of a text, too. */
const KEY = /(?<![\p{L}\w.-])(\\{0,3}["']|)([\p{L}\w.-]+)\1\s*[:：=]/gu;

/** Keys of the text that stand in no such part, of letters alone: no secret, whatever else has the same letters. */
function namesOutside(text: string, parts: readonly Part[]): ReadonlySet<string> {
  const secret = grouped(parts, ({ line }) => line);
  const lines = text
    .split(/\r?\n/)
    .map((line, index) =>
      (secret.get(index + 1) ?? []).reduce((left, part) => left.replace(part.text, () => " "), line),
    );
  const keys = [...lines.join("\n").matchAll(KEY)].map(([, , key = ""]) => key);
  return new Set(keys.filter((key) => /^[a-z]+(?:[A-Z][a-z]+)*$/.test(key)));
}

/** The parts of a text behind a key that names secrets, and all lines below it; credentials in commands and addresses. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let opened: number | undefined;
  let ofHooks: number | undefined;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (opened !== undefined && isBelow(whole, opened)) {
      const value = whole.replace(/^[\s\p{Cf}-]+/u, "");
      parts.push({ line, text: value });
      continue;
    }
    const values = valuesOf(whole);
    const indent = /^[^\s-]/.test(whole) ? 0 : whole.search(/[^\s-]/);
    opened = values.length > 0 ? indent : undefined;
    if (ofHooks !== undefined && !isBelow(whole, ofHooks)) ofHooks = undefined;
    if (/(?<![\w-])notify["']?\s*[:：]/.test(whole)) ofHooks ??= indent;
    const found = [...credentialsIn(whole), ...(ofHooks === undefined ? [] : hooksIn(whole))];
    parts.push(...values.map((part) => ({ line, text: part, isValue: /^\w/.test(part) })));
    parts.push(...found.map((part) => ({ line, text: part, isValue: true })));
  }
  return parts;
}

/** Of a value in another one so much is looked at: the words of all of it are hidden with the outer one. */
const INNER_MAX = 400;

/** The values of a line behind keys that name secrets, and those in them, whose quotes and commas end before. */
function valuesOf(whole: string): string[] {
  const line = whole.trimEnd();
  const values: string[] = [];
  let brackets = 0;
  let counted = 0;
  let outer = 0;
  let inner = 0;
  for (const { 2: key = "", 0: found, index } of line.matchAll(KEY)) {
    const at = index + found.length;
    if (index < inner || !(namesSecret(key) || isRandomKey(key, line.slice(at, at + INNER_MAX)))) continue;
    brackets += bracketsIn(line.slice(counted, index));
    counted = index;
    const isInner = index < outer;
    const value = valueAt(isInner ? line.slice(at, at + INNER_MAX) : line.slice(at), brackets > 0);
    if (!isInner) outer = at + value.length;
    if (isInner && /^[[{]/.test(value)) continue;
    values.push(value);
    if (isInner) inner = at + value.length;
  }
  return values;
}

/** Objects and tags have keys, too: one that is called nothing but key is a secret when it looks like one. */
const isRandomKey = (key: string, rest: string): boolean =>
  /^-*key$/i.test(key) && /^(?!\s*["']?[\w-]+[/.:]).*?\b(?=[a-z+-]*\d)(?=\d*[a-z])[\w+-]{12}/i.test(rest);

/** How many more brackets a text opens than it closes. */
const bracketsIn = (text: string): number =>
  (text.match(/[[{]/g)?.length ?? 0) - (text.match(/[\]}]/g)?.length ?? 0);

const VALUE = String.raw`(\\{1,3}["'][^"'\\]*|"[^"]*"|'[^']*'|[^\s"']+)`;
/** One that is no option. */
const ARGUMENT = `(?!-)${VALUE}`;
const PROGRAMS = String.raw`sshpass|login|redis-cli|useradd|usermod|zip|unzip|7za?|openssl|ldap\w+|ossutil\w*|mongo\w*`;
/** Headers that hold no secret. */
const PLAIN = String.raw`(?:Host|Accept[\w-]*|Content-[\w-]+|User-Agent|Range|Connection|Cache-Control|Expect)\s*[:：]`;
/** Credentials of commands and addresses; the last group is what is hidden. */
const CREDENTIALS: readonly RegExp[] = [
  // https://user:password@host, and the values of a query: those of a signed address, tokens.
  /\b[a-z][a-z\d+.-]{1,20}:\/\/([^\s/@"'?#]+)(?=@)/gi,
  /[?&][\w.-]{1,100}=([^\s&"'#]+)/g,
  // curl: a user with a password, and any header.
  new RegExp(String.raw`(?<![\w-])(?:-[uU]|--(?:proxy-)?user)[ =]*(?=[^\s:]*:)${VALUE}`, "g"),
  new RegExp(String.raw`(?<![\w-])(?:-H|--header)[ =]*(?:["'](?!${PLAIN})[\w-]+[:：]([^"']*))`, "gi"),
  new RegExp(String.raw`(?<![\w-])(?:-H|--header)[ =]*(?!${PLAIN})[\w-]+[:：](.*)`, "gi"),
  // Headers, and statements of databases.
  new RegExp(String.raw`\b(?:Bearer|Basic|IDENTIFIED +BY) +${VALUE}`, "gi"),
  // mysql -pPASSWORD.
  /(?<![\w-])-p([^\s"'-][^\s"']*|"[^"]*"|'[^']*')/g,
  // sshpass -p PASSWORD, zip -P PASSWORD: letters that mean something else to other programs.
  new RegExp(String.raw`(?<= -[akpPw]) +(?<=\b(?:${PROGRAMS})\b[^\n]{0,200})${ARGUMENT}`, "g"),
  new RegExp(String.raw`\b(?:vault +login|net +user +\S{1,100}) +(?!/)${ARGUMENT}`, "gi"),
  /\bhtpasswd(?: +-\S{1,20}){1,9} +\S{1,200} +([^|;&>\n]+)/g,
  // --password PASSWORD, -storepass PASSWORD.
  new RegExp(
    String.raw`(?:${SURE}|\bpwd|(?<=-\w{0,20})pass|-key(?= +\\{0,3}["']?[\w+=-]{12}))[\w-]{0,40}["']? +${ARGUMENT}`,
    "gi",
  ),
  // Passwords that a command reads, behind a format, too.
  /\b(?:echo|printf)(?: +-\w+)* +([^|\n]{1,200}?)(?= *\|[^|\n]{0,60}(?:passwd|stdin|sudo +-S))/gi,
];

const credentialsIn = (line: string): string[] =>
  CREDENTIALS.flatMap((pattern) => Array.from(line.matchAll(pattern), (found) => found.at(-1) ?? ""));

/** The address of a chat's hook is the secret itself. */
const hooksIn = (line: string): string[] =>
  Array.from(line.matchAll(/:\/\/([^\s"',\]}]+)/g), ([, address = ""]) => address);

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
  const value = rest.trimStart();
  const before = rest.slice(0, rest.length - value.length);
  const quoted = /^(["'])(.*?[^\\])\1(?=\s*(?:[,}\]]|$))/.exec(value);
  if (quoted !== null) return before + quoted[0];
  if (/^[[{]/.test(value)) return before + value.slice(0, closingAt(value));
  return isInside ? before + flowValue(value) : rest;
}

/** Up to the next key or bracket; all of a text that has neither. */
function flowValue(value: string): string {
  if (!/^[^\s"'“‘,[\]{}]/.test(value)) return value;
  const { 0: mark, index = 0 } = /[,[\]{}]/.exec(value) ?? { 0: "" };
  const isEnd = /[}\]]/.test(mark) || (mark === "," && NEXT_KEY.test(value.slice(index, index + INNER_MAX)));
  return isEnd ? value.slice(0, index).trimEnd() : value;
}

const NEXT_KEY = /^,\s+["']?[\w.-]+["']?\s*:\s/;

/** Where the bracket closes that a text begins with; its end when it does not. Texts in quotes are skipped. */
function closingAt(text: string): number {
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(
    /"(?:[^"\\]|\\.)*(?:"|$)|(?<=[\s:,[{])'[^']*(?:'|$)|[[\]{}]/g,
  )) {
    if (found === "[" || found === "{") depth++;
    else if (found === "]" || found === "}") depth--;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

/** Words of a part that are names of variables stay, so that a message can name them. */
const WORD = /([^\s"'\\{}[\],:：=]+)/g;
const isName = (part: string, word: string, at: number): boolean =>
  /^[A-Za-z_]\w*$/.test(word) &&
  /(?:^|^.?[{,]\s*|^[:：]?\s*\{|^- +)["']?$/.test(part.slice(Math.max(0, at - 3), at)) &&
  /^["']?\s*[:：=]/.test(part.slice(at + word.length, at + word.length + 9));

/** No secrets, and words of rules. */
const TRUTH = /^(?:true|false|null)$/i;

/** A part as a whole, the value behind its name, and its words, in the spellings in which messages quote them. */
function piecesOf({ text: part, isValue = false }: Omit<Part, "line">): string[] {
  const words = [...part.matchAll(WORD)].flatMap(({ 0: word, index }) =>
    !isValue && isName(part, word, index) ? [] : [word],
  );
  const behind = isValue ? undefined : /^["']?[A-Za-z_]\w*["']?\s*[:：=](.*)$/.exec(part)?.[1];
  const wholes = behind === undefined ? [part] : [behind];
  return [...wholes, ...words]
    .map((piece) => piece.trim())
    .flatMap((piece) => [piece, piece.replace(/^["']/, "").replace(/["']$/, "")])
    .flatMap((piece) => [piece, plain(piece).trim(), JSON.stringify(piece).slice(1, -1)])
    .filter((piece) => piece.length >= SHORTEST && !TRUTH.test(piece));
}
