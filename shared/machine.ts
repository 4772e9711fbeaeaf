/**
 * The mechanism of every Kiln function that works in steps: one event in, one step, one outcome.
 *
 * M1. A step decides and makes at most one change, and makes it last: a crash before it changes nothing.
 * M2. A change is safe to repeat: it carries a token, or the step reads before it acts.
 * M3. Waiting is an event with a delay. No step sleeps.
 * M4. A run that owns something gives it back on every road, the give-up road included.
 * M5. Which road a run takes is decided by the event a step hands on, and only one event can be number
 *     `seq + 1` of a run; so two forks that disagree cannot both be believed.
 */
import { waitMs } from "./cloud/retry.ts";
import { CloudError } from "./errors.ts";
import { formatDuration } from "./duration.ts";
import type { Continuation, Line } from "./events/line.ts";
import type { Clock, Dice } from "./ports.ts";

type Job<E extends Continuation> = E["job"];

/** A phase with its state; the line is filled in by the machine, the job carried over unless given. */
export type Entering<E extends Continuation> = E extends Continuation
  ? Omit<E, keyof Line | "job"> & { readonly job?: Job<E> }
  : never;

/** An event for another function, sent when a run ends. */
export interface Send {
  readonly to: string;
  readonly taskId: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** What a step comes to. */
export type Outcome<E extends Continuation> =
  | { readonly kind: "next"; readonly enter: Entering<E>; readonly afterMs: number; readonly note?: string }
  /** The same phase again: nothing went wrong, the world is not there yet. */
  | { readonly kind: "wait"; readonly note: string; readonly afterMs: number; readonly troubled?: boolean }
  | {
      readonly kind: "done";
      readonly result: Readonly<Record<string, unknown>>;
      readonly send?: readonly Send[];
    }
  | { readonly kind: "failed"; readonly reason: string; readonly send?: readonly Send[] };

/** Goes on to another phase, `afterMs` from now; `note` is what the journal says of the step. */
export const next = <S>(enter: S, afterMs = 0, note?: string) =>
  ({ kind: "next", enter, afterMs, ...(note !== undefined && { note }) }) as const;

export const wait = (afterMs: number, note: string) => ({ kind: "wait", note, afterMs }) as const;

export const done = (result: Readonly<Record<string, unknown>>, send: readonly Send[] = []) =>
  ({ kind: "done", result, send }) as const;

export const failed = (reason: string, send: readonly Send[] = []) =>
  ({ kind: "failed", reason, send }) as const;

/** An outcome that ends the run. */
export type End = Extract<Outcome<Continuation>, { readonly kind: "done" | "failed" }>;

/** One function per phase; a missing or misspelt phase does not compile. */
export type Steps<E extends Continuation, P> = {
  readonly [K in E["phase"]]: (event: Extract<E, { phase: K }>, ports: P) => Promise<Outcome<E>>;
};

/** A machine: its steps, how long each phase may take, and the road back. */
export interface Machine<E extends Continuation, P> {
  readonly steps: Steps<E, P>;
  /** A phase that is still waiting after this gives up. Milliseconds. */
  readonly limitsMs: Readonly<Record<E["phase"], number>>;
  /** The way out from any phase; asked with the last event, so it knows what the run owns. */
  readonly giveUp: (event: E, reason: string) => Outcome<E>;
}

/**
 * Runs the step of `event`. Errors that ask for patience become waits, refusals take the give-up road;
 * anything else is thrown, so that the platform delivers the event again.
 */
export async function advance<E extends Continuation, P extends { clock: Clock; dice: Dice }>(
  machine: Machine<E, P>,
  event: E,
  ports: P,
): Promise<Outcome<E>> {
  const step = machine.steps[event.phase as E["phase"]] as (event: E, ports: P) => Promise<Outcome<E>>;
  const outcome = await step(event, ports).catch((error: unknown): Outcome<E> => {
    if (!(error instanceof CloudError)) throw error;
    if (error.kind !== "wait") return machine.giveUp(event, error.message);
    return { ...wait(waitMs(error.code, event.tries, ports.dice), error.message), troubled: true };
  });
  if (outcome.kind !== "wait") return outcome;
  const limitMs = machine.limitsMs[event.phase as E["phase"]];
  const waitedMs = ports.clock.now() - event.since;
  if (waitedMs + outcome.afterMs <= limitMs) return outcome;
  return machine.giveUp(
    event,
    `${event.phase} is not over after ${formatDuration(waitedMs)}: ${outcome.note}`,
  );
}

/** The line of the first event of a run. */
export const firstLine = (run: string, by: string, now: number): Line => ({
  v: 1,
  run,
  seq: 0,
  notBefore: now,
  began: now,
  since: now,
  tries: 0,
  by,
  trail: [],
});

/** Entries of the trail beyond this drop from the middle: the payload must stay small. */
const TRAIL_MAX = 40;
const TRAIL_MAX_BYTES = 12 * 1024;
const NOTE_MAX = 300;

/** The event that follows `event`, or undefined when `outcome` ends the run. */
export function follow<E extends Continuation>(event: E, outcome: Outcome<E>, now: number): E | undefined {
  if (outcome.kind === "done" || outcome.kind === "failed") return undefined;
  const at = { seq: event.seq + 1, notBefore: now + outcome.afterMs };
  if (outcome.kind === "wait") return { ...event, ...at, tries: outcome.troubled ? event.tries + 1 : 0 };
  const { v, run, began, by } = event;
  const trail = [...event.trail, entry(event.phase, now, outcome.note)];
  const line = { v, run, began, by, ...at, since: now + outcome.afterMs, tries: 0, trail: shorten(trail) };
  return { job: event.job, ...(outcome.enter as object), ...line } as unknown as E;
}

export function entry(phase: string, at: number, note?: string): Line["trail"][number] {
  return note === undefined ? { phase, at } : { phase, at, note: note.slice(0, NOTE_MAX) };
}

function shorten(trail: Line["trail"]): Line["trail"] {
  const fits = trail.length <= TRAIL_MAX && Buffer.byteLength(JSON.stringify(trail)) <= TRAIL_MAX_BYTES;
  // How it began and what came last say most.
  return fits || trail.length < 3 ? trail : shorten(trail.toSpliced(Math.min(10, trail.length >> 1), 1));
}
