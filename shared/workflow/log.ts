/**
 * An append-only log of JSON lines in the bucket: what runs, locks and reservations are made of.
 *
 * LOG-1. A line is appended at the length that its writer has read, so of several writers one wins.
 * LOG-2. Every line carries `w`, the id of its writer. A writer whose answer is lost reads the line at its position:
 *     its own id there means that it has won.
 * LOG-3. A log is never deleted and created again: position 0 would be free a second time.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { appendObject, readTail } from "../cloud/oss/append.ts";
import { CloudError, EventError } from "../errors.ts";
import { parse, type Ports } from "../invocation.ts";
import { redactedJson } from "../redact.ts";

/** A line of a log. */
export interface Placed<T> {
  readonly line: T;
  readonly position: number;
}

/** The lines that were read, and the length of the whole log in bytes: where the next line goes. */
export interface Log<T> {
  readonly lines: readonly Placed<T>[];
  readonly end: number;
}

/** Of a log that grows for ever the end is read. Every line of such a log holds the whole state. */
export const TAIL_BYTES = 64 * 1024;

/**
 * Reads a log, or its last `most` bytes. A log that is not there is empty.
 * @throws EventError for an object that is no such log.
 */
export async function readLog<T>(
  client: CloudClient,
  key: string,
  schema: z.ZodMiniType<T>,
  most?: number,
): Promise<Log<T>> {
  const tail = await readTail(client, key, most);
  if (tail === undefined) return { lines: [], end: 0 };
  const { bytes, from } = tail;
  const end = from + bytes.length;
  const lines: Placed<T>[] = [];
  let start = 0;
  for (let stop = bytes.indexOf("\n"); stop !== -1; stop = bytes.indexOf("\n", start)) {
    // The first line of a part may be cut.
    if (from === 0 || start > 0) {
      lines.push({
        line: parse(schema, parseLine(bytes.toString("utf8", start, stop), key), key),
        position: from + start,
      });
    }
    start = stop + 1;
  }
  if (start !== bytes.length)
    throw new EventError(`${key} does not end with a whole line; it is no log of Kiln`);
  return { lines, end };
}

function parseLine(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EventError(`${key} holds a line that is not JSON; it is no log of Kiln`, { cause: error });
  }
}

/** The outcome of an append: `unknown` when neither the append nor the look after it was answered. */
export type Appended =
  | { readonly kind: "won"; readonly end: number }
  | { readonly kind: "lost" }
  | { readonly kind: "unknown"; readonly error: unknown };

const Written = z.looseObject({ w: z.string() });

/**
 * Appends a line at `position`, or several with one call: all of them or none (LOG-1, LOG-2).
 * @throws CloudError for a refusal that repeating does not change, such as a missing permission.
 */
export async function append(
  { cloud, writer }: Pick<Ports, "cloud" | "writer">,
  key: string,
  position: number,
  lines: object | readonly object[],
): Promise<Appended> {
  const text = [lines]
    .flat()
    .map((line) => `${redactedJson({ ...line, w: writer })}\n`)
    .join("");
  const bytes = Buffer.byteLength(text);
  const won = { kind: "won", end: position + bytes } as const;
  let unanswered: unknown;
  try {
    if (await appendObject(cloud, key, position, text)) return won;
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    unanswered = error;
  }
  try {
    const { lines: found } = await readLog(cloud, key, Written, 4 * TAIL_BYTES + bytes);
    const there = found.find((each) => each.position === position);
    if (there?.line.w === writer) return won;
    const isOpen = there === undefined && unanswered !== undefined;
    return isOpen ? { kind: "unknown", error: unanswered } : { kind: "lost" };
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    return { kind: "unknown", error };
  }
}

/**
 * As `append`, for a writer that goes on only with an answer. Returns the new end of the log, undefined when another writer
 * was first.
 * @throws CloudError when it is unknown whether the line is there; a repeat finds it.
 */
export async function appendOrLose(
  ports: Pick<Ports, "cloud" | "writer">,
  key: string,
  position: number,
  lines: object | readonly object[],
): Promise<number | undefined> {
  const appended = await append(ports, key, position, lines);
  if (appended.kind === "unknown") throw appended.error;
  return appended.kind === "won" ? appended.end : undefined;
}

/** How often a line is tried against other writers. */
const TRIES = 5;

/**
 * Appends one line of a run to a log whose newest line counts; `next` makes it of that one, or nothing. Returns the line
 * of the run. It may exist from an earlier attempt: a repeat finds it, whatever other writers appended since.
 * @throws CloudError as `appendOrLose`, and Error when others were first every time
 */
export async function appendOnce<T extends { readonly run: string }>(
  ports: Pick<Ports, "cloud" | "writer">,
  { key, schema, run }: { readonly key: string; readonly schema: z.ZodMiniType<T>; readonly run: string },
  next: (newest: T | undefined) => T | undefined,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { lines, end } = await readLog(ports.cloud, key, schema, TAIL_BYTES);
    const own = lines.find(({ line }) => line.run === run)?.line;
    const line = own ?? next(lines.at(-1)?.line);
    if (own !== undefined || line === undefined) return line;
    if ((await appendOrLose(ports, key, end, line)) !== undefined) return line;
  }
  throw new Error(`${key} changed ${TRIES} times while it was written`);
}

const isUnanswered = (error: unknown): boolean => error instanceof CloudError && error.kind === "wait";
