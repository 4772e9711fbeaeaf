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

type Machine = Pick<Instance, "id" | "createdAt" | "tags">;

/** Whether a temporary machine is an orphan. `record` is undefined when its run has none. */
export function judgeMachine(instance: Machine, record: RunRecord | undefined, now: number): Finding {
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

/** Whether an image is left of a bake that failed: such a bake removes its image, unless it died on the way. */
export function judgeImage(
  image: { readonly id: string; readonly run: string; readonly family: string },
  record: RunRecord | undefined,
): Finding {
  const { id, run } = image;
  // Somebody put it to use; that counts for more than how its run ended.
  if (image.family !== "") return { id, run, release: false, why: `it is in family ${image.family}` };
  return ofFailed(id, run, record);
}

/** Whether a snapshot is left of a bake that failed. */
export const judgeSnapshot = (
  { id, run }: { readonly id: string; readonly run: string },
  record: RunRecord | undefined,
): Finding => ofFailed(id, run, record);

const ofFailed = (id: string, run: string, record: RunRecord | undefined): Finding =>
  record?.state === "failed"
    ? { id, run, release: true, why: "its run failed" }
    : { id, run, release: false, why: record ? `its run is ${record.state}` : "no run knows it" };

/** Whether a run went silent: its last event is overdue by far. */
export function isLost(record: RunRecord, now: number): boolean {
  if (record.state !== "running" || record.event === undefined) return false;
  return now - Math.max(Date.parse(record.updatedAt), record.event.notBefore) > SILENT_MS;
}
