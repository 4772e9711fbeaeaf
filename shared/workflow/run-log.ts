/**
 * The log of one run: every decision is a line, appended before the next event is sent. `standing` is the only way to
 * rebuild an event from it; steps, cancellations and the janitor share it.
 *
 * RUN-LOG-1. A line holds only what changes. So a recipe stands in the log once.
 * RUN-LOG-2. An end is one line. Notifications and child runs go out after it, then `sent` follows.
 * RUN-LOG-3. The first phase of a run needs no event of its own, so the first line after the request names it: `ran`.
 * RUN-LOG-4. Cancellations and answers are lines from outside the run; the step in flight loses to them.
 * RUN-LOG-5. "taken" says that nothing more is wanted of an ended run that was asked for before `announcedAt`. It changes
 *     nothing of the run; whether the request may be tried again depends on it.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { runKey } from "../keys.ts";
import { redactedStart } from "../redact.ts";
import { isDeepStrictEqual } from "node:util";
import { Cancelled, REQUEST, stateOf, type WorkflowEvent } from "./envelope.ts";
import { readLog, type Log } from "./log.ts";
import { previousLines } from "./previous-version.ts";
import { kindOf, subjectOf } from "./run-id.ts";
import type { Completion } from "./workflow.ts";

const Fields = z.record(z.string(), z.unknown());
const base = { seq: z.int(), at: z.int(), w: z.string(), ran: z.optional(z.string()) };
const Change = {
  due: z.int(),
  phase: z.optional(z.string()),
  /** When the phase began, where that is not `due`. */
  since: z.optional(z.int()),
  attempt: z.optional(z.int()),
  /** Set once the platform is known not to keep delays. */
  early: z.optional(z.int()),
  heldMs: z.optional(z.int()),
  note: z.optional(z.string()),
  /** Fields of the state that are new or have another value, and those that are gone. */
  set: z.optional(Fields),
  unset: z.optional(z.array(z.string())),
  input: z.optional(Fields),
  inputUnset: z.optional(z.array(z.string())),
};

const Line = z.discriminatedUnion("kind", [
  z.object({ ...base, kind: z.literal("input"), by: z.string(), due: z.int(), input: Fields }),
  z.object({ ...base, kind: z.literal("next"), ...Change }),
  z.object({ ...base, kind: z.literal("wait"), ...Change }),
  z.object({ ...base, kind: z.literal("cancel"), due: z.int(), ...Cancelled.shape }),
  z.object({ ...base, kind: z.literal("answer"), by: z.string(), answer: z.string() }),
  z.object({ ...base, kind: z.literal("done"), result: Fields, note: z.optional(z.string()) }),
  z.object({
    ...base,
    kind: z.enum(["failed", "cancelled"]),
    reason: z.string(),
    result: z.optional(Fields),
  }),
  z.object({ ...base, kind: z.literal("sent") }),
  z.object({ ...base, kind: z.literal("taken"), announcedAt: z.int() }),
]);
export type Line = z.infer<typeof Line>;
export type RunLog = Log<Line>;

/** A line without its writer, which `append` adds. */
export type NewLine = EachWithout<Line, "w">;
/** A line that another writer than the run adds: its number is the one after the last. */
export type Interjection = EachWithout<Line, "w" | "seq">;
type EachWithout<L, K extends string> = L extends unknown ? Omit<L, K> : never;

/** The log of a run, empty when there is none. @throws EventError for an object that is no such log. */
export async function readRunLog(client: CloudClient, run: string): Promise<RunLog> {
  const log = await readLog(client, runKey(run), Line);
  if (log.end > 0) return log;
  const lines = (await previousLines(client, run)).map((line) => ({ line, position: 0 }));
  // Nothing can be appended to a record.
  return lines.length > 0 ? { lines, end: -1 } : log;
}

