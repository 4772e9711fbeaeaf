/** Bytes in, one step, the next event out: what every stepping function has in common. */
import { followRun } from "./abandon.ts";
import { connect, type CloudClient } from "./cloud/client.ts";
import type { Patience } from "./cloud/patience.ts";
import { deliver } from "./cloud/fc.ts";
import type * as z from "zod/mini";
import { readConfig } from "./config.ts";
import { minutes, seconds } from "./duration.ts";
import { EventError } from "./errors.ts";
import type { Continuation } from "./events/line.ts";
import { ownSentence } from "./events/sentence.ts";
import { hasEnded, readRecord, recordOf, writeRecord } from "./journal.ts";
import { advance, follow, type End, type Machine, type Outcome, type Send } from "./machine.ts";
import { real, type Clock, type Dice, type Log } from "./ports.ts";

/** The part of Function Compute's context that Kiln reads. */
export interface FcContext {
  readonly requestId: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string;
  };
  /** `timeout` in seconds. */
  readonly function: { readonly name: string; readonly timeout: number };
}

/** Everything a step may touch. */
export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly cloud: CloudClient;
  /** The deployed name of a Kiln function, whatever prefix this deployment uses. */
  readonly nameOf: (kilnFunction: string) => string;
}

export type FcHandler = (payload: Uint8Array, context: FcContext) => Promise<unknown>;

/** Connects to the cloud with the credentials of this invocation; they expire, so never keep them. */
export function portsFor(kilnFunction: string, context: FcContext, patience?: Patience): Ports {
  const config = readConfig();
  const { region, accountId, credentials } = context;
  const prefix = context.function.name.slice(0, -kilnFunction.length);
  const cloud = connect({ region, accountId, credentials, ...config }, real, patience);
  return { ...real, cloud, nameOf: (name) => `${prefix}${name}` };
}

