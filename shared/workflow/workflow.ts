/**
 * A workflow: phases, each with its event type, its time limit, its action and its compensation.
 *
 * WORKFLOW-1. A phase decides and makes at most one change, and makes it last: a crash before it changes nothing.
 * WORKFLOW-2. A change is safe to repeat: it carries a token, or the phase reads before it acts.
 * WORKFLOW-3. Waiting is an event with a delay. No phase sleeps.
 * WORKFLOW-4. A run that owns something releases it on every path, compensation included.
 * WORKFLOW-5. The decision of a phase is a line of the run's log, and of two attempts only one can append it; so two
 *     that disagree cannot both take effect. Task ids and delays of the platform only save work.
 */
import { waitMs } from "../cloud/retry.ts";
import { formatDuration, seconds } from "../duration.ts";
import { placedIn } from "../document-fields.ts";
import { CloudError, UnseenError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { stateOf, type EventType, type RequestEvent, type StateOf, type WorkflowEvent } from "./envelope.ts";

/** An event for another function. */
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

type Fields = Readonly<Record<string, unknown>>;

/** An outcome that ends the run. */
export type Completion =
  | { readonly kind: "done"; readonly result: Fields }
  /** `result`: what the run leaves behind. */
  | { readonly kind: "failed" | "cancelled"; readonly reason: string; readonly result?: Fields | undefined };

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

export const done = (result: Fields) => ({ kind: "done", result }) as const;

export const failed = (reason: string) => ({ kind: "failed", reason }) as const;

/** One phase of a workflow. Methods, so that phases of different events fit into one list. */
export interface Phase<E extends WorkflowEvent = WorkflowEvent> {
  readonly type: EventType<E>;
  /** A phase that still waits after this is compensated. Milliseconds. */
  readonly limitMs: number;
  /** The outcome of a phase that has nothing to do for this event: it is passed over. Asks the cloud nothing. */
  skip?(event: E, ports: Pick<Ports, "cloud">): Outcome | undefined;
  /** Set for a phase that buys or creates something: after its limit it is compensated without a further try. */
  readonly creates?: true;
  /** Reads the world, makes at most one change and says what follows. */
  run(event: E, ports: Ports): Promise<Outcome>;
  /** The way out of the phase when it fails, times out or is cancelled. */
  compensate(event: E, reason: string): Outcome;
  /**
   * What a cancellation leads to instead of the compensation. For phases that are the way out themselves: their
   * compensation says what could not be released, and a cancellation must still release it.
   */
  cancel?(event: E, reason: string): Outcome;
}

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/** Defines the phase of an event type. Without `compensate`, the run fails. */
export const phase = <E extends WorkflowEvent>(
  type: EventType<E>,
  rest: Optional<Omit<Phase<NoInfer<E>>, "type">, "compensate">,
): Phase<E> => ({ type, compensate: (_event, reason) => failed(reason), ...rest });

/** A run that is asked for. The same cause always has the same id, so its repeat is the same run. */
export interface RunRequest {
  readonly run: string;
  readonly by: string;
  readonly request: Fields;
}

/** Everything an ended run causes. */
export interface Consequences {
  readonly notifications?: readonly Send[];
  readonly runs?: readonly RunRequest[];
  /** Events that save time and decide nothing: a timer does the same. */
  readonly hints?: readonly Send[];
}

/** A workflow: one kind of run. */
export interface Workflow {
  /** First word of the ids of its runs. */
  readonly kind: string;
  readonly phases: readonly Phase[];
  /** The first event of a run. @throws EventError for a request that is none of this workflow. */
  begin(event: RequestEvent, ports: Ports): WorkflowEvent;
  /** Asked again after a lost answer, so it depends on nothing but its parameters and documents. */
  onComplete?(event: WorkflowEvent, completion: Completion, ports: Ports): Promise<Consequences>;
}

/**
 * Runs the phase of `event`. Errors that a retry may cure become waits, refusals are compensated; anything else
 * is thrown, so that the platform delivers the event again.
 */
export async function advance(phase: Phase, event: WorkflowEvent, ports: Ports): Promise<Outcome> {
  const { phaseStartedAt, heldMs = 0 } = event;
  const spentMs = ports.clock.now() - phaseStartedAt - heldMs;
  if (phase.creates && spentMs > phase.limitMs) return phase.compensate(event, tooLate(event, spentMs));
  const outcome = await phase.run(event, ports).catch((error: unknown): Outcome => {
    if (error instanceof UnseenError) return wait(UNSEEN_MS, error.message);
    if (!(error instanceof CloudError)) throw error;
    placedIn(event.input, error);
    if (error.kind !== "wait") return phase.compensate(event, error.message);
    return { ...wait(waitMs(error.code, event.attempt, ports.random), error.message), throttled: true };
  });
  if (outcome.kind !== "wait") return outcome;
  const waitedMs = ports.clock.now() - phaseStartedAt - heldMs;
  if (waitedMs + outcome.afterMs <= phase.limitMs) return outcome;
  return phase.compensate(event, `${tooLate(event, waitedMs)}: ${outcome.note}`);
}

/** Until a read may show what was written. */
const UNSEEN_MS = seconds(15);

const tooLate = ({ phase }: WorkflowEvent, ms: number): string =>
  `${phase} is not over after ${formatDuration(ms)}`;

/** How often an event that comes too early is handed on before its run stops to rely on delays. */
export const EARLY_MAX = 2;

/** The event that follows `event` when its run goes on. Its place in the log is known once the line is there. */
export function follow(
  event: WorkflowEvent,
  outcome: Exclude<Outcome, Completion>,
  now: number,
): WorkflowEvent {
  const { v, run, seq, position, startedAt, by, cancelled, early } = event;
  const envelope = { v, run, seq, position, startedAt, by, runAt: now + outcome.afterMs };
  const common = {
    ...envelope,
    ...(cancelled && { cancelled: { ...cancelled, handled: true } }),
    ...(early !== undefined && early >= EARLY_MAX && { early }),
  };
  if (outcome.kind === "wait") {
    const { phase, input, phaseStartedAt, attempt, heldMs } = event;
    const held = heldMs === undefined ? {} : { heldMs };
    const attempts = outcome.throttled ? attempt + 1 : 0;
    return { ...stateOf(event), ...common, ...held, phase, input, phaseStartedAt, attempt: attempts };
  }
  const { phase, state, input = event.input } = outcome.transition;
  return { ...state, ...common, input, phase, phaseStartedAt: common.runAt, attempt: 0 };
}
