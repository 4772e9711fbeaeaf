/**
 * How the bytes of one event are shared out. An event carries its document and the state of its phase; the platform
 * takes 128 KB (https://www.alibabacloud.com/help/en/functioncompute/fc/product-overview/limits),
 * and an event that fails travels once more inside the failure event, so half of that is the limit.
 *
 * BUDGET-1. A run whose events might not fit is refused before its first change. Found out later, it would leave what
 *     it has made so far.
 */
import { redactedShort } from "./redact.ts";

const KB = 1024;

/** The largest event that is sent. */
export const EVENT_MAX_BYTES = 64 * KB;
/** The largest document, complete with its defaults, as JSON. */
export const DOCUMENT_MAX_BYTES = 40 * KB;
/** The largest parameters of a bake, as JSON. Every command gets all of them and takes 18 KB (RunCommand, CommandContent). */
export const PARAMETERS_MAX_BYTES = 16 * KB;
/** The fields that every event has, the reason of a cancellation included, and a reserve for later versions. */
const ENVELOPE_MAX_BYTES = 13 * KB;
/** The longest text of a document as it lies in the bucket. A longer object is not read to its end. */
export const DOCUMENT_TEXT_MAX_BYTES = 32 * KB;
/** The longest text the YAML parser is given. */
export const YAML_MAX_BYTES = 256 * KB;

/** The most offerings of a document: their order is part of the state. */
export const OFFERINGS_MAX = 200;
/** Instance types that are tried where a document names a size. */
export const TYPES_SELECTED = 10;
/** The most channels of a document: the end of a run has a notification for each. */
export const CHANNELS_MAX = 20;
/** Failures in a row that pause a recipe which says nothing else. */
export const PAUSE_AFTER = 5;
/** The longest list of reasons in one message, in characters: it is part of the state of a run that cleans up. */
const REASONS_MAX = 3_000;
/** The longest of them: names and keys may be long. */
const REASON_MAX = 500;

/** Bytes of a value as JSON. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * Why the events of a run would not fit, as the rest of a sentence; undefined when they do (BUDGET-1). `parts` are those
 * that the user can shorten, by their names; `stateBytes` is the most that the phases add.
 */
export function roomProblem(
  parts: Readonly<Record<string, unknown>>,
  stateBytes: number,
): string | undefined {
  const sizes = Object.entries(parts).map(([name, part]) => ({ name, bytes: jsonBytes(part) }));
  const room = EVENT_MAX_BYTES - ENVELOPE_MAX_BYTES - stateBytes;
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (all <= room) return undefined;
  const listed = sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(", ");
  return `does not fit into an event: ${listed} bytes as JSON, ${all - room} more than the ${room} there is room for`;
}

/** Joins the first reasons, up to REASONS_MAX characters, and counts the others. */
export function joinReasons(reasons: readonly string[], separator = "; "): string {
  const shown: string[] = [];
  let length = 0;
  for (const reason of reasons.map((each) => redactedShort(each, REASON_MAX))) {
    length += reason.length + separator.length;
    if (length > REASONS_MAX) break;
    shown.push(reason);
  }
  const more = reasons.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
