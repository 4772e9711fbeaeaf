/** Text of a document → plain data, or problems that name the line. */
import { YAML_MAX_BYTES } from "../budget.ts";
import {
  constructFromEvents,
  CORE_SCHEMA,
  EVENT_ID,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
  type Event,
} from "js-yaml";
import { DocumentError, type Problem } from "../errors.ts";
import { nameOf } from "./characters.ts";
import { quote } from "./quotes.ts";

const MAX_NESTING = 32;

/** Of a text that ends inside of one. */
export const NOT_CLOSED = "a quote or bracket is not closed; close it, here or in a line above";
/** Of a word that stands alone where a key is expected. */
export const NO_COLON = "a key needs a colon and a space; write key: value";
/** Of a line that begins at none of the columns of those above. */
export const INDENTED =
  "the line is indented differently from those it belongs to; begin it exactly below them, or two spaces further to the right of its key";
const BAD_ESCAPE = String.raw`a \ between double quotes begins an escape, and this is none; write \\ for a \ itself`;
/** Of a key that its map has already. */
export const WRITTEN_TWICE = "a key is written twice in the same map; keep one of the two";
/** Of a character that no line has. */
const CONTROL_CHARACTER = "a control character stands here; remove it";
/** Those among them that the parser refuses wherever they stand. */
const REFUSED = /(?![\t\n\r\u0085])\p{Cc}/u;

/** The first control character of a line. */
export function controlIn(text: string, line: number): Problem | undefined {
  const { 0: found = "", index = -1 } = REFUSED.exec(text) ?? {};
  if (index < 0) return undefined;
  const message = `${nameOf(found)} stands here; remove it`;
  return { path: "", message, place: { line, column: index + 1, length: 1 } };
}

/** A line without them. */
export const withoutControls = (text: string): string => text.replaceAll(new RegExp(REFUSED, "gu"), "");
/** Of `*name` and `<<: *name`. */
export const ALIAS = "aliases (*name) and merge keys (<<) are not allowed; write the entry out";
/** Of two entries of a list that are one text. */
export const FOLDED =
  "the - stands further to the right than the one above, so both lines are one entry; begin it exactly below";
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/duplicated mapping key/, WRITTEN_TWICE],
  [/maxAliases/, ALIAS],
  [/maxDepth/, `maps and lists are nested more than ${MAX_NESTING} deep; no document needs that`],
  [/unknown .* tag/, "tags (!name) are not allowed; write plain text, numbers, lists and maps"],
  [/tab characters/, "a tab is used for indentation; use spaces"],
  [/non-printable|valid JSON character/, CONTROL_CHARACTER],
  [/unexpected end of the stream within|deficient indentation/, NOT_CLOSED],
  [/bad indentation|end of the stream or a document separator/, INDENTED],
  [/expected ':'|multiline key/, NO_COLON],
  [/escape|hexadecimal/, BAD_ESCAPE],
  [/anchor/, "a text that begins with & or * must be quoted; put quotes around it"],
  [/alias node/, "a text that begins with * must be quoted; put quotes around it"],
  [
    /complex keys/,
    "a list or map stands where a key is expected, as in {{ name }}; put quotes around a text that begins with {, [ or ?",
  ],
  [
    /missed comma/,
    "a comma is missing in a list or map in brackets; put quotes around a text that holds one of , [ ] { } or a quote",
  ],
  [
    /expected the node content/,
    "a comma or bracket stands where an entry is expected, as in [a,, b]; remove the one too many",
  ],
  [/line break is expected/, "text stands behind | or >; begin it on the next line"],
];

/** A document as plain data, and the events of the parser, which know where each part stands. */
export interface Parsed {
  readonly input: unknown;
  readonly events: readonly Event[];
}

/**
 * Reads YAML 1.2 or JSON, which is a part of it. A key with nothing behind it is `null`, as in JSON.
 * @throws DocumentError with one problem: the place and what to do.
 */
export function readYaml(document: string, text: string): unknown {
  const read = wholeProblem(text) ?? attempt(text);
  if ("input" in read) return read.input;
  throw new DocumentError(document, [read]);
}

/** A text that is no use to a parser. */
export function wholeProblem(text: string): Problem | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > YAML_MAX_BYTES) {
    const message = `is ${bytes} bytes, the limit is ${YAML_MAX_BYTES}; put long scripts into objects and name them`;
    return { path: "", message };
  }
  // Decoded text has this character for bytes that are no UTF-8; UTF-16 has NUL between its letters.
  const at = text.search(/[\0\ufffd]/);
  if (at < 0) return undefined;
  const before = text.slice(0, at);
  const place = { line: before.split("\n").length, column: at - before.lastIndexOf("\n"), length: 1 };
  return { path: "", message: "the text is not UTF-8 or holds the character NUL; save it as UTF-8", place };
}

/** Parses a text once. @param repeats whether a key may be written twice: the last one counts then */
export function attempt(text: string, repeats = false): Parsed | Problem {
  try {
    const events = parseEvents(text, { maxDepth: MAX_NESTING + 1 });
    return foldedIn(text, events) ?? constructed(text, events, repeats);
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const { mark, reason } = cause;
    const [control] = text.split("\n").flatMap((line, index) => controlIn(line, index + 1) ?? []);
    if (control !== undefined) return control;
    const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1];
    const place = mark && { line: mark.line + 1, column: mark.column + 1, length: 1 };
    return { path: "", message: hint ?? `is not valid YAML: ${quote(reason)}`, place };
  }
}

/** The entry of a list that is a part of the one above it. No text of one entry goes on with a dash and a space. */
function foldedIn(text: string, events: readonly Event[]): Problem | undefined {
  for (const event of events) {
    if (event.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.PLAIN) continue;
    const second = text.slice(event.valueStart, event.valueEnd).search(/\n[ \t]*- /);
    const before = text.slice(text.lastIndexOf("\n", event.valueStart) + 1, event.valueStart);
    if (second < 0 || !/^\s*(?:- +)+$/.test(before)) continue;
    const at = event.valueStart + second + 1;
    const line = text.slice(0, at).split("\n").length;
    return { path: "", message: FOLDED, place: { line, column: text.indexOf("-", at) - at + 1, length: 1 } };
  }
  return undefined;
}

function constructed(text: string, events: Event[], repeats: boolean): Parsed | Problem {
  const rules = { schema: CORE_SCHEMA, maxAliases: 0, json: repeats };
  const documents = constructFromEvents(events, { source: text, ...rules });
  if (documents.length > 1) {
    const message = "the file holds several documents (---); write one document in each file";
    return { path: "", message, place: secondIn(text) };
  }
  const [input = null] = documents;
  return input === null
    ? { path: "", message: "the document is empty; see examples/ for one that works" }
    : { input, events };
}

/** The mark between two documents. */
function secondIn(text: string): Problem["place"] {
  const marks = Array.from(text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm));
  const found = marks.find(({ index }) => /^[^#\s-]/m.test(text.slice(0, index))) ?? marks.at(-1);
  return found && { line: text.slice(0, found.index).split("\n").length, column: 1, length: 3 };
}
