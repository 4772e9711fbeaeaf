/**
 * Begins runs: line 0 of the log, then the first event. Whoever asks writes the line, so an accepted run is never
 * forgotten, whatever happens to its event.
 *
 * BEGIN-1. `open/<run>` is written before line 0 and deleted after the last line. The janitor lists it to find the runs
 *     at work without reading all others. It decides nothing: the log does.
 * BEGIN-2. A run that already exists is a repeat: nothing more happens.
 */
import { deleteObject, putObject } from "../cloud/oss/objects.ts";
import { minutes, seconds } from "../duration.ts";
import { EventError, messageOf } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { openKey, runKey } from "../keys.ts";
import { taskId } from "../names.ts";
import { send } from "../send.ts";
import { REQUEST, type WorkflowEvent } from "./envelope.ts";
import { appendOrLose } from "./log.ts";
import {
  inputLine,
  readRunLog,
  standing,
  type Interjection,
  type NewLine,
  type Standing,
} from "./run-log.ts";
import { functionOf } from "./run-id.ts";
import type { RunRequest } from "./workflow.ts";

/** The longest delay that is asked for; the receiver of an event waits on. */
const DELAY_MAX_MS = 3_500_000;

/** An event that waits no longer than this acts without a look into the log, so a cancellation waits for it. */
export const UNSEEN_MS = minutes(1);

/** Queues an event of a run. `label` makes its task id differ from the one of an earlier try. */
export async function sendEvent(event: WorkflowEvent, ports: Ports, label = ""): Promise<void> {
  const to = functionOf(event.run);
  if (to === undefined) throw new EventError(`no function carries out ${event.run}`);
  const now = ports.clock.now();
  const delayMs = Math.min(Math.max(0, event.runAt - now), DELAY_MAX_MS);
  const id = taskId.event(event.run, event.seq, label);
  const transport = {
    ...(delayMs > 0 && { dueAt: now + delayMs }),
    ...(delayMs > UNSEEN_MS && { waited: true }),
  };
  await send({ to, taskId: id, event: { ...event, ...transport } }, ports, delayMs);
}

/**
 * Writes line 0 of a run, and a line from outside that is there as soon as the run is; its event, or undefined for a run that
 * has a log.
 * @throws CloudError when the bucket cannot be written or its answer is lost: then it is open whether the run begins.
 */
export async function openLog(
  { run, by, request }: RunRequest,
  ports: Ports,
  also?: (now: Standing) => Interjection | undefined,
): Promise<WorkflowEvent | undefined> {
  await putObject(ports.cloud, openKey(run), "{}", { contentType: "application/json" });
  const line = inputLine(by, request, ports.clock.now());
  const logOf = (written: readonly NewLine[], end = 0) => ({
    lines: written.map((each) => ({ line: { ...each, w: ports.writer }, position: 0 })),
    end,
  });
  const begun = standing(run, logOf([line]));
  const given = begun && also?.(begun);
  const lines = given === undefined ? [line] : [line, { ...given, seq: 1 }];
  const end = await appendOrLose(ports, runKey(run), 0, lines);
  return end === undefined ? undefined : standing(run, logOf(lines, end))?.event;
}

/** A line that is older was not followed by its event: its writer is not at work any more. Longer than a cold start. */
export const ABANDONED_MS = seconds(20);

/** Begins a run and sends its first event, once; the janitor sends a lost one. True for a repeat. @throws as `openLog` */
export async function beginRun(request: RunRequest, ports: Ports): Promise<boolean> {
  const event = await openLog(request, ports);
  if (event !== undefined) {
    await trySend(event, ports);
    return false;
  }
  await repeatRun(request.run, ports);
  return true;
}

/** Sends the first event of a run once more, if nothing followed its request in good time. */
export async function repeatRun(run: string, ports: Ports): Promise<void> {
  const now = standing(run, await readRunLog(ports.cloud, run));
  const isWaiting = now?.event.phase === REQUEST && now.completion === undefined;
  if (isWaiting && ports.clock.now() - now.at >= ABANDONED_MS) await trySend(now.event, ports, ports.writer);
}

/** Sends an event whose line is in the log. A failure only delays the run: the janitor sends it. */
export async function trySend(event: WorkflowEvent, ports: Ports, label?: string): Promise<void> {
  await sendEvent(event, ports, label).catch((error: unknown) => {
    ports.log({ warning: "event not sent, the janitor sends it", run: event.run, error: messageOf(error) });
  });
}

/** Takes a run that is over from the list of those at work. */
export const closeRun = (run: string, { cloud }: Pick<Ports, "cloud">): Promise<void> =>
  deleteObject(cloud, openKey(run));
