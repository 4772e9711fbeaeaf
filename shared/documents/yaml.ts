/** Text of a document → plain data, or problems that name the line. */
import { YAML_MAX_BYTES } from "../budget.ts";
import { constructFromEvents, CORE_SCHEMA, parseEvents, YAMLException, type Event } from "js-yaml";
import { DocumentError, type Problem } from "../errors.ts";
import { oddIn } from "./characters.ts";
import { placesIn, type PlaceOf } from "./places.ts";
import { fullColonIn, slipIn, type Slip } from "./slips.ts";

const MAX_NESTING = 32;

const NOT_CLOSED = "a quote or bracket is not closed; close it, here or in a line above";
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/duplicated mapping key/, "a key is written twice in the same map; keep one of the two"],
  [/maxAliases/, "aliases (*name) are not allowed; write the value out where it is used"],
  [/maxDepth/, `maps and lists are nested more than ${MAX_NESTING} deep; no document needs that`],
  [/unknown .* tag/, "tags (!name) are not allowed; write plain text, numbers, lists and maps"],
  [/tab characters/, "a tab is used for indentation; use spaces"],
  [/non-printable/, "a control character stands here; remove it"],
  [/unexpected end of the stream within|deficient indentation/, NOT_CLOSED],
  [
    /bad indentation|end of the stream or a document separator/,
    "the line is indented differently from those it belongs to; begin it exactly below them, or two spaces further to the right of its key",
  ],
  [/expected ':'|multiline key/, "a key needs a colon and a space; write key: value"],
  [/anchor/, "a text that begins with & or * must be quoted; put quotes around it"],
  [/line break is expected/, "text stands behind | or >; begin it on the next line"],
];

/** A document as plain data, and where each part of it stands. */
export interface Read {
  readonly input: unknown;
  readonly placeOf: PlaceOf;
  /** Of the text itself; the rest of it was read as it was meant. */
  readonly problems: readonly Problem[];
}

/**
 * Reads YAML 1.2 or JSON, which is a part of it. A key with nothing behind it counts as not written. `suspects` are lines
 * with a text where a map is expected: a full-width colon in them is one of a key.
 * @throws DocumentError with the problems of a text that cannot be read to its end.
 */
export function readYaml(document: string, text: string, suspects: readonly number[] = []): Read {
  const unreadable = wholeProblem(text);
  if (unreadable !== undefined) throw new DocumentError(document, [unreadable]);
  const lines = text.split("\n");
  const problems: Problem[] = [];
  const mend = ({ message, place, meant = "" }: Slip): void => {
    problems.push({ path: "", message, place });
    lines[place.line - 1] = meant;
  };
  for (const number of suspects) {
    const slip = fullColonIn(lines[number - 1] ?? "", number);
    if (slip !== undefined) mend(slip);
  }
  for (;;) {
    const read = attempt(lines.join("\n"));
    if ("input" in read)
      return { ...read, placeOf: asWritten(read.placeOf, lines, text.split("\n")), problems };
    const slip = read.place && slipIn(lines, read.place);
    const mended = new Set(problems.map(({ place }) => place?.line));
    if (slip !== undefined) problems.push({ path: "", message: slip.message, place: slip.place });
    // A line that was mended and still cannot be read has one mistake, which is told already.
    else if (!mended.has(read.place?.line)) problems.push(read);
    // Each round mends a line, and no line is mended for ever.
    if (slip?.meant === undefined || problems.length > lines.length)
      throw new DocumentError(document, problems);
    lines[slip.place.line - 1] = slip.meant;
  }
}

/** Places in the text as it is written, from those in the text with mended lines. */
function asWritten(placeOf: PlaceOf, mended: readonly string[], written: readonly string[]): PlaceOf {
  return (path, what) => {
    const place = placeOf(path, what);
    const [now = "", before = ""] =
      place === undefined ? [] : [mended[place.line - 1], written[place.line - 1]];
    if (place === undefined || now === before) return place;
    const { column, length } = place;
    const at = before.indexOf(now.slice(column - 1, column - 1 + length));
    return at < 0 ? { ...place, column: before.search(/\S/) + 1, length: 1 } : { ...place, column: at + 1 };
  };
}

/** A text that is no use to a parser. */
function wholeProblem(text: string): Problem | undefined {
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

function attempt(text: string): Omit<Read, "problems"> | Problem {
  try {
    const events = parseEvents(text, { maxDepth: MAX_NESTING + 1 });
    return constructed(text, events);
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const { mark, reason } = cause;
    const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1];
    const place = mark && { line: mark.line + 1, column: mark.column + 1, length: 1 };
    return { path: "", message: hint ?? `is not valid YAML: ${reason}`, place };
  }
}

function constructed(text: string, events: Event[]): Omit<Read, "problems"> | Problem {
  const documents = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, maxAliases: 0 });
  if (documents.length > 1)
    return { path: "", message: "the file holds several documents (---); write one document in each file" };
  if (documents.length === 0)
    return { path: "", message: "the document is empty; see examples/ for one that works" };
  return { input: withoutNulls(documents[0]), placeOf: placesIn(text, events) };
}

/**
 * A block is often switched off by commenting out every line under its key. A key with an unusual character may hold its
 * value: `{max：3}`.
 */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, inner]) => inner !== null || oddIn(key) !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}
