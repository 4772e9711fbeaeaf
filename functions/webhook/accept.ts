/** An authenticated wish becomes an event in a queue and a record; a repeat becomes neither. */
import { deliver } from "../../shared/cloud/fc.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import type { Ports } from "../../shared/handler.ts";
import { readRecord, type RunRecord } from "../../shared/journal.ts";
import { recordKey, runId, subjectOf } from "../../shared/run.ts";
import type { Enqueue } from "./routes.ts";
import type { Wish } from "./senders/sender.ts";

/**
 * Answers the run that carries the request out. Twice the same request is one run: its record is looked for
 * first, because the queue forgets task ids sooner than the bucket forgets records.
 */
export async function accept(enqueue: Enqueue, by: string, ports: Ports): Promise<string> {
  for (const run of [enqueue.run, enqueue.yesterday]) {
    if (run !== undefined && (await readRecord(ports.cloud, run)) !== undefined) return run;
  }
  const { to, run, event } = enqueue;
  // The event first: a record without an event would be a promise nobody keeps.
  await deliver(ports.cloud, {
    to: ports.nameOf(to),
    payload: JSON.stringify(event),
    delayMs: 0,
    taskId: `${run}-request`,
  });
  await note(run, by, ports).catch((error: unknown) => {
    // The run is safe in the queue, and its first step writes a record anyway.
    ports.log({ warning: "record not written", run, error: (error as Error).message });
  });
  return run;
}

async function note(run: string, by: string, ports: Ports): Promise<void> {
  const at = new Date(ports.clock.now()).toISOString();
  const record: RunRecord = {
    v: 1,
    run,
    kind: run.split("-")[0] ?? "",
    subject: subjectOf(run),
    by,
    state: "queued",
    phase: "request",
    beganAt: at,
    updatedAt: at,
    steps: [],
  };
  await putObject(ports.cloud, recordKey(run), JSON.stringify(record), {
    contentType: "application/json",
    ifAbsent: true,
  });
}

/** A sender's wish as the same request a caller would have made. */
export function enqueueWish(sender: string, { fleet, count, delivery, at }: Wish): Enqueue {
  const run = runId("scale", fleet, at, ["sender", sender, ...delivery]);
  const event = { v: 1, request: "scale-out", fleet, count, run, by: `sender:${sender}` };
  return { to: "scale-out", run, event };
}
