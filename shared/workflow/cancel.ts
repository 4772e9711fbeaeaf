/**
 * Cancelling a run from outside: the janitor that found its event dead, a caller of the webhook.
 *
 * CANCEL-1. A cancellation competes like any other event (WORKFLOW-5): whichever submits event `seq + 1` first
 *     takes effect. So a late delivery of the cancelled event cannot go on beside the compensation.
 * CANCEL-2. A cancellation that loses follows the run to its newest event, until it wins or the run ends.
 */
import { seconds } from "../duration.ts";
import type { Ports } from "../invocation.ts";
import { taskId } from "../names.ts";
import { send } from "../send.ts";
import type { WorkflowEvent } from "./envelope.ts";
import { hasEnded, readRecord } from "./record.ts";

interface Cancellation {
  /** The function of the run, by its folder's name. */
  readonly to: string;
  /** The whole event; its function parses it. */
  readonly event: Pick<WorkflowEvent, "run" | "seq">;
  readonly reason: string;
}

/** Asks the function of a run to compensate it from `event` on. Asked again for the same event, nothing more happens. */
export function cancelRun(
  { to, event, reason }: Cancellation,
  ports: Pick<Ports, "cloud" | "nameOf">,
  delayMs = 0,
) {
  const cancel = { v: 1, request: "cancel", reason, event };
  return send(
    { to, taskId: taskId.cancel(event.run, event.seq, delayMs > 0), event: cancel },
    ports,
    delayMs,
  );
}

/** CANCEL-2. The record of the event that won may not be written yet, so a second look follows a little later. */
export async function followRun(cancellation: Cancellation, ports: Ports): Promise<void> {
  const { event } = cancellation;
  const record = await readRecord(ports.cloud, event.run);
  if (record === undefined || hasEnded(record)) return;
  if (record.event !== undefined && record.event.seq > event.seq) {
    await cancelRun({ ...cancellation, event: record.event }, ports);
    return;
  }
  await cancelRun(cancellation, ports, seconds(5));
}
