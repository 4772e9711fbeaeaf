/**
 * What a fleet allows one run to do, whatever the verdicts on single instances say. Pure.
 *
 * BOUNDS-1. Bounds are applied last. Members with an announcement are chosen first, then the longest running.
 * BOUNDS-2. Announcements count like stops: a stop that would not happen is not announced.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { expiresSoon } from "../../../shared/expiry.ts";
import { isPresent } from "../../../shared/size/present.ts";
import { TAG } from "../../../shared/tags.ts";
import { MEMBERS_MAX } from "../tally.ts";
import type { Verdict } from "./decide.ts";

/** Releases are sequential calls; as many are made in one phase. */
export const RELEASE_SLICE = 20;

/** How many of `running` instances one run may stop; the stricter of the two bounds. */
export function capOf(cap: { percent: number; count?: number }, running: number): number {
  return Math.min(Math.ceil((running * cap.percent) / 100), cap.count ?? running);
}

/** How many of `members` run and stay: one that the cloud releases soon or takes back is not counted on. */
export const countLasting = (members: readonly Instance[], now: number): number =>
  members.filter((member) => member.status === "Running" && isPresent(member) && !expiresSoon(member, now))
    .length;

/** Applies keepRunning and the cap to `verdicts`, one for each of `instances`; `running` counts the whole fleet. */
export function withinBounds(
  verdicts: readonly Verdict[],
  instances: readonly Instance[],
  policy: IdlePolicy,
  running: number,
): Verdict[] {
  const cap = Math.min(capOf(policy.cap, running), MEMBERS_MAX);
  const spare = Math.max(0, running - policy.keepRunning);
  const bound =
    spare <= cap ? `keepRunning ${policy.keepRunning} is reached` : `the cap of ${cap} in one run is reached`;
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  const chosen = new Set(
    verdicts
      .filter(({ act }) => act !== "keep")
      .map(({ id }) => id)
      .toSorted((a, b) => compare(byId.get(a), byId.get(b)))
      .slice(0, Math.min(cap, spare)),
  );
  return verdicts.map((verdict) => {
    if (verdict.act === "keep" || chosen.has(verdict.id)) return verdict;
    return { ...verdict, act: "keep", why: "bounds", reason: `kept: ${bound}, though ${verdict.reason}` };
  });
}

function compare(a: Instance | undefined, b: Instance | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const announced = Number(TAG.stopAt in b.tags) - Number(TAG.stopAt in a.tags);
  return announced || (a.startedAt ?? 0) - (b.startedAt ?? 0) || (a.id < b.id ? -1 : 1);
}
