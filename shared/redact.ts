/**
 * Secrets that the current invocation knows, and texts without them.
 *
 * REDACT-1. A secret is known from the moment it is read. Every way out of a function removes the known ones, whoever
 *     quotes them: log lines, answers, errors, events, objects and notifications.
 * REDACT-2. A secret is found as it is written and in the spellings in which programs write it: JSON, URL, HTML, Base64.
 *     Shells put quotes and backslashes around it and into it, each in its own way (`'a'\''b'`, `a\'b`, `$'a\tb'`, and each
 *     character by itself, `[[ x == \a\b ]]`), and Base64 is printed in lines of 64 or 76 characters. So it is also
 *     compared without quotes, backslashes and line breaks.
 *     https://www.gnu.org/software/bash/manual/html_node/ANSI_002dC-Quoting.html
 *     https://www.gnu.org/software/coreutils/manual/html_node/base64-invocation.html
 * REDACT-3. A secret of fewer than 6 characters is found only as a word of its own: inside words it is a coincidence.
 * REDACT-4. Private values are the variables of a recipe's commands. Events and documents carry them, because the
 *     commands need them; log lines, answers, messages and outputs do not show them.
 * REDACT-5. A name that steers is never changed: an operator chose it, and it is in keys and tags of the cloud already. A part
 *     of an address, or a secret that is a plain word, may be spelled alike.
 * REDACT-6. Of a text out of which a part was cut, pieces of a secret are removed too, from 6 characters on: those that
 *     begin or end it.
 */
import { readJson } from "./json.ts";
import { isRunId } from "./names.ts";

const HIDDEN = "[hidden]";
const SHORT = 6;

/** Known texts. An instance serves one invocation at a time, so there is one set of each kind. */
interface Known {
  readonly texts: Set<string>;
  /** What to look for; built when it is first needed after a change. */
  finders: Finders | undefined;
  /** The spellings of each text, kept from one invocation to the next: most secrets are in the environment. */
  spelled: ReadonlyMap<string, readonly string[]>;
}

interface Finders {
  /** The longest first, so that a part does not hide a whole. */
  readonly spellings: readonly string[];
  readonly words: readonly RegExp[];
  readonly bare: readonly Bare[];
}

/** Spellings without what shells and printers put into them (REDACT-2). */
interface Bare {
  readonly noise: RegExp;
  /** A text without this needs no second search. */
  readonly isIn?: RegExp;
  readonly spellings: readonly string[];
}

