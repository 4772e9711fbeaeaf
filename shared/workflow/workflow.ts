/**
 * A workflow: phases, each with its event type, its time limit, its action and its compensation.
 *
 * WORKFLOW-1. A phase decides and makes at most one change, and makes it last: a crash before it changes nothing.
 * WORKFLOW-2. A change is safe to repeat: it carries a token, or the phase reads before it acts.
 * WORKFLOW-3. Waiting is an event with a delay. No phase sleeps.
 * WORKFLOW-4. A run that owns something releases it on every path, compensation included.
 * WORKFLOW-5. The next event decides which path a run takes, and only one event can be number `seq + 1` of a
 *     run; so two concurrent attempts that disagree cannot both take effect.
 */
import { waitMs } from "../cloud/retry.ts";
import { formatDuration } from "../duration.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { HISTORY_MAX_BYTES } from "../budget.ts";
import type { Envelope, EventType, StateOf, WorkflowEvent } from "./envelope.ts";

/** A request for another function, sent when a run ends. */
export interface Send {
  readonly to: string;
  readonly taskId: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** The fields of the next event that are not part of its envelope. */
export interface Transition {
  readonly phase: string;
  readonly state: Readonly<Record<string, unknown>>;
  /** Replaces the input of the run; left out, the input stays. */
  readonly input?: unknown;
}

/** The result of one phase. */
export type Outcome =
  | {
      readonly kind: "next";
      readonly transition: Transition;
      readonly afterMs: number;
      readonly note?: string;
    }
  /** The same phase again later. `throttled` counts as an attempt: the waits grow. */
  | { readonly kind: "wait"; readonly note: string; readonly afterMs: number; readonly throttled?: boolean }
  | Completion;

/** An outcome that ends the run. */
export type Completion =
  | {
      readonly kind: "done";
      readonly result: Readonly<Record<string, unknown>>;
      readonly send: readonly Send[];
    }
  | { readonly kind: "failed"; readonly reason: string; readonly send: readonly Send[] };

interface NextOptions<E extends WorkflowEvent> {
  readonly afterMs?: number;
  /** A sentence for the history of the run. */
  readonly note?: string | undefined;
  readonly input?: E["input"];
}

/** Goes on to the phase of `type`. */
export function next<E extends WorkflowEvent>(
  type: EventType<E>,
  state: StateOf<E>,
  { afterMs = 0, note, input }: NextOptions<E> = {},
): Outcome {
  const transition = { phase: type.name, state, ...(input !== undefined && { input }) };
  return { kind: "next", transition, afterMs, ...(note !== undefined && { note }) };
}

export const wait = (afterMs: number, note: string) => ({ kind: "wait", note, afterMs }) as const;

export const done = (result: Readonly<Record<string, unknown>>, send: readonly Send[] = []) =>
  ({ kind: "done", result, send }) as const;

export const failed = (reason: string, send: readonly Send[] = []) =>
  ({ kind: "failed", reason, send }) as const;

/** One phase of a workflow. Methods, so that phases of different events fit into one list. */
export interface Phase<E extends WorkflowEvent = WorkflowEvent> {
  readonly type: EventType<E>;
  /** A phase that still waits after this is compensated. Milliseconds. */
  readonly limitMs: number;
  /** Reads the world, makes at most one change and says what follows. */
  run(event: E, ports: Ports): Promise<Outcome>;
  /** The way out of the phase when it fails, times out or is cancelled. */
  compensate(event: E, reason: string): Outcome;
}

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/** Defines the phase of an event type. Without `compensate`, the run fails. */
export const phase = <E extends WorkflowEvent>(
  type: EventType<E>,
  rest: Optional<Omit<Phase<NoInfer<E>>, "type">, "compensate">,
): Phase<E> => ({ type, compensate: (_event, reason) => failed(reason), ...rest });

/** A workflow: one kind of run. */
export interface Workflow {
  /** First word of the ids of its runs. */
  readonly kind: string;
  readonly phases: readonly Phase[];
  /** Notifications and requests to send when a run has ended; `at` is now. */
  onComplete?(event: WorkflowEvent, completion: Completion, at: number): readonly Send[];
}

/**
 * Runs the phase of `event`. Errors that a retry may cure become waits, refusals are compensated; anything else
 * is thrown, so that the platform delivers the event again.
 */
export async function advance(phase: Phase, event: WorkflowEvent, ports: Ports): Promise<Outcome> {
  const outcome = await phase.run(event, ports).catch((error: unknown): Outcome => {
    if (!(error instanceof CloudError)) throw error;
    if (error.kind !== "wait") return phase.compensate(event, error.message);
    return { ...wait(waitMs(error.code, event.attempt, ports.random), error.message), throttled: true };
  });
  if (outcome.kind !== "wait") return outcome;
  const waitedMs = ports.clock.now() - event.phaseStartedAt;
  if (waitedMs + outcome.afterMs <= phase.limitMs) return outcome;
  return phase.compensate(
    event,
    `${event.phase} is not over after ${formatDuration(waitedMs)}: ${outcome.note}`,
  );
}

/** The event that follows `event` when its run goes on. */
export function follow(
  event: WorkflowEvent,
  outcome: Exclude<Outcome, Completion>,
  now: number,
): WorkflowEvent {
  const at = { seq: event.seq + 1, runAt: now + outcome.afterMs };
  if (outcome.kind === "wait") return { ...event, ...at, attempt: outcome.throttled ? event.attempt + 1 : 0 };
  const { phase, state, input = event.input } = outcome.transition;
  const { v, run, startedAt, by } = event;
  const history = shortened([...event.history, historyEntry(event.phase, now, outcome.note)]);
  const envelope = { v, run, startedAt, by, ...at, phaseStartedAt: at.runAt, attempt: 0, history };
  return { input, phase, ...state, ...envelope };
}

const NOTE_MAX = 300;

export function historyEntry(phase: string, at: number, note?: string): Envelope["history"][number] {
  return note === undefined ? { phase, at } : { phase, at, note: note.slice(0, NOTE_MAX) };
}

const HISTORY_MAX = 40;

function shortened(history: Envelope["history"]): Envelope["history"] {
  const fits =
    history.length <= HISTORY_MAX && Buffer.byteLength(JSON.stringify(history)) <= HISTORY_MAX_BYTES;
  // The first and the last entries say most.
  return fits || history.length < 3
    ? history
    : shortened(history.toSpliced(Math.min(10, history.length >> 1), 1));
}
