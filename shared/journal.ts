/**
 * One small record per run in the bucket, rewritten whole from the event at hand: a crash leaves the
 * record of the step before, never half a record. Readers: the status route, the sweep, people.
 */
import type { CloudClient } from "./cloud/client.ts";
import { getObject, putObject } from "./cloud/oss.ts";
import type { Continuation, Line } from "./events/line.ts";
import { entry, type Outcome } from "./machine.ts";
import { recordKey, subjectOf } from "./run.ts";

/** Bytes of a command's output, of a plan, and so on, live beside the record, not in it. */
export interface RunRecord {
  readonly v: 1;
  readonly run: string;
  readonly kind: string;
  readonly subject: string;
  readonly by: string;
  readonly state: "queued" | "running" | "done" | "failed";
  readonly phase: string;
  readonly beganAt: string;
  readonly updatedAt: string;
  /** What the run is waiting for, in words. */
  readonly note?: string;
  readonly steps: Line["trail"];
  readonly result?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
  /** The event in flight, so that a lost run can be taken up or wound down. Gone when the run has ended. */
  readonly event?: Continuation;
}

/** The record of a run after `event`'s step came to `outcome`; `following` is the event handed on, if any. */
export function recordOf<E extends Continuation>(
  event: E,
  outcome: Outcome<E>,
  following: E | undefined,
  now: number,
): RunRecord {
  const base = {
    v: 1,
    run: event.run,
    kind: event.run.split("-")[0] ?? "",
    subject: subjectOf(event.run),
    by: event.by,
    beganAt: new Date(event.began).toISOString(),
    updatedAt: new Date(now).toISOString(),
  } as const;
  if (following) {
    const note = outcome.kind === "wait" || outcome.kind === "next" ? outcome.note : undefined;
    const record = { ...base, state: "running", phase: following.phase, steps: following.trail } as const;
    return { ...record, ...(note !== undefined && { note }), event: following };
  }
  const words = outcome.kind === "failed" ? outcome.reason : undefined;
  const ended = { ...base, phase: event.phase, steps: [...event.trail, entry(event.phase, now, words)] };
  return outcome.kind === "done"
    ? { ...ended, state: "done", result: outcome.result }
    : { ...ended, state: "failed", reason: words ?? "" };
}

/** Whether the run has come to its end, well or not. */
export const hasEnded = ({ state }: RunRecord): boolean => state === "done" || state === "failed";

export async function writeRecord(client: CloudClient, record: RunRecord): Promise<void> {
  await putObject(client, recordKey(record.run), JSON.stringify(record), { contentType: "application/json" });
}

/** The record of a run, or undefined when none was written. @throws TypeError or SyntaxError for what is no record. */
export async function readRecord(client: CloudClient, run: string): Promise<RunRecord | undefined> {
  const object = await getObject(client, recordKey(run));
  if (object === undefined) return undefined;
  const record: unknown = JSON.parse(object.text);
  if (!isRecordOf(run, record)) throw new TypeError(`${recordKey(run)} is not the record of ${run}`);
  return record;
}

const STATES: ReadonlySet<unknown> = new Set<RunRecord["state"]>(["queued", "running", "done", "failed"]);

/** As far as others rely on it: a person, or an older Kiln, may have written something else under the key. */
function isRecordOf(run: string, value: unknown): value is RunRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Partial<RunRecord>;
  const { event } = record;
  const carries = event === undefined || (typeof event === "object" && typeof event?.seq === "number");
  return record.run === run && STATES.has(record.state) && carries;
}