/** Line breaks are real ones, or written as `\n`; a shell may write the letter n in this way too. */
const NOISES: readonly Omit<Bare, "spellings">[] = [
  { noise: /['"\\]|[\r\n]+[ \t]*/g },
  { noise: /\\[rn]|['"\\]|[\r\n]+[ \t]*/g, isIn: /\\[rn]/ },
];

const nothing = (): Known => ({ texts: new Set(), finders: undefined, spelled: new Map() });
const secrets = nothing();
const privates = nothing();

/** Begins an invocation: forgets the texts of the last one and knows these secrets. */
export function knowOnly(texts: Iterable<string>): void {
  for (const known of [secrets, privates]) {
    known.texts.clear();
    known.finders = undefined;
  }
  know(texts);
}

/** Adds secrets (REDACT-1). Empty texts are none. */
export const know = (texts: Iterable<string>): void => add(secrets, texts);

/** Adds private values (REDACT-4). Short ones, such as `1` or `front`, are not secret. */
export const knowPrivate = (texts: Iterable<string>): void =>
  add(
    privates,
    [...texts].filter((text) => text.length >= SHORT),
  );

function add(known: Known, texts: Iterable<string>): void {
  for (const text of texts) {
    if (text === "" || known.texts.has(text)) continue;
    known.texts.add(text);
    known.finders = undefined;
  }
}

/** `text` without known secrets: for what travels, such as events and records. */
export const redact = (text: string): string => without(text, secrets);

/** `text` without known secrets and private values: for what is shown. */
export const redactShown = (text: string): string => without(without(text, secrets), privates);

/** Where a text is cut: at its end, or somewhere among so many first characters. */
type Cut = "end" | number;

/** As `redactShown`, for a text out of which a part was cut (REDACT-6). */
export const redactCut = (text: string, cut: Cut): string =>
  without(without(text, secrets, cut), privates, cut);

/** The beginning of `text` without known secrets: half of a secret is not found any more. */
export const redactedStart = (text: string, most: number): string => redact(text).slice(0, most);

/** As `redactedStart`, with `…` behind a text that is cut. */
export function redactedShort(text: string, most: number): string {
  const whole = redact(text);
  return whole.length > most ? `${whole.slice(0, most)}…` : whole;
}

/** Fields of events and log lines that hold names of Kiln, or lists of them (REDACT-5); the id of a run is one in any field. */
const STEERING = new Set(
  [
    "v request phase ran kind run w subject channel channels notify",
    "fleet fleets recipe family child key imageName",
  ].flatMap((names) => names.split(" ")),
);
/** A text of another form quotes something, whatever its field is called. */
const NAME_LIKE = /^[\w./-]{1,200}$/;

/** JSON of `value`, every text in it redacted but names that steer (REDACT-5). Keys and numbers stay, so that its form is kept. */
export function redactedJson(value: unknown, cleaned: (text: string) => string = redact): string {
  const texts: string[] = [];
  const json = withTexts(value, (text) => {
    texts.push(text);
    return text;
  });
  // Almost every value holds no secret, and one search is faster than hundreds of short ones.
  const all = texts.join("\n");
  return cleaned(all) === all ? json : withTexts(value, cleaned);
}

/** A text that may be JSON, and stays JSON: without its quotes a secret may be found across two of its texts. */
export function redactedBody(text: string, cleaned: (text: string) => string = redact): string {
  const body = cleaned(text);
  const value = body === text ? undefined : readJson(text);
  return value === undefined ? body : redactedJson(value, cleaned);
}

function withTexts(value: unknown, change: (text: string) => string): string {
  const steering = new Set<unknown>();
  return JSON.stringify(value, function (this: unknown, key: string, inner: unknown) {
    const steers = STEERING.has(key) || steering.has(this);
    if (steers && Array.isArray(inner)) steering.add(inner);
    if (typeof inner !== "string" || isRunId(inner)) return inner;
    return steers && NAME_LIKE.test(inner) ? inner : change(inner);
  });
}

/** Whether a text in `value` holds a known secret, so that it would change on its way out. */
export const holdsSecret = (value: unknown): boolean => redactedJson(value) !== JSON.stringify(value);

/** Redacts message and stack of an error and of its causes, in place, so that it stays of its class. */
export function redactError(error: unknown): void {
  if (!(error instanceof Error)) return;
  for (const field of ["message", "stack"] as const) {
    // Defined, not assigned: some errors have only getters.
    const value = redactShown(error[field] ?? "");
    Object.defineProperty(error, field, { value, configurable: true, writable: true });
  }
  redactError(error.cause);
}

function without(text: string, known: Known, cut?: Cut): string {
  const { spellings, words, bare } = (known.finders ??= findersOf(known));
  let rest = text;
  for (const spelling of spellings) {
    // Almost every text is without any, and a search costs less than a copy.
    if (rest.includes(spelling)) rest = rest.replaceAll(spelling, HIDDEN);
  }
  for (const each of bare) if (each.isIn?.test(rest) !== false) rest = withoutBare(rest, each, cut);
  return words.reduce((left, word) => left.replaceAll(word, HIDDEN), rest);
}

type Span = readonly [from: number, to: number];

/** `text` without the spellings that lie in it with noise, and without their pieces around a cut. */
function withoutBare(text: string, { noise, spellings }: Bare, cut: Cut | undefined): string {
  const bare = text.replaceAll(noise, "");
  const found = bare === text ? [] : spellings.filter((spelling) => bare.includes(spelling));
  const wholes = found.flatMap((spelling) => spansOf(spelling, bare));
  const cuts = cut === undefined ? [] : spellings.flatMap((spelling) => pieces(spelling, bare, cut));
  const spans = [...wholes, ...cuts].toSorted(([a], [b]) => a - b);
  return spans.length === 0 ? text : hide(text, spans, placesIn(text, noise));
}

/** Where each character of the text without noise lies in the text. */
function placesIn(text: string, noise: RegExp): readonly number[] {
  const places: number[] = [];
  let next = 0;
  for (const { index, 0: match } of [...text.matchAll(noise), { index: text.length, 0: "" }]) {
    for (; next < index; next++) places.push(next);
    next = index + match.length;
  }
  return places;
}

/** @param spans in the order in which they begin; they may overlap */
function hide(text: string, spans: readonly Span[], places: readonly number[]): string {
  let rest = "";
  let end = 0;
  for (const [from, to] of spans) {
    const [first, last] = [places[from] ?? 0, (places[to - 1] ?? 0) + 1];
    if (first >= end) rest += text.slice(end, first) + HIDDEN;
    end = Math.max(end, last);
  }
  return rest + text.slice(end);
}

function spansOf(part: string, text: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length))
    spans.push([at, at + part.length]);
  return spans;
}

/** The pieces of a spelling that end or begin where a text may be cut (REDACT-6). */
function pieces(spelling: string, text: string, cut: Cut): Span[] {
  const begins = spansOf(spelling.slice(0, SHORT), text).map(([from, to]): Span => {
    let end = to;
    while (end < text.length && text[end] === spelling[end - from]) end++;
    return [from, end];
  });
  if (cut === "end") return begins.filter(([, end]) => end === text.length);
  const ends = spansOf(spelling.slice(-SHORT), text).map(([from, to]): Span => {
    let start = from;
    while (start > 0 && text[start - 1] === spelling.at(start - 1 - to)) start--;
    return [start, to];
  });
  return [...begins.filter(([, end]) => end <= cut), ...ends.filter(([start]) => start <= cut)];
}

function findersOf(known: Known): Finders {
  known.spelled = new Map(
    [...known.texts].map((text) => [text, known.spelled.get(text) ?? spellingsOf(text)]),
  );
  const of = (isLong: boolean): string[] => {
    const some = [...known.spelled].filter(([text]) => text.length >= SHORT === isLong);
    return [...new Set(some.flatMap(([, spellings]) => spellings))];
  };
  return {
    spellings: of(true).toSorted((a, b) => b.length - a.length),
    words: of(false).map(asWord),
    bare: NOISES.map((each) => ({ ...each, spellings: bareOf(known, each.noise) })),
  };
}

function bareOf(known: Known, noise: RegExp): readonly string[] {
  const long = [...known.spelled].filter(([text]) => text.length >= SHORT);
  const bare = long.flatMap(([text, spellings]) =>
    [...spellings, ...inCodes(text)].map((spelling) => spelling.replaceAll(noise, "")),
  );
  return [...new Set(bare)].filter((spelling) => spelling.length >= SHORT);
}

function spellingsOf(text: string): readonly string[] {
  if (text.length < SHORT) return written(text);
  // Programs quote single lines of a text of several lines.
  const lines = text.split(/\r?\n/).filter((line) => line.length >= SHORT);
  return [text, ...lines].flatMap((part) => [...written(part), ...base64(part)]);
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A secret as it is, in JSON of several makes, in JSON inside JSON, in a URL or a form, and in HTML. */
function written(secret: string): string[] {
  const json = inJson(secret);
  const url = encodeURIComponent(secret);
  const strict = url.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const urls = [url, strict, strict.replaceAll("%20", "+")];
  return [
    secret,
    json,
    inJson(json),
    json.replaceAll("/", "\\/"),
    json.replaceAll(/[<>&]/g, escaped),
    ...urls,
    ...urls.map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    secret.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char),
  ];
}

const LETTERS: Readonly<Record<string, string>> = {
  "\u0007": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\u001B": "E",
};

/** A secret in shells and languages that write its control characters, and those beyond ASCII, as codes; without backslashes. */
function inCodes(secret: string): string[] {
  if (/^[ -~]*$/.test(secret)) return [];
  const written = (code: (char: string) => string): string =>
    secret.replaceAll(/[^ -~]/gu, (char) => LETTERS[char] ?? code(char));
  const bytes = (one: (byte: number) => string) => (char: string) => [...Buffer.from(char)].map(one).join("");
  const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
  const unit = (char: string): string => char.replaceAll(/[^]/g, (half) => `u${hex(half.charCodeAt(0), 4)}`);
  return [
    written(bytes((byte) => byte.toString(8).padStart(3, "0"))),
    written(bytes((byte) => `x${hex(byte, 2)}`)),
    written(unit),
  ];
}

/** The characters that a secret decides alone, wherever it begins in a text that is encoded as a whole. */
function base64(secret: string): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    const from = Math.ceil((shift * 8) / 6);
    const text = bytes.toString("base64").slice(from, Math.floor((bytes.length * 8) / 6));
    return [text, encodeURIComponent(text), text.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** REDACT-3. A hyphen joins words: ids are made of them. */
const asWord = (secret: string): RegExp =>
  new RegExp(
    `(?<![\\p{L}\\p{N}_-])${secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}_-])`,
    "gu",
  );
