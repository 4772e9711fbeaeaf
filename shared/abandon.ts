/**
 * Giving a run up from outside: a sweep that found its event dead, a caller who cancels it.
 *
 * A1. Abandoning is a vote like any other (M5): whoever submits event `seq + 1` is believed. So the event
 *     that is given up may still be delivered, and cannot go on beside the road back.
 * A2. An abandonment that lost the vote follows the run to its newest event, until it wins or the run ends.
 */
import type { CloudClient } from "./cloud/client.ts";
import { deliver } from "./cloud/fc.ts";
import { seconds } from "./duration.ts";
import type { Continuation } from "./events/line.ts";
import { hasEnded, readRecord } from "./journal.ts";

interface Way {
  readonly cloud: CloudClient;
  readonly nameOf: (kilnFunction: string) => string;
}

interface Abandonment {
  /** The function of the run, by its folder's name. */
  readonly to: string;
  readonly event: Continuation;
  readonly reason: string;
}

/** Asks a run's function to give it up from `event`. Asked again for the same event, nothing more happens. */
export function abandonRun({ cloud, nameOf }: Way, { to, event, reason }: Abandonment, delayMs = 0) {
  return deliver(cloud, {
    to: nameOf(to),
    payload: JSON.stringify({ v: 1, request: "abandon", reason, event }),
    delayMs,
    taskId: `${event.run}-${event.seq}-cancel${delayMs === 0 ? "" : "-again"}`,
  });
}

/** A2. The record of the step that won may still be on its way, so a second look is taken a little later. */
export async function followRun(way: Way, abandonment: Abandonment): Promise<void> {
  const { event } = abandonment;
  const record = await readRecord(way.cloud, event.run);
  if (record === undefined || hasEnded(record)) return;
  if (record.event !== undefined && record.event.seq > event.seq) {
    await abandonRun(way, { ...abandonment, event: record.event });
    return;
  }
  await abandonRun(way, abandonment, seconds(5));
}
