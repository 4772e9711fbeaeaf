/** The entry point of a function that runs workflows: bytes in, one phase, the next event out. */
import * as z from "zod/mini";
import { minutes, seconds } from "../duration.ts";
import { EventError } from "../errors.ts";
import { eventHandler, parse, type FcHandler, type Ports } from "../invocation.ts";
import { taskId } from "../names.ts";
import { send } from "../send.ts";
import { followRun } from "./cancel.ts";
import { EndedEvent, identityOf, type WorkflowEvent } from "./envelope.ts";
import { completedRecord, hasEnded, readRecord, recordOf, writeRecord } from "./record.ts";
import { kindOf } from "./run-id.ts";
import {
  advance,
  follow,
  wait,
  type Completion,
  type Outcome,
  type Phase,
  type Workflow,
} from "./workflow.ts";

/** A function: its workflows, and how a trigger or a request becomes the first events of runs. */
export interface Host {
  /** The function's folder name. */
  readonly name: string;
  readonly workflows: readonly Workflow[];
  /** @throws EventError for an unknown shape. */
  readonly start: (payload: unknown, ports: Ports) => Promise<readonly WorkflowEvent[]>;
}

/** Makes the handler of a function. */
export const host = (given: Host): FcHandler =>
  eventHandler(given.name, async (payload, ports, details) => {
    const { run, phase, seq, attempt } = identityOf(payload);
    Object.assign(details, { run, phase, seq, attempt });
    return { run, phase, ...(await dispatch(given, payload, ports)) };
  });

const Request = z.looseObject({ request: z.optional(z.string()), phase: z.optional(z.string()) });

async function dispatch(
  given: Host,
  payload: unknown,
  ports: Ports,
): Promise<Readonly<Record<string, unknown>>> {
  const read = Request.safeParse(payload);
  const { request, phase } = read.success ? read.data : {};
  if (request === "end") return complete(parse(CompletionEvent, payload, `${given.name} (end)`), ports);
  if (request === "cancel") {
    const { reason, event } = parse(CancelRequest, payload, `${given.name} (cancel)`);
    return step(given, readEvent(given, event), reason, ports);
  }
  if (phase !== undefined) return step(given, readEvent(given, payload), undefined, ports);
  const events = await given.start(payload, ports);
  for (const event of events) await sendEvent(given.name, event, ports);
  return { starts: events.map(({ run }) => run) };
}

/** The end of a run, on its way to be recorded. This event is what makes it the only end (WORKFLOW-5). */
interface CompletionEvent {
  readonly v: 1;
  readonly request: "end";
  readonly event: EndedEvent;
  readonly completion: Completion;
}

const Sends = z.array(
  z.strictObject({ to: z.string(), taskId: z.string(), event: z.record(z.string(), z.unknown()) }),
);
const CompletionEvent: z.ZodMiniType<CompletionEvent> = z.strictObject({
  v: z.literal(1),
  request: z.literal("end"),
  event: EndedEvent,
  completion: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("done"), result: z.record(z.string(), z.unknown()), send: Sends }),
    z.strictObject({ kind: z.literal("failed"), reason: z.string(), send: Sends }),
  ]),
});

const CancelRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("cancel"),
  reason: z.string(),
  event: z.unknown(),
});

interface Current {
  readonly workflow: Workflow;
  readonly phase: Phase;
  readonly event: WorkflowEvent;
}

/** The workflow and phase of an event, parsed by the schema of that phase. @throws EventError */
function readEvent({ name, workflows }: Host, payload: unknown): Current {
  const { run, phase } = identityOf(payload);
  const workflow = workflows.find(({ kind }) => kind === kindOf(String(run)));
  const found = workflow?.phases.find(({ type }) => type.name === phase);
  if (workflow === undefined || found === undefined) {
    throw new EventError(`${name} has no phase ${JSON.stringify(phase)} for run ${JSON.stringify(run)}`);
  }
  return {
    workflow,
    phase: found,
    event: parse(found.type.schema, payload, `${name} (phase ${found.type.name})`),
  };
}

/** Runs one phase, or its compensation when the run is cancelled. */
async function step(given: Host, current: Current, cancelled: string | undefined, ports: Ports) {
  const { event } = current;
  if (await isSuperseded(event, cancelled !== undefined, ports)) {
    return { dropped: "the run has ended or moved on" };
  }
  const outcome = await decide(current, cancelled, ports);
  const committed = await commit(given.name, current, outcome, ports);
  if (!committed && cancelled !== undefined) {
    await followRun({ to: given.name, event, reason: cancelled }, ports);
  }
  return { outcome: summary(outcome) };
}

/**
 * An event this late may be a repeat that is older than the cloud's memory of its tokens, so the record of its
 * run is read first. Longer than a delay overruns or a cold start takes: deliveries in good order cost no call.
 */
const LATE_MS = seconds(20);