export const inputLine = (by: string, input: Readonly<Record<string, unknown>>, now: number): NewLine => ({
  seq: 0,
  kind: "input",
  at: now,
  by,
  due: now,
  input,
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What makes `to` of `from`. */
function changes(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>) {
  const set = Object.entries(to).filter(
    ([key, value]) => value !== undefined && !isDeepStrictEqual(value, from[key]),
  );
  const unset = Object.keys(from).filter((key) => to[key] === undefined && from[key] !== undefined);
  return {
    ...(set.length > 0 && { set: Object.fromEntries(set) }),
    ...(unset.length > 0 && { unset }),
  };
}

const NOTE_MAX = 300;

/** The line of a run that goes on from `event` with `following` (RUN-LOG-1). */
export function changeLine(
  event: WorkflowEvent,
  ran: string,
  following: WorkflowEvent,
  {
    kind,
    note,
    at,
  }: { readonly kind: "next" | "wait"; readonly note?: string | undefined; readonly at: number },
): NewLine {
  const input = changes(
    isRecord(event.input) ? event.input : {},
    isRecord(following.input) ? following.input : {},
  );
  return {
    seq: event.seq,
    kind,
    at,
    due: following.runAt,
    ...(ran !== event.phase && { ran }),
    ...(following.phase !== event.phase && { phase: following.phase }),
    ...(following.phaseStartedAt !== (kind === "next" ? following.runAt : event.phaseStartedAt) && {
      since: following.phaseStartedAt,
    }),
    ...(following.attempt > 0 && { attempt: following.attempt }),
    early: following.early,
    heldMs: following.heldMs,
    ...(note !== undefined && { note: redactedStart(note, NOTE_MAX) }),
    ...changes(stateOf(event), stateOf(following)),
    ...(input.set && { input: input.set }),
    ...(input.unset && { inputUnset: input.unset }),
  };
}

/** The line of a run that ends in phase `ran`. */
export function endLine(
  { seq, phase }: WorkflowEvent,
  ran: string,
  completion: Completion,
  at: number,
): NewLine {
  const line = { seq, at, ...(ran !== phase && { ran }) };
  if (completion.kind === "done") return { ...line, kind: "done", result: { ...completion.result } };
  const { kind, reason, result } = completion;
  return { ...line, kind, reason, ...(result && { result: { ...result } }) };
}

/** The event, the cancellation or the end that a log stands for. */
export interface Standing {
  /** The next event of the run; of a run that has ended, the event that ended it. */
  readonly event: WorkflowEvent;
  readonly completion?: Completion;
  /** When the line was written that ends the run. */
  readonly endedAt?: number;
  /** Whether notifications and child runs of the end are out. */
  readonly sent: boolean;
  /** When the newest line was written. */
  readonly at: number;
}

/** A run that has ended. */
export type Ended = Standing & Required<Pick<Standing, "completion" | "endedAt">>;

export const isEnded = (now: Standing): now is Ended => now.completion !== undefined;

/** Whether a run has ended without doing what it was asked for. */
export const hasFailed = (now: Standing): now is Ended => isEnded(now) && now.completion.kind === "failed";

/** Rebuilds what a log stands for; undefined for an empty one. */
export function standing(run: string, { lines, end }: RunLog): Standing | undefined {
  let now: Standing | undefined;
  for (const { line } of lines) {
    now = line.kind === "input" ? begun(run, line) : now && after(now, line);
  }
  const seq = lines.length;
  return now && { ...now, event: { ...now.event, seq, position: end } };
}

function begun(run: string, { at, by, due, input }: Extract<Line, { kind: "input" }>): Standing {
  const times = { runAt: due, startedAt: at, phaseStartedAt: at };
  const place = { v: 2, run, seq: 1, position: 1 } as const;
  return { at, sent: false, event: { ...place, ...times, attempt: 0, by, phase: REQUEST, input } };
}

function after(before: Standing, line: Exclude<Line, { kind: "input" }>): Standing {
  const { event } = before;
  const { at } = line;
  switch (line.kind) {
    case "next":
    case "wait":
      return { ...before, at, event: changed(event, line) };
    case "cancel":
      return {
        ...before,
        at,
        event: { ...event, runAt: line.due, attempt: 0, cancelled: cancelledBy(line) },
      };
    case "answer":
      return { ...before, at, event: Object.assign({ ...event, runAt: at }, { answer: line.answer }) };
    case "done":
      return ended(before, line, { kind: "done", result: line.result });
    case "failed":
    case "cancelled":
      return ended(before, line, line);
    case "sent":
      return { ...before, at, sent: true };
    case "taken":
      return before;
  }
}

const cancelledBy = ({ reason, as, takenBy }: Extract<Line, { kind: "cancel" }>) => ({
  reason,
  as,
  ...(takenBy && { takenBy }),
});

const ended = (
  before: Standing,
  line: Extract<Line, { kind: Completion["kind"] }>,
  completion: Completion,
): Standing => ({ ...before, at: line.at, endedAt: line.at, event: ranIn(before.event, line), completion });

const ranIn = (event: WorkflowEvent, { ran = event.phase }: { readonly ran?: string | undefined }) => ({
  ...event,
  phase: ran,
});

const without = (fields: unknown, gone: readonly string[]) =>
  Object.fromEntries(Object.entries(isRecord(fields) ? fields : {}).filter(([key]) => !gone.includes(key)));

function changed(event: WorkflowEvent, line: Extract<Line, { kind: "next" | "wait" }>): WorkflowEvent {
  const {
    phase = event.phase,
    due,
    since,
    attempt = 0,
    set = {},
    unset = [],
    input = {},
    inputUnset = [],
    early = event.early,
    heldMs,
  } = line;
  const { v, run, seq, position, startedAt, by, cancelled } = event;
  return {
    ...without(stateOf(event), unset),
    ...set,
    v,
    run,
    seq,
    position,
    startedAt,
    by,
    phase,
    attempt,
    runAt: due,
    ...(cancelled && { cancelled: { ...cancelled, handled: true } }),
    early,
    heldMs,
    phaseStartedAt: since ?? (line.kind === "next" ? due : event.phaseStartedAt),
    input: { ...without(event.input, inputUnset), ...input },
  };
}

export type RunState = "queued" | "running" | Completion["kind"];

/** A run as operators read it. */
export interface RunRecord {
  readonly run: string;
  readonly kind: string;
  /** Its recipe, fleet or family. */
  readonly subject: string;
  readonly by: string;
  readonly state: RunState;
  readonly phase: string;
  readonly beganAt: string;
  readonly updatedAt: string;
  /** When a run that has not ended goes on. */
  readonly dueAt?: string;
  /** The reason for the current wait. */
  readonly note?: string;
  /** The phases that are over. */
  readonly steps: readonly { readonly phase: string; readonly at: number; readonly note?: string }[];
  readonly result?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** The record that a log amounts to; undefined for an empty one. */
export function recordOf(run: string, log: RunLog): RunRecord | undefined {
  const now = standing(run, log);
  if (now === undefined) return undefined;
  const { event, completion, at } = now;
  const begun = log.lines.flatMap(({ line }) => (line.kind === "next" || line.kind === "wait" ? [line] : []));
  return {
    run,
    kind: kindOf(run),
    subject: subjectIn(run, event.input),
    by: event.by,
    state: completion?.kind ?? (begun.length === 0 ? "queued" : "running"),
    phase: event.phase,
    beganAt: new Date(event.startedAt).toISOString(),
    updatedAt: new Date(at).toISOString(),
    steps: stepsOf(log),
    ...(completion === undefined
      ? { dueAt: new Date(event.runAt).toISOString(), ...noteOf(begun.at(-1)) }
      : endOf(completion)),
  };
}

/** Kinds of runs about a family, of which several may look the same in ids; the input has the name itself. */
const OF_FAMILIES = /^(?:rollback|hold)$/;

function subjectIn(run: string, input: unknown): string {
  const family = OF_FAMILIES.test(kindOf(run)) && isRecord(input) ? input["family"] : undefined;
  return typeof family === "string" ? family : subjectOf(run);
}

const noteOf = (line: { readonly note?: string | undefined } | undefined) =>
  line?.note === undefined ? {} : { note: line.note };

const endOf = ({ result, ...completion }: Completion) => ({
  ...(result && { result }),
  ...("reason" in completion && { reason: completion.reason }),
});

function stepsOf({ lines }: RunLog): RunRecord["steps"] {
  const steps: { phase: string; at: number; note?: string }[] = [];
  let phase: string = REQUEST;
  for (const { line } of lines) {
    const { at, ran = phase } = line;
    const step = (note?: string) =>
      steps.push({ phase: ran, at, ...(note !== undefined && { note: redactedStart(note, NOTE_MAX) }) });
    if (line.kind === "next") step(line.note);
    else if (line.kind === "done") step();
    else if (line.kind === "answer") step(`${line.answer} by ${line.by}`);
    else if ("reason" in line) step(line.reason);
    if ("phase" in line) phase = line.phase ?? phase;
  }
  return steps;
}
