/**
 * Cancelling a run from outside: a caller of the webhook, or the janitor that found its event dead.
 *
 * CANCEL-1. A cancellation is a line at the end of the log, so the step in flight loses to it (WORKFLOW-5).
 * CANCEL-2. That step may still make its change, and so may the event that is on its way without a look into the log
 *     (HOST-2). Compensation starts when that time is over, and finds the change by its tag.
 */
import type * as z from "zod/mini";
import { minutes } from "../duration.ts";
import type { Ports } from "../invocation.ts";
import { runKey } from "../keys.ts";
import { ABANDONED_MS, trySend, UNSEEN_MS } from "./begin.ts";
import type { Cancelled } from "./envelope.ts";
import { appendOrLose } from "./log.ts";
import { readRunLog, standing, type Interjection, type RunLog, type Standing } from "./run-log.ts";

/** Longer than the calls of one step take. */
const STEP_MS = minutes(1);

/** How often a line from outside is tried against the steps of a run that goes on. */
const TRIES = 5;

/**
 * Appends a line from outside a run, and returns what the log stands for then; or what it stood for when `line` returned
 * nothing. Undefined when there is no such run.
 * @throws CloudError when it is unknown whether the line is there, or when the run was faster every time.
 */
export async function interject(
  run: string,
  line: (now: Standing, log: RunLog) => Interjection | undefined,
  ports: Ports,
): Promise<{ readonly now: Standing; readonly log: RunLog; readonly appended: boolean } | undefined> {
  for (let attempt = 1; ; attempt++) {
    const log = await readRunLog(ports.cloud, run);
    const now = standing(run, log);
    if (now === undefined) return undefined;
    const given = line(now, log);
    // The record of the version before takes no line; its run gets a log with its next event.
    if (given === undefined || log.end < 0) return { now, log, appended: false };
    const written = { ...given, seq: log.lines.length };
    if ((await appendOrLose(ports, runKey(run), log.end, written)) !== undefined) {
      const after = await readRunLog(ports.cloud, run);
      return { now: standing(run, after) ?? now, log: after, appended: true };
    }
    if (attempt === TRIES) throw new Error(`${run} moved on ${TRIES} times while it was written to`);
  }
}

/** The line that cancels a run (CANCEL-1); undefined for one that has ended, or is cancelled already. `at`: epoch ms. */
export function cancelLine(
  { completion, event }: Standing,
  cancelled: z.infer<typeof Cancelled>,
  at: number,
): Interjection | undefined {
  if (completion !== undefined || event.cancelled !== undefined) return undefined;
  // After that the pending event is late, or has waited long, and reads this line.
  const lastAt = Math.max(at, Math.min(event.runAt, at + UNSEEN_MS) + ABANDONED_MS);
  return { kind: "cancel", at, due: lastAt + STEP_MS, ...cancelled };
}

/** Cancels a run that has not ended; undefined when there is none. The phase it compensates from is in the answer. */
export async function cancelRun(run: string, cancelled: z.infer<typeof Cancelled>, ports: Ports) {
  const found = await interject(run, (now) => cancelLine(now, cancelled, ports.clock.now()), ports);
  if (found?.appended) await trySend(found.now.event, ports);
  return found;
}