/** Whether this event can have no effect any more: its run has ended, or went on with a later event. */
async function isSuperseded(event: WorkflowEvent, cancelled: boolean, ports: Ports): Promise<boolean> {
  if (!cancelled && ports.clock.now() - event.runAt < LATE_MS) return false;
  const record = await readRecord(ports.cloud, event.run);
  if (record === undefined) return false;
  // A cancellation that comes too late follows its run instead (CANCEL-2).
  return hasEnded(record) || (!cancelled && (record.event?.seq ?? 0) > event.seq);
}

/** Delays are inexact: this much early does no harm. */
const EARLY_MS = 1_500;

async function decide(
  { phase, event }: Current,
  cancelled: string | undefined,
  ports: Ports,
): Promise<Outcome> {
  const earlyMs = event.runAt - ports.clock.now();
  if (cancelled !== undefined) return afterDuplicates(phase.compensate(event, cancelled), earlyMs);
  return earlyMs > EARLY_MS ? wait(earlyMs, "delivered early") : advance(phase, event, ports);
}

/**
 * The cancelled event may still be delivered and make its change before it loses (CANCEL-1). Compensation
 * starts when that time is over, so that it finds the change and undoes it.
 */
function afterDuplicates(outcome: Outcome, earlyMs: number): Outcome {
  if (outcome.kind !== "next") return outcome;
  return { ...outcome, afterMs: outcome.afterMs + Math.max(0, earlyMs) + minutes(1) };
}

/**
 * Sends the next event, last of all: a crash before this repeats the phase instead of losing the run. The end of
 * a run is an event too, so that of two attempts that end differently only one takes effect (WORKFLOW-5).
 * False when another attempt was first and this one has no effect.
 */
async function commit(
  name: string,
  { workflow, event }: Current,
  outcome: Outcome,
  ports: Ports,
): Promise<boolean> {
  const now = ports.clock.now();
  if (outcome.kind === "done" || outcome.kind === "failed") {
    return commitEnd(name, event, withSends(workflow, event, outcome, now), ports);
  }
  const following = follow(event, outcome, now);
  // An attempt that lost the race writes nothing: the run goes on without it.
  if ((await sendEvent(name, following, ports, outcome.afterMs)) === "duplicate") return false;
  // The run is safe in the queue and the next phase writes the record again, so a failure only delays it.
  await writeRecord(ports.cloud, recordOf(event, following, outcome, now)).catch((error: unknown) => {
    ports.log({ warning: "record not written", run: event.run, error });
  });
  return true;
}

function withSends(workflow: Workflow, event: WorkflowEvent, completion: Completion, at: number): Completion {
  const own = workflow.onComplete?.(event, completion, at) ?? [];
  return { ...completion, send: [...completion.send, ...own] };
}

async function commitEnd(
  name: string,
  { input: _input, ...event }: WorkflowEvent,
  completion: Completion,
  ports: Ports,
): Promise<boolean> {
  const { v, run, seq, runAt, startedAt, phaseStartedAt, attempt, by, history, phase } = event;
  const ended = { v, run, seq, runAt, startedAt, phaseStartedAt, attempt, by, history, phase };
  const end: CompletionEvent = { v: 1, request: "end", event: ended, completion };
  const sent = await send({ to: name, taskId: taskId.event(run, seq + 1), event: { ...end } }, ports);
  if (sent === "accepted") return true;
  if (!(await isCompletionLost(ended, ports))) return false;
  await complete(end, ports);
  return true;
}

/** Sends what the end of a run sends, then writes the record. A second delivery does the same again. */
async function complete({ event, completion }: CompletionEvent, ports: Ports) {
  for (const each of completion.send) await send(each, ports);
  const written = await readRecord(ports.cloud, event.run);
  if (written === undefined || !hasEnded(written)) {
    await writeRecord(ports.cloud, completedRecord(event, completion, ports.clock.now()));
  }
  return { ended: completion.kind };
}

/** The event of an end may be lost. A phase that the janitor repeats this long after completes the run itself. */
const COMPLETION_LOST_MS = minutes(45);

async function isCompletionLost({ run, seq, runAt }: EndedEvent, ports: Ports): Promise<boolean> {
  if (ports.clock.now() - runAt < COMPLETION_LOST_MS) return false;
  const record = await readRecord(ports.cloud, run);
  return record !== undefined && !hasEnded(record) && record.event?.seq === seq;
}

const sendEvent = (name: string, event: WorkflowEvent, ports: Ports, delayMs = 0) =>
  send({ to: name, taskId: taskId.event(event.run, event.seq), event: { ...event } }, ports, delayMs);

/** What the log and the answer say of an outcome. Requests it sends stay out: they hold whole documents. */
function summary(outcome: Outcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "next") return { kind: "next", phase: outcome.transition.phase, note: outcome.note };
  if (outcome.kind === "wait") return outcome;
  const { send: sends, ...rest } = outcome;
  return { ...rest, sends: sends.map((each) => `${each.to} ${each.taskId}`) };
}
