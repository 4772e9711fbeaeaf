/**
 * The resend timer: sends what is overdue. Requests whose event was lost, events that the platform dropped, ends whose
 * notifications and child runs are not out yet.
 *
 * RESEND-1. Only runs at work are read: those with an object under `open/` (BEGIN-1). The object counts how often the
 *     newest event of its run was sent in vain; the log decides everything else.
 * RESEND-2. A run whose event the platform took ten times in vain is cancelled, and one whose compensation it took,
 *     fails. An event that the platform does not take is not counted: a busy platform delays runs and fails none.
 * RESEND-3. A request that waited too long for its first phase fails here too, because its function may not be reached.
 */
import * as z from "zod/mini";
import { getObject, listObjects, putObject, type ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { days, minutes } from "../../../shared/duration.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, openKey } from "../../../shared/keys.ts";
import { isRunId, taskId } from "../../../shared/names.ts";
import { send } from "../../../shared/send.ts";
import { closeRun, sendEvent } from "../../../shared/workflow/begin.ts";
import { readJson } from "../../../shared/json.ts";
import { cancelRun, interject } from "../../../shared/workflow/cancel.ts";
import type { CompleteRequest } from "../../../shared/workflow/envelope.ts";
import { isTooOld, tooOld } from "../../../shared/workflow/validity.ts";
import { functionOf } from "../../../shared/workflow/run-id.ts";
import type { Standing } from "../../../shared/workflow/run-log.ts";
import { knownRun } from "../known-run.ts";

/** The request of the resend timer. */
export const ResendRequest = z.strictObject({ v: z.literal(1), request: z.literal("resend") });

/** An event that is due for so long is lost, or its function is not well. */
const OVERDUE_MS = minutes(5);
const SENDS_MAX = 10;

/** Sends that the platform took of the event of line `seq`, and when the last one was. */
const Tries = z.object({ seq: z.int(), sends: z.int(), at: z.int() });
type Tries = z.infer<typeof Tries>;

/** Returns the runs whose event was sent again, and those that are not well. */
export async function resendOverdue(ports: Ports) {
  const resent: string[] = [];
  const failures: string[] = [];
  for (const object of await listObjects(ports.cloud, FOLDER.open)) {
    const run = object.key.slice(FOLDER.open.length);
    if (!isRunId(run)) continue;
    try {
      if (await look(run, object, ports)) resent.push(run);
    } catch (error) {
      // One failure must not stop the rest.
      failures.push(`${run}: ${messageOf(error)}`);
    }
  }
  return { resent, failures };
}

/** Whether something was sent for this run. */
async function look(run: string, object: ObjectInfo, ports: Ports): Promise<boolean> {
  const now = await knownRun(run, ports);
  const at = ports.clock.now();
  if (now?.sent === true || (now === undefined && at - object.lastModifiedAt > days(1))) {
    await closeRun(run, ports);
    return false;
  }
  if (now === undefined || at - Math.max(now.event.runAt, now.at) < OVERDUE_MS) return false;
  return sendOverdue(run, now, ports);
}

/** Sends the newest event of a run, and counts that (RESEND-1 to RESEND-3). */
async function sendOverdue(run: string, now: Standing, ports: Ports): Promise<boolean> {
  const { event, completion } = now;
  const at = ports.clock.now();
  if (completion === undefined && isTooOld(event, at)) {
    await end(run, tooOld(event), ports);
    return true;
  }
  const tries = await triesOf(run, ports);
  const sends = tries.seq === event.seq ? tries.sends : 0;
  // After a pause of the platform all passes of the timer come at once.
  if (sends > 0 && at - tries.at < OVERDUE_MS) return false;
  if (sends >= SENDS_MAX) {
    await giveUp(run, now, ports);
    return true;
  }
  await resend(run, now, sends, ports);
  const text = JSON.stringify({ seq: event.seq, sends: sends + 1, at } satisfies Tries);
  await putObject(ports.cloud, openKey(run), text, { contentType: "application/json" });
  return true;
}

async function triesOf(run: string, { cloud }: Ports): Promise<Tries> {
  const { text = "" } = (await getObject(cloud, openKey(run))) ?? {};
  // The object decides nothing, so anything else counts as no send (BEGIN-1).
  return Tries.safeParse(readJson(text)).data ?? { seq: 0, sends: 0, at: 0 };
}

async function resend(
  run: string,
  { event, completion }: Standing,
  sends: number,
  ports: Ports,
): Promise<void> {
  const label = `resend-${sends}-${ports.writer}`;
  if (completion === undefined) return sendEvent(event, ports, label);
  const to = functionOf(run);
  const complete = { v: 2, request: "complete", run } satisfies CompleteRequest;
  if (to !== undefined)
    await send({ to, taskId: taskId.event(run, event.seq, label), event: complete }, ports);
}

/** RESEND-2. */
async function giveUp(run: string, { event, completion }: Standing, ports: Ports): Promise<void> {
  const { cancelled, phase } = event;
  if (completion !== undefined) {
    ports.log({
      level: "error",
      run,
      problem: `its notifications or its next run could not be sent ${SENDS_MAX} times`,
    });
    return closeRun(run, ports);
  }
  const vain = `its event for phase ${phase} was sent ${SENDS_MAX} times in vain; the log of its function says why`;
  if (cancelled === undefined) await cancelRun(run, { reason: vain, as: "failed" }, ports);
  else await end(run, `${cancelled.reason}; ${vain}`, ports);
}

/** Ends a run without its function; its consequences follow when that can be invoked. */
async function end(run: string, reason: string, ports: Ports): Promise<void> {
  const line = (now: Standing) =>
    now.completion === undefined ? ({ kind: "failed", at: ports.clock.now(), reason } as const) : undefined;
  await interject(run, line, ports);
}
