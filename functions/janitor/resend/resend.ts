/**
 * The resend timer: sends what is overdue. Requests whose event was lost, events that the platform dropped, ends whose
 * notifications and child runs are not out yet.
 *
 * RESEND-1. Only runs at work are read: those with an object under `open/` (BEGIN-1). The object counts how often the
 *     newest event of its run was sent in vain; the log decides everything else.
 * RESEND-2. A run whose event is sent in vain ten times is cancelled, and one whose compensation is, fails.
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
import { cancelRun, interject } from "../../../shared/workflow/cancel.ts";
import { functionOf } from "../../../shared/workflow/run-id.ts";
import type { Standing } from "../../../shared/workflow/run-log.ts";
import { knownRun } from "../known-run.ts";

/** The request of the resend timer. */
export const ResendRequest = z.strictObject({ v: z.literal(1), request: z.literal("resend") });

/** An event that is due for so long is lost, or its function is not well. */
const OVERDUE_MS = minutes(5);
const SENDS_MAX = 10;

/** Sends counted for the event of line `seq`. */
const Tries = z.object({ seq: z.optional(z.int()), sends: z.optional(z.int()) });

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
  if (now === undefined) return false;
  // After a pause of the platform all passes of the timer come at once.
  const seenAt = Math.max(now.event.runAt, now.at, object.lastModifiedAt);
  if (at - seenAt < OVERDUE_MS) return false;
  await sendOverdue(run, now, ports);
  return true;
}

/** Sends the newest event of a run, and counts that (RESEND-1, RESEND-2). */
async function sendOverdue(run: string, now: Standing, ports: Ports): Promise<void> {
  const { seq } = now.event;
  const tries = await triesOf(run, ports);
  const sends = tries.seq === seq ? (tries.sends ?? 0) : 0;
  if (sends >= SENDS_MAX && now.completion === undefined) return giveUp(run, now, ports);
  const text = JSON.stringify({ seq, sends: sends + 1 });
  await putObject(ports.cloud, openKey(run), text, { contentType: "application/json" });
  return resend(run, now, sends, ports);
}

async function triesOf(run: string, { cloud }: Ports): Promise<z.infer<typeof Tries>> {
  const object = await getObject(cloud, openKey(run));
  return object ? Tries.parse(JSON.parse(object.text)) : {};
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
  const complete = { v: 2, request: "complete", run };
  if (to !== undefined)
    await send({ to, taskId: taskId.event(run, event.seq, label), event: complete }, ports);
}

/** RESEND-2. */
async function giveUp(run: string, { event }: Standing, ports: Ports): Promise<void> {
  const reason = `its event for phase ${event.phase} was sent ${SENDS_MAX} times in vain; the log of its function says why`;
  if (event.cancelled === undefined) {
    await cancelRun(run, { reason, as: "failed" }, ports);
    return;
  }
  const line = (now: Standing) =>
    now.completion === undefined ? ({ kind: "failed", at: ports.clock.now(), reason } as const) : undefined;
  await interject(run, line, ports);
}
