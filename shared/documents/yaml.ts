/** Text of a document → plain data, or one problem that names the line. */
import { YAML_MAX_BYTES } from "../budget.ts";
import { constructFromEvents, CORE_SCHEMA, parseEvents, YAMLException } from "js-yaml";
import { DocumentError, type Place } from "../errors.ts";
import { placesIn, type PlaceOf } from "./places.ts";

const MAX_NESTING = 32;

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/duplicated mapping key/, "a key is written twice in the same map; keep one of the two"],
  [/maxAliases/, "aliases (*name) are not allowed; write the value out where it is used"],
  [/maxDepth/, `maps and lists are nested more than ${MAX_NESTING} deep; no document needs that`],
  [/unknown .* tag/, "tags (!name) are not allowed; write plain text, numbers, lists and maps"],
  [/tab characters/, "a tab is used for indentation; use spaces"],
];

/** A document as plain data, and where each part of it stands. */
interface Read {
  readonly input: unknown;
  readonly placeOf: PlaceOf;
}

/**
 * Reads YAML 1.2 or JSON, which is a part of it. A key with nothing behind it counts as not written.
 * @throws DocumentError with one problem: the place and what to do.
 */
export function readYaml(document: string, text: string): Read {
  const bytes = Buffer.byteLength(text);
  if (bytes > YAML_MAX_BYTES) {
    const message = `is ${bytes} bytes, the limit is ${YAML_MAX_BYTES}; put long scripts into objects and name them`;
    throw new DocumentError(document, [{ path: "", message }]);
  }
  try {
    const events = parseEvents(text, { maxDepth: MAX_NESTING + 1 });
    const documents = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, maxAliases: 0 });
    if (documents.length !== 1) throw refused(document, documents.length === 0 ? EMPTY : SEVERAL);
    return { input: withoutNulls(documents[0]), placeOf: placesIn(text, events) };
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const { mark, reason } = cause;
    const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1];
    const place = mark && { line: mark.line + 1, column: mark.column + 1, length: 1 };
    throw refused(document, hint ?? `is not valid YAML: ${reason}`, place);
  }
}

const EMPTY = "the document is empty; see examples/ for one that works";
const SEVERAL = "the file holds several documents (---); write one document in each file";

const refused = (document: string, message: string, place?: Place): DocumentError =>
  new DocumentError(document, [{ path: "", message, place }]);

/** A block is often switched off by commenting out every line under its key. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}
