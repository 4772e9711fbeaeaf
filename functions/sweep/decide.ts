/**
 * What to do about what a dead run left. Pure.
 *
 * W1. Only what Kiln tagged, with a role that is temporary, is ever touched.
 * W2. A run that is still at work keeps what it has; a run that is known to have ended does not.
 * W3. An unknown run is not a dead one: its record may lie in the bucket of another deployment, or could not be
 *     written for a while. What it has is left alone and reported; the machine's own AutoReleaseTime ends it.
 */
import type { Instance } from "../../shared/cloud/instance.ts";
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";

/** Roles that do not outlive their run. */
export const TEMPORARY_ROLES = ["builder", "tester"] as const;

/** A machine younger than this may come from a launch that was still on its way when its run ended. */
const YOUNG_MS = minutes(30);
/** A record that says "running" and was not touched for this long belongs to a lost run. */
const SILENT_MS = hours(1);

export interface Finding {
  readonly id: string;
  readonly run: string;
  readonly release: boolean;
  readonly why: string;
  /** Set when the bucket has no record of the run, so that this deployment cannot judge it (W3). */
  readonly unknown?: true;
  /** When the cloud releases a machine of an unknown run by itself; absent when it never does. */
  readonly releasesAt?: string;
}

type Machine = Pick<Instance, "id" | "createdAt" | "tags" | "autoReleaseAt">;

/** Whether a temporary machine is an orphan. `record` is undefined when its run has none. */
export function judgeMachine(instance: Machine, record: RunRecord | undefined, now: number): Finding {
  const run = instance.tags[TAG.run] ?? "";
  const keep = (why: string): Finding => ({ id: instance.id, run, release: false, why });
  const release = (why: string): Finding => ({ id: instance.id, run, release: true, why });
  if (record === undefined) return ofUnknownRun(instance, run);
  if (now - instance.createdAt < YOUNG_MS) return keep("it is young");
  if (record.state === "done") return release("its run is done");
  // A failed builder may be kept for a look inside; it still ends by itself.
  if (record.state === "failed") return keep("its run failed; it may be kept on purpose and releases itself");
  return keep("its run is at work");
}

function ofUnknownRun({ id, autoReleaseAt }: Machine, run: string): Finding {
  const left = { id, run, release: false, unknown: true } as const;
  if (autoReleaseAt === undefined) {
    const why = `${UNKNOWN}, and it has no AutoReleaseTime: see in the deployment that made it whether ${run} still runs; release it by hand when it does not, or set its AutoReleaseTime`;
    return { ...left, why };
  }
  const releasesAt = new Date(autoReleaseAt).toISOString();
  return { ...left, why: `${UNKNOWN}; it releases itself at ${releasesAt}`, releasesAt };
}

const UNKNOWN = "its run is unknown here";

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

function ofFailed(id: string, run: string, record: RunRecord | undefined): Finding {
  if (record === undefined) return { id, run, release: false, unknown: true, why: UNKNOWN };
  return record.state === "failed"
    ? { id, run, release: true, why: "its run failed" }
    : { id, run, release: false, why: `its run is ${record.state}` };
}

/** Whether a run went silent: its last event is overdue by far. */
export function isLost(record: RunRecord, now: number): boolean {
  if (record.state !== "running" || record.event === undefined) return false;
  return now - Math.max(Date.parse(record.updatedAt), record.event.notBefore) > SILENT_MS;
}
