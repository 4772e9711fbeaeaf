/**
 * The entry point of a function that runs workflows: bytes in, one phase, one line of the log, the next event out.
 *
 * HOST-1. A decision is in the log before the next event is sent. Whoever cannot append it has lost to another attempt
 *     and ends, unless that one may have died before it sent the event (HOST-3).
 * HOST-2. An event that is late may be over, so it reads the log first; so does one that creates something and has waited
 *     long, because its run may be cancelled. All others read nothing.
 * HOST-3. An event that is over sends what the log stands for only when its line is the newest and old enough that its
 *     writer is not at work any more. Otherwise every duplicate would double the run.
 * HOST-4. Delays of the platform are an optimisation. If they are not kept, short waits are spent inside the
 *     invocation, and long ones are left to the janitor.
 */
import { ALARM, alarm } from "../alarms.ts";
import { EVENT_MAX_BYTES } from "../budget.ts";
import { days, formatDuration, hours, minutes } from "../duration.ts";
import { EventError, messageOf } from "../errors.ts";
import { eventHandler, parse, type FcHandler, type Ports } from "../invocation.ts";
import { runKey } from "../keys.ts";
import { send } from "../send.ts";
import { ABANDONED_MS, beginRun, closeRun, openLog, sendEvent } from "./begin.ts";
import { cancelRun, interject } from "./cancel.ts";
import { CompleteRequest, identityOf, REQUEST, RequestEvent, type WorkflowEvent } from "./envelope.ts";
import { append, type Appended } from "./log.ts";
import { readPrevious, type PreviousEvent, type PreviousRun } from "./previous-version.ts";
import {
  changeLine,
  endLine,
  isEnded,
  readRunLog,
  standing,
  type Ended,
  type NewLine,
  type RunLog,
  type Standing,
} from "./run-log.ts";
import { kindOf } from "./run-id.ts";
import { tryToIndex } from "./run-index.ts";
import { isTooOld, tooOld } from "./validity.ts";
import {
  advance,
  EARLY_MAX,
  failed,
  follow,
  phase,
  type Completion,
  type Outcome,
  type Phase,
  type RunRequest,
  type Send,
  type Workflow,
} from "./workflow.ts";

/** A function: its workflows, and the runs that a trigger or a plain invocation asks for. */
export interface Host {
  /** The function's folder name. */
  readonly name: string;
  readonly workflows: readonly Workflow[];
  /** @throws EventError for an unknown shape. */
  readonly start: (payload: unknown, ports: Ports) => Promise<readonly RunRequest[]>;
}

/** Makes the handler of a function. */
export const host = (given: Host): FcHandler =>
  eventHandler(given.name, async (payload, ports, details) => {
    const { run, phase, seq, attempt } = identityOf(payload);
    Object.assign(details, { run, phase, seq, attempt });
    return { run, phase, ...(await dispatch(given, payload, ports)) };
  });

type Answer = Readonly<Record<string, unknown>>;

async function dispatch(given: Host, payload: unknown, ports: Ports): Promise<Answer> {
  const complete = CompleteRequest.safeParse(payload);
  if (complete.success) return completeRun(workflowOf(given, complete.data.run), complete.data.run, ports);
  const previous = readPrevious(payload);
  if (previous !== undefined) return adopt(given, previous, ports);
  const { run, phase } = identityOf(payload);
  if (run !== undefined && phase !== undefined) return step(readEvent(given, payload, ports), ports);
  const requests = await given.start(payload, ports);
  for (const request of requests) await beginRun(request, ports);
  return { starts: requests.map((request) => request.run) };
}

interface Current {
  readonly workflow: Workflow;
  readonly phase: Phase;
  /** The event as it came, and the one its phase sees: those of a request differ. */
  readonly delivered: WorkflowEvent;
  readonly event: WorkflowEvent;
}

function workflowOf({ name, workflows }: Host, run: string): Workflow {
  const workflow = workflows.find(({ kind }) => kind === kindOf(run));
  if (workflow === undefined) throw new EventError(`${name} has no workflow for run ${JSON.stringify(run)}`);
  return workflow;
}

/** The workflow and phase of an event, parsed by the schema of that phase. @throws EventError */
function readEvent(given: Host, payload: unknown, ports: Ports): Current {
  const { run, phase: name } = identityOf(payload);
  const workflow = workflowOf(given, String(run));
  const where = `${given.name} (phase ${name})`;
  if (name === REQUEST) {
    const delivered = parse(RequestEvent.schema, payload, where);
    try {
      const event = workflow.begin(delivered, ports);
      return { workflow, phase: phaseOf(workflow, event.phase), delivered, event };
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      return { workflow, phase: refusing(error.message), delivered, event: delivered };
    }
  }
  const found = phaseOf(workflow, String(name));
  const event = parse(found.type.schema, payload, where);
  return { workflow, phase: found, delivered: event, event };
}