/** JSON of an invocation's payload. @throws EventError when it is none. */
export function readPayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    throw new EventError(`the payload is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** The JSON a timer's payload string holds. @throws EventError when it is none. */
export const readTimerPayload = (payload: string): unknown => readPayload(Buffer.from(payload));

interface Ended<E extends Continuation> {
  readonly event: E;
  readonly outcome: End;
}

/** What a stepping function is made of. */
export interface Stepping<E extends Continuation> {
  /** The function's folder name. */
  readonly name: string;
  readonly machine: Machine<E, Ports>;
  readonly event: z.ZodMiniType<E>;
  readonly abandon: z.ZodMiniType<{ readonly event: E; readonly reason: string }>;
  readonly end: z.ZodMiniType<Ended<E>>;
  /** Turns a trigger or a request into the first events of runs. @throws EventError for an unknown shape. */
  readonly begin: (payload: unknown, ports: Ports) => readonly E[] | Promise<readonly E[]>;
  /** What of the last event its end still needs: an end carries what it sends too, and both must fit one payload. */
  readonly atEnd?: (event: E) => E;
  /** What to send when a run has ended, on whatever road; `at` is now. */
  readonly tell?: (event: E, outcome: Outcome<E>, at: number) => readonly Send[];
}

/** Makes the entry point of a function that works in steps. */
export function createHandler<E extends Continuation>(stepping: Stepping<E>): FcHandler {
  return async (bytes, context) => {
    const ports = portsFor(stepping.name, context);
    const given = readContinuation(stepping, readPayload(bytes));
    if ("payload" in given) {
      const events = await stepping.begin(given.payload, ports);
      for (const event of events) await handOn(stepping.name, event, 0, ports);
      const runs = events.map(({ run }) => run);
      ports.log({ function: stepping.name, requestId: context.requestId, begins: runs });
      return { begins: runs };
    }
    const { event, abandon, end } = given;
    const { run, phase, seq } = event;
    const said = { function: stepping.name, requestId: context.requestId, run, phase, seq };
    if (end !== undefined) {
      await tellEnd(stepping, event, end, ports);
      ports.log({ ...said, ended: end.kind });
      return { run, ended: end.kind };
    }
    if (await cameTooLate(event, abandon !== undefined, ports)) {
      ports.log({ ...said, dropped: "its run has ended or moved on" });
      return { run, dropped: true };
    }
    const outcome = await decide(stepping.machine, event, abandon, ports);
    ports.log({ ...said, outcome: brief(outcome) });
    const believed = await settle(stepping, event, outcome, ports);
    if (!believed && abandon !== undefined) {
      await followRun(ports, { to: stepping.name, event, reason: abandon });
    }
    return { run, phase, outcome: brief(outcome) };
  };
}

type Given<E> =
  | { readonly event: E; readonly abandon?: string; readonly end?: End }
  | { readonly payload: unknown };

function readContinuation<E extends Continuation>(stepping: Stepping<E>, payload: unknown): Given<E> {
  const { phase, request } = (payload ?? {}) as { phase?: unknown; request?: unknown };
  if (request === "abandon") {
    const { event, reason } = parse(stepping.abandon, payload, `${stepping.name} (abandon)`);
    return { event, abandon: reason };
  }
  if (request === "end") {
    const { event, outcome } = parse(stepping.end, payload, `${stepping.name} (end)`);
    return { event, end: outcome };
  }
  if (phase === undefined) return { payload };
  return { event: parse(stepping.event, payload, `${stepping.name} (phase ${JSON.stringify(phase)})`) };
}

/** @throws EventError saying where the payload is not what `schema` asks for. */
export function parse<T>(schema: z.ZodMiniType<T>, payload: unknown, what: string): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => {
    const said = ownSentence(issue);
    const place = issue.path.join(".") || "payload";
    return said === undefined ? `${place} (${issue.code})` : `${place}: ${said}`;
  });
  throw new EventError(`${what} cannot read this event: ${places.join(", ")}`);
}

/**
 * An event this late may be a repeat, even one older than the cloud's memory of its tokens, so its run is asked
 * first. More than a delay overruns by or a cold start takes: deliveries in good order cost no call.
 */
const LATE_MS = seconds(20);

/** Whether nothing this event does can matter any more: its run has ended, or went on with a later event. */
async function cameTooLate(event: Continuation, abandoned: boolean, ports: Ports): Promise<boolean> {
  if (!abandoned && ports.clock.now() - event.notBefore < LATE_MS) return false;
  const record = await readRecord(ports.cloud, event.run);
  if (record === undefined) return false;
  // An abandonment that comes too late follows its run instead (A2 of abandon.ts).
  return hasEnded(record) || (!abandoned && (record.event?.seq ?? 0) > event.seq);
}

async function decide<E extends Continuation>(
  machine: Machine<E, Ports>,
  event: E,
  abandon: string | undefined,
  ports: Ports,
): Promise<Outcome<E>> {
  if (abandon !== undefined) return afterStray(machine.giveUp(event, abandon), event, ports);
  const earlyMs = event.notBefore - ports.clock.now();
  // Delays are inexact; a second early does no harm, more does.
  if (earlyMs > EARLY_MS) return { kind: "wait", note: "delivered early", afterMs: earlyMs };
  return advance(machine, event, ports);
}

const EARLY_MS = 1_500;

/**
 * The abandoned event may still be on its way and make its change before it loses the vote (M5); the road
 * back begins when that is over, so that it finds the change and undoes it.
 */
function afterStray<E extends Continuation>(outcome: Outcome<E>, event: E, { clock }: Ports): Outcome<E> {
  if (outcome.kind !== "next") return outcome;
  const strayMs = Math.max(0, event.notBefore - clock.now()) + minutes(1);
  return { ...outcome, afterMs: outcome.afterMs + strayMs };
}

/**
 * Hands on what follows, last of all: a crash before this repeats the step instead of losing the run. What
 * follows an end is the telling of it, so that of two forks that end differently only one is heard (M5).
 * False when another fork was first and this one is not believed.
 */
async function settle<E extends Continuation>(
  stepping: Stepping<E>,
  event: E,
  outcome: Outcome<E>,
  ports: Ports,
): Promise<boolean> {
  const now = ports.clock.now();
  const following = follow(event, outcome, now);
  if (following) {
    const afterMs = outcome.kind === "wait" || outcome.kind === "next" ? outcome.afterMs : 0;
    // A duplicate lost the vote: the run goes on without it, so it writes nothing either.
    if ((await handOn(stepping.name, following, afterMs, ports)) === "duplicate") return false;
    const record = recordOf(event, outcome, following, now);
    // The run is already safe in the queue; the next step writes the record again, so a failure only delays it.
    await writeRecord(ports.cloud, record).catch((error: unknown) => {
      ports.log({ warning: "record not written", run: event.run, error: (error as Error).message });
    });
    return true;
  }
  if (outcome.kind !== "done" && outcome.kind !== "failed") return true;
  const end = { v: 1, request: "end", event: stepping.atEnd?.(event) ?? event, outcome };
  const taskId = `${event.run}-${event.seq + 1}`;
  if ((await sendTo({ to: stepping.name, taskId, event: end }, ports)) === "accepted") return true;
  if (!(await isUnheard(event, ports))) return false;
  await tellEnd(stepping, event, outcome, ports);
  return true;
}

/** Tells everybody concerned, then writes it down; told again by a second delivery, it is the same again. */
async function tellEnd<E extends Continuation>(
  { tell }: Stepping<E>,
  event: E,
  outcome: End,
  ports: Ports,
): Promise<void> {
  const now = ports.clock.now();
  const told = tell?.(event, outcome, now) ?? [];
  for (const send of [...(outcome.send ?? []), ...told]) await sendTo(send, ports);
  const written = await readRecord(ports.cloud, event.run);
  if (written !== undefined && hasEnded(written)) return;
  await writeRecord(ports.cloud, recordOf(event, outcome, undefined, now));
}

/** An end may be lost on its way. A step that is repeated long after, by the sweep, then speaks for itself. */
const UNHEARD_MS = minutes(45);

async function isUnheard(event: Continuation, ports: Ports): Promise<boolean> {
  if (ports.clock.now() - event.notBefore < UNHEARD_MS) return false;
  const record = await readRecord(ports.cloud, event.run);
  return record !== undefined && !hasEnded(record) && record.event?.seq === event.seq;
}

const handOn = (name: string, event: Continuation, delayMs: number, ports: Ports) =>
  deliver(ports.cloud, {
    to: ports.nameOf(name),
    payload: JSON.stringify(event),
    delayMs,
    taskId: `${event.run}-${event.seq}`,
  });

const sendTo = ({ to, taskId, event }: Send, ports: Ports) =>
  deliver(ports.cloud, { to: ports.nameOf(to), payload: JSON.stringify(event), delayMs: 0, taskId });

function brief<E extends Continuation>(outcome: Outcome<E>): Readonly<Record<string, unknown>> {
  if (outcome.kind !== "next") return outcome;
  return { kind: "next", phase: (outcome.enter as { phase: string }).phase, note: outcome.note };
}
