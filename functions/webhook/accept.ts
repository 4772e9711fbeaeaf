/** Accepts an authenticated request: its event in a queue and its run in a record, once. */
import { EventError, messageOf } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { taskId } from "../../shared/names.ts";
import { send } from "../../shared/send.ts";
import { queuedRecord, readRecord, writeRecord } from "../../shared/workflow/record.ts";
import { functionOf } from "../../shared/workflow/run-id.ts";

/** A request for a run. */
export interface Enqueue {
  readonly run: string;
  readonly by: string;
  readonly event: Readonly<Record<string, unknown>>;
  /** The run of the same key one day earlier: a request repeated over midnight is the same run. */
  readonly yesterday?: string;
}

/**
 * Returns the run that carries the request out. A repeated request finds its record, which the bucket keeps longer
 * than the queue remembers task ids.
 */
export async function accept({ run, by, event, yesterday }: Enqueue, ports: Ports): Promise<string> {
  for (const known of [run, yesterday]) {
    if (known !== undefined && (await readRecord(ports.cloud, known)) !== undefined) return known;
  }
  const to = functionOf(run);
  if (to === undefined) throw new EventError(`no function carries out ${run}`);
  // The event first: a record without an event would promise a run that never starts.
  await send({ to, taskId: taskId.request(run), event: { ...event, run, by } }, ports);
  const record = queuedRecord(run, by, ports.clock.now());
  await writeRecord(ports.cloud, record, { ifAbsent: true }).catch((error: unknown) => {
    // The run is in the queue, and its first phase writes a record.
    ports.log({ warning: "record not written", run, error: messageOf(error) });
  });
  return run;
}