function phaseOf({ kind, phases }: Workflow, name: string): Phase {
  const found = phases.find(({ type }) => type.name === name);
  if (found === undefined) throw new EventError(`workflow ${kind} has no phase ${JSON.stringify(name)}`);
  return found;
}

/** Ends a run whose request cannot be read: its log is there, so an error would only be repeated. */
const refusing = (reason: string): Phase =>
  phase(RequestEvent, { limitMs: 0, run: () => Promise.resolve(failed(reason)) });

/** Runs one phase, or its compensation when the run is cancelled. */
async function step(current: Current, ports: Ports): Promise<Answer> {
  const due = await whenDue(current, ports);
  if (due === undefined) return { early: formatDuration(current.delivered.runAt - ports.clock.now()) };
  return due.delivered.undecidedAt === undefined ? act(due, ports) : stepAgain(due, ports);
}

async function act(current: Current, ports: Ports): Promise<Answer> {
  const { delivered } = current;
  const mayBeCancelled = delivered.waited === true && current.phase.creates === true;
  if (mayBeCancelled || ports.clock.now() - delivered.runAt >= ABANDONED_MS) {
    const log = await readRunLog(ports.cloud, delivered.run);
    if (log.end !== delivered.position) return catchUp(current, log, ports);
  }
  const outcome = fitting(current, settled(current, await decide(current, ports), ports), ports);
  const at = ports.clock.now();
  const line = lineOf(current, outcome, at);
  const appended = await append(ports, runKey(delivered.run), delivered.position, line);
  if (appended.kind !== "won")
    return { attempted: outcome.summary, ...(await undecided(current, appended, ports)) };
  await proceed(current, { ...outcome, position: appended.end, at }, ports);
  return { outcome: outcome.summary };
}

/** The end of an attempt whose line is not in the log: another one has won, or the bucket does not answer. */
async function undecided(current: Current, appended: Exclude<Appended, { kind: "won" }>, ports: Ports) {
  const { delivered } = current;
  if (appended.kind === "lost") return catchUp(current, await readRunLog(ports.cloud, delivered.run), ports);
  const at = ports.clock.now();
  const again = { ...delivered, runAt: at + minutes(1), undecidedAt: delivered.undecidedAt ?? at };
  await sendEvent(again, ports, ports.writer);
  return { undecided: messageOf(appended.error) };
}

/**
 * An event whose decision the bucket did not take. A line of its own shows that the bucket can be written before the
 * phase acts again: an instance must not be rebooted every minute of an outage.
 */
async function stepAgain(current: Current, ports: Ports): Promise<Answer> {
  const { undecidedAt = 0, ...delivered } = current.delivered;
  const at = ports.clock.now();
  const { seq, run, position, runAt, attempt } = delivered;
  const heldMs = (delivered.heldMs ?? 0) + at - undecidedAt;
  const line = {
    seq,
    kind: "wait",
    at,
    due: at,
    attempt,
    heldMs,
    note: "the bucket could not be written",
  } as const;
  const appended = await append(ports, runKey(run), position, line);
  if (appended.kind !== "won") return undecided(current, appended, ports);
  const place = { seq: seq + 1, position: appended.end, runAt: Math.max(runAt, at), heldMs };
  const event = { ...current.event, ...place };
  delete event.undecidedAt;
  return act({ ...current, delivered: { ...delivered, ...place }, event }, ports);
}

/** Delays are inexact: this much early does no harm. */
const EARLY_MS = 1_500;
/** No phase waits longer. */
const AHEAD_MAX_MS = days(8);
/** The longest wait inside an invocation; less than the functions' timeout. */
const INLINE_MAX_MS = minutes(5);

/** The event at its instant (HOST-4); undefined when it comes again, by the platform or by the janitor. */
async function whenDue(current: Current, ports: Ports): Promise<Current | undefined> {
  const { delivered } = current;
  const now = ports.clock.now();
  const { runAt, dueAt, early = 0 } = delivered;
  const earlyMs = runAt - now;
  if (earlyMs <= EARLY_MS) return current;
  if (earlyMs > AHEAD_MAX_MS)
    throw new EventError(`the event is for ${formatDuration(earlyMs)} from now; no run waits so long`);
  // A wait that is longer than the longest delay takes several, and those are kept.
  const isKept = early < EARLY_MAX && (dueAt === undefined || now >= dueAt - EARLY_MS);
  const times = isKept ? 0 : early + 1;
  if (times <= EARLY_MAX) {
    const label = isKept ? `hop-${Math.floor(earlyMs / hours(0.5))}` : `early-${times}`;
    await sendEvent({ ...delivered, early: times }, ports, label);
    return undefined;
  }
  if (earlyMs > INLINE_MAX_MS) {
    if (early < EARLY_MAX || dueAt !== undefined) await leaveToJanitor(delivered, ports);
    return undefined;
  }
  await ports.clock.sleep(earlyMs);
  const known = { early: EARLY_MAX };
  return { ...current, delivered: { ...delivered, ...known }, event: { ...current.event, ...known } };
}

