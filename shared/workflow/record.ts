/**
 * One small record per run in the bucket, rewritten whole from the event at hand: a crash leaves the record of
 * the phase before, never half a record. The status route, the janitor and operators read it.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { getObject, putObject } from "../cloud/oss/objects.ts";
import { EventError } from "../errors.ts";
import { parse } from "../invocation.ts";
import { recordKey } from "../keys.ts";
import { RunId } from "../names.ts";
import type { EndedEvent, Envelope, WorkflowEvent } from "./envelope.ts";
import { subjectOf } from "./run-id.ts";
import { historyEntry, type Completion, type Outcome } from "./workflow.ts";

const Steps = z.array(z.looseObject({ phase: z.string(), at: z.int(), note: z.optional(z.string()) }));

/** Output of commands and long lists lie beside the record, not in it. Unknown fields of later versions are dropped. */
const RunRecord = z.object({
  v: z.literal(1),
  run: RunId,
  kind: z.string(),
  subject: z.string(),
  by: z.string(),
  state: z.enum(["queued", "running", "done", "failed"]),
  phase: z.string(),
  beganAt: z.string(),
  updatedAt: z.string(),
  /** The reason for the current wait. */
  note: z.optional(z.string()),
  steps: Steps,
  result: z.optional(z.record(z.string(), z.unknown())),
  reason: z.optional(z.string()),
  /** The event in flight, so that a lost run can be resumed or cancelled. Gone when the run has ended. */
  event: z.optional(
    z.looseObject({ run: RunId, seq: z.int(), runAt: z.int(), phase: z.string(), input: z.unknown() }),
  ),
});

export interface RunRecord extends Omit<z.infer<typeof RunRecord>, "event" | "steps"> {
  readonly steps: Envelope["history"];
  readonly event?: WorkflowEvent | undefined;
}

/** Whether the run has ended, well or not. */
export const hasEnded = ({ state }: RunRecord): boolean => state === "done" || state === "failed";

/** The record of a run that goes on with `following`. */
export function recordOf(event: WorkflowEvent, following: WorkflowEvent, outcome: Outcome, now: number) {
  const note = outcome.kind === "wait" || outcome.kind === "next" ? outcome.note : undefined;
  const { phase, history } = following;
  return {
    ...baseOf(event, now),
    state: "running",
    phase,
    steps: history,
    event: following,
    ...(note !== undefined && { note }),
  } satisfies RunRecord;
}

/** The record of a run that has ended. */
export function completedRecord(event: EndedEvent, completion: Completion, now: number): RunRecord {
  const reason = completion.kind === "failed" ? completion.reason : undefined;
  const steps = [...event.history, historyEntry(event.phase, now, reason)];
  const base = { ...baseOf(event, now), phase: event.phase, steps };
  return completion.kind === "done"
    ? { ...base, state: "done", result: completion.result }
    : { ...base, state: "failed", reason: completion.reason };
}

/** The record of a run that was accepted and has not begun. */
export const queuedRecord = (run: string, by: string, now: number): RunRecord => ({
  ...baseOf({ run, by, startedAt: now }, now),
  state: "queued",
  phase: "request",
  steps: [],
});

const baseOf = ({ run, by, startedAt }: Pick<Envelope, "run" | "by" | "startedAt">, now: number) =>
  ({
    v: 1,
    run,
    kind: run.slice(0, run.indexOf("-")),
    subject: subjectOf(run),
    by,
    beganAt: new Date(startedAt).toISOString(),
    updatedAt: new Date(now).toISOString(),
  }) as const;

/** Writes a record; `ifAbsent` leaves one that is there as it is. */
export async function writeRecord(
  client: CloudClient,
  record: RunRecord,
  { ifAbsent = false }: { readonly ifAbsent?: boolean } = {},
): Promise<void> {
  const options = { contentType: "application/json", ifAbsent };
  await putObject(client, recordKey(record.run), JSON.stringify(record), options);
}

/** The record of a run, or undefined when none was written. @throws EventError or SyntaxError for an object that is no record. */
export async function readRecord(client: CloudClient, run: string): Promise<RunRecord | undefined> {
  const object = await getObject(client, recordKey(run));
  if (object === undefined) return undefined;
  const record = parse(RunRecord, JSON.parse(object.text), `record of ${run}`);
  if (record.run !== run) throw new EventError(`${recordKey(run)} is not the record of ${run}`);
  // The event is parsed by the function that receives it, against the schema of its phase.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only its envelope is read before that
  return record as RunRecord;
}
