/**
 * Decides which resources of a run are orphans. Pure.
 *
 * ORPHAN-1. Only what Kiln tagged, with a role that is temporary, is ever touched.
 * ORPHAN-2. A run that is still at work keeps its resources; a run that has ended does not.
 * ORPHAN-3. A run without a log is unknown, not dead: its log may lie in the bucket of another deployment, or
 *     could not be written for a while. Its resources are left alone and reported; the AutoReleaseTime of an
 *     instance ends it.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Standing } from "../../../shared/workflow/run-log.ts";

/** An instance younger than this may come from a launch call that was in flight when its run ended. */
const YOUNG_MS = minutes(30);

/** A resource of a run, and whether to release it. */
export interface Finding {
  readonly kind: "instance" | "image" | "snapshot";
  readonly id: string;
  readonly run: string;
  readonly release: boolean;
  readonly why: string;
  /** Set when the bucket has no log of the run (ORPHAN-3). */
  readonly unknown?: true;
  /** When the cloud releases an instance of an unknown run; absent when it never does. */
  readonly releasesAt?: string;
}

type Run = Pick<Standing, "completion"> | undefined;

/** Judges a builder or a test instance. */
export function judgeInstance(
  { id, createdAt, autoReleaseAt }: Pick<Instance, "id" | "createdAt" | "autoReleaseAt">,
  run: string,
  known: Run,
  now: number,
): Finding {
  const finding = { kind: "instance", id, run, release: false } as const;
  if (known === undefined) return { ...finding, unknown: true, ...endOfUnknown(run, autoReleaseAt) };
  if (now - createdAt < YOUNG_MS) return { ...finding, why: "it is young" };
  if (known.completion === undefined) return { ...finding, why: "its run is at work" };
  if (known.completion.kind !== "failed")
    return { ...finding, release: true, why: `its run is ${known.completion.kind}` };
  const why = "its run failed; it may be kept for debugging (keepFailed) and has an AutoReleaseTime";
  return { ...finding, why };
}

function endOfUnknown(run: string, autoReleaseAt: number | undefined) {
  if (autoReleaseAt === undefined) {
    const why = `${UNKNOWN}, and it has no AutoReleaseTime: the log of ${run} is gone, or in the bucket of another deployment; release it by hand when that run has ended, or set its AutoReleaseTime`;
    return { why };
  }
  const releasesAt = new Date(autoReleaseAt).toISOString();
  return { why: `${UNKNOWN}; it is released at ${releasesAt}`, releasesAt };
}

const UNKNOWN = "its run is unknown here";

/** Judges an image or a snapshot. A bake that fails deletes both, unless it died on the way. */
export function judgeImage(
  kind: "image" | "snapshot",
  { id, family = "" }: { readonly id: string; readonly family?: string },
  run: string,
  known: Run,
): Finding {
  const finding = { kind, id, run, release: false } as const;
  // An image in a family is in use, however its run ended.
  if (family !== "") return { ...finding, why: `it is in family ${family}` };
  if (known === undefined) return { ...finding, unknown: true, why: UNKNOWN };
  const state = known.completion?.kind ?? "at work";
  return { ...finding, release: state === "failed" || state === "cancelled", why: `its run is ${state}` };
}