const NO_DELAYS =
  "the platform does not keep delays: short waits are spent in the function, long ones end with the janitor";

/** The line says it, so that the run does not find it out again at every wait. */
async function leaveToJanitor(event: WorkflowEvent, ports: Ports): Promise<void> {
  const { seq, run, position, runAt: due, attempt } = event;
  const at = ports.clock.now();
  const line = { seq, kind: "wait", at, due, attempt, early: EARLY_MAX, note: NO_DELAYS } as const;
  await append(ports, runKey(run), position, line);
}

async function decide({ phase: current, delivered, event }: Current, ports: Ports): Promise<Outcome> {
  const { cancelled } = event;
  if (cancelled !== undefined && !cancelled.handled)
    return current.cancel?.(event, cancelled.reason) ?? current.compensate(event, cancelled.reason);
  if (isTooOld(delivered, ports.clock.now())) return failed(tooOld(delivered));
  return advance(current, event, ports);
}

interface Settled {
  /** Undefined when the run goes on. */
  readonly completion?: Completion;
  readonly following: WorkflowEvent;
  readonly kind: "next" | "wait";
  readonly note?: string | undefined;
  readonly summary: Answer;
}

/** The event or the end that an outcome leads to, past the phases that have nothing to do. */
function settled({ workflow, event }: Current, first: Outcome, ports: Ports): Settled {
  const now = ports.clock.now();
  let outcome = first;
  let following = event;
  const notes: string[] = [];
  while (outcome.kind === "next") {
    following = follow(following, outcome, now);
    if (outcome.note !== undefined) notes.push(outcome.note);
    const skipped =
      outcome.afterMs > 0 ? undefined : phaseOf(workflow, following.phase).skip?.(following, ports);
    if (skipped === undefined) {
      const note = notes.length > 0 ? notes.join("; ") : undefined;
      const summary = { kind: "next", phase: following.phase, note };
      return { following, kind: "next", note, summary };
    }
    outcome = skipped;
  }
  if (outcome.kind === "wait") {
    const { kind, note } = outcome;
    return { following: follow(following, outcome, now), kind, note, summary: outcome };
  }
  const completion = asCancelled(event, outcome);
  return { completion, following, kind: "next", summary: completion };
}

/** An event that could not be sent would end its run without a reason, so it is not decided at all. */
function fitting(current: Current, decided: Settled, ports: Ports): Settled {
  const { completion, following } = decided;
  const bytes = Buffer.byteLength(JSON.stringify(following)) + PLACE_BYTES;
  if (completion !== undefined || bytes <= EVENT_MAX_BYTES) return decided;
  const reason = `the event for phase ${following.phase} would have ${bytes} bytes, more than the ${EVENT_MAX_BYTES} that can travel; shorten the document or the parameters`;
  return settled(current, current.phase.compensate(current.event, reason), ports);
}

/** The fields that say when an event is due, which are added when it is sent. */
const PLACE_BYTES = 200;

/** A run that was cancelled ends so, however its compensation ended. */
function asCancelled({ cancelled }: WorkflowEvent, completion: Completion): Completion {
  if (cancelled?.as !== "cancelled") return completion;
  const { result } = completion;
  const reason = "reason" in completion ? completion.reason : cancelled.reason;
  return { kind: "cancelled", reason, ...(result && { result }) };
}

function lineOf({ delivered, event }: Current, settledAs: Settled, at: number): NewLine {
  const { completion, following, kind, note } = settledAs;
  return completion === undefined
    ? changeLine(delivered, event.phase, following, { kind, note, at })
    : endLine(delivered, event.phase, completion, at);
}

interface Decided extends Settled {
  readonly position: number;
  /** When the line was written. */
  readonly at: number;
}

/** Sends what the new line stands for. An error here is cured by the repeat of this event (HOST-3), or by the janitor. */
async function proceed({ workflow, event }: Current, decided: Decided, ports: Ports): Promise<void> {
  const { completion, following, position } = decided;
  const place = { seq: event.seq + 1, position };
  if (completion === undefined) {
    const isLeft = following.early !== undefined && following.runAt - ports.clock.now() > INLINE_MAX_MS;
    return isLeft ? undefined : sendEvent({ ...following, ...place }, ports);
  }
  return conclude(workflow, { event: { ...event, ...place }, completion, endedAt: decided.at }, ports);
}

