/**
 * What to do about what a dead run left. Pure.
 *
 * W1. Only what Kiln tagged, with a role that is temporary, is ever touched.
 * W2. A run that is still at work keeps what it has; a run that has ended, or that nobody knows although it
 *     is old, does not.
 * W3. What could not be looked up is left alone: an unknown run is not a dead one.
 */
import type { Instance } from "../../shared/cloud/instance.ts";
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";

/** Roles that do not outlive their run. */
export const TEMPORARY_ROLES = ["builder", "tester"] as const;

/** A machine younger than this may belong to a run whose record is only being written. */
const YOUNG_MS = minutes(30);
/** A record that says "running" and was not touched for this long belongs to a lost run. */
const SILENT_MS = hours(1);

export interface Finding {
  readonly id: string;
  readonly run: string;
  readonly release: boolean;
  readonly why: string;
}

/** Whether a temporary machine is an orphan. `record` is undefined when its run has none. */
export function judgeMachine(instance: Instance, record: RunRecord | undefined, now: number): Finding {
  const run = instance.tags[TAG.run] ?? "";
  const keep = (why: string): Finding => ({ id: instance.id, run, release: false, why });
  const release = (why: string): Finding => ({ id: instance.id, run, release: true, why });
  if (now - instance.createdAt < YOUNG_MS) return keep("it is young");
  if (record === undefined) return release("no run knows it");
  if (record.state === "done") return release("its run is done");
  // A failed builder may be kept for a look inside; it still ends by itself.
  if (record.state === "failed") return keep("its run failed; it may be kept on purpose and releases itself");
  return keep("its run is at work");
}

/** Whether a run went silent: its last event is overdue by far. */
export function isLost(record: RunRecord, now: number): boolean {
  if (record.state !== "running" || record.event === undefined) return false;
  return now - Math.max(Date.parse(record.updatedAt), record.event.notBefore) > SILENT_MS;
}