/** Sends the consequences of an end, then says so in the log (RUN-LOG-2). */
async function conclude(
  workflow: Workflow,
  { event, completion, endedAt }: Pick<Ended, "event" | "completion" | "endedAt">,
  ports: Ports,
): Promise<void> {
  const { run, seq, position } = event;
  await tryToIndex({ run, state: completion.kind, endedAt }, ports);
  if (completion.kind === "failed" && !isDryRun(event))
    ports.log({ ...alarm(ALARM.runFailed), run, phase: event.phase, reason: completion.reason });
  const consequences = await workflow.onComplete?.(event, completion, ports);
  const { runs = [], notifications = [], hints = [] } = consequences ?? {};
  for (const request of runs) await beginRun(request, ports);
  for (const each of isDryRun(event) ? [] : notifications) await send(each, ports);
  for (const each of hints) await sendHint(each, ports);
  await append(ports, runKey(run), position, { seq, kind: "sent", at: ports.clock.now() });
  await closeRun(run, ports);
}

const sendHint = (hint: Send, ports: Ports): Promise<unknown> =>
  send(hint, ports).catch((error: unknown) =>
    ports.log({ warning: "hint not sent, a timer makes up for it", to: hint.to, error: messageOf(error) }),
  );

const isDryRun = ({ phase, input }: WorkflowEvent): boolean =>
  phase === "dry-run" ||
  (typeof input === "object" && input !== null && "dryRun" in input && input.dryRun === true);

/** An event that is over (HOST-3). */
async function catchUp({ workflow, delivered }: Current, log: RunLog, ports: Ports): Promise<Answer> {
  const { run, seq } = delivered;
  const now = standing(run, log);
  if (now === undefined) throw new EventError(`${runKey(run)} is missing, so ${run} cannot go on`);
  const at = ports.clock.now();
  const isNewest = log.lines.length === seq + 1;
  // A run that waits has a line of any age, and its event in the queue.
  const wantedAt = now.completion === undefined ? Math.max(now.at, now.event.runAt) : now.at;
  if (isNewest && at - wantedAt >= ABANDONED_MS && !now.sent) {
    // One task id a minute, so that duplicates which come together send one event.
    if (isEnded(now)) await conclude(workflow, now, ports);
    else await sendEvent(now.event, ports, `again-${Math.floor(at / minutes(1))}`);
    return { resent: now.event.phase };
  }
  return { dropped: "the run has ended or moved on" };
}

async function completeRun(workflow: Workflow, run: string, ports: Ports): Promise<Answer> {
  const now = standing(run, await readRunLog(ports.cloud, run));
  if (now === undefined || !isEnded(now)) throw new EventError(`${run} has not ended`);
  if (!now.sent) await conclude(workflow, now, ports);
  return { completed: run };
}

/** A run of the version before goes on with a log of its own, from the event that was in the queue. */
async function adopt(given: Host, previous: PreviousEvent, ports: Ports): Promise<Answer> {
  const { kind, run, by } = previous;
  const workflow = workflowOf(given, run);
  if (kind === "request") {
    await beginRun({ run, by, request: previous.request }, ports);
    return { adopted: run };
  }
  await openLog({ run, by, request: {} }, ports);
  const found = await interject(
    run,
    (now) => (kind === "end" ? endingOf(now, previous.completion) : adopting(workflow, now, previous)),
    ports,
  );
  if (found?.appended !== true) return { dropped: "the run has a log already" };
  const { now } = found;
  if (kind === "end") for (const each of previous.completion.send) await send(each, ports);
  if (isEnded(now)) await conclude(workflow, now, ports);
  else if (kind === "event" && previous.cancelled !== undefined)
    await cancelRun(run, { reason: previous.cancelled, as: "cancelled" }, ports);
  else await sendEvent(now.event, ports);
  return { adopted: run };
}

function endingOf(
  { event, at }: Standing,
  completion: Extract<PreviousEvent, { kind: "end" }>["completion"],
) {
  if (event.phase !== REQUEST) return undefined;
  return completion.kind === "done"
    ? ({ kind: "done", at, result: completion.result } as const)
    : ({ kind: "failed", at, reason: completion.reason } as const);
}

const INTERRUPTED =
  "Kiln was upgraded while this run was under way and cannot go on with it; its instances end at their AutoReleaseTime, and the janitor deletes the rest. Ask for it again";

/** The line that an event of the version before becomes: a phase that is still the same, or an end. */
function adopting({ phases }: Workflow, { event, at }: Standing, previous: PreviousRun) {
  if (event.phase !== REQUEST) return undefined;
  const { phase: name, since, input, state } = previous;
  const type = phases.find((each) => each.type.name === name)?.type;
  const isSame = type?.schema.safeParse({ ...event, ...state, phase: name, input }).success === true;
  return isSame
    ? ({ kind: "next", at, due: at, phase: name, since, set: state, input } as const)
    : ({ kind: "failed", at, reason: INTERRUPTED } as const);
}
