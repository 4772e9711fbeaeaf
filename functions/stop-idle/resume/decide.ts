/**
 * Whether a member is to be started now. Pure. The clock decides, so the next run makes up for one that was missed.
 *
 * RESUME-1. Only members that Kiln stopped are started, and only if no user started them since.
 * RESUME-2. Members are started within working hours only, unless a caller asks for it (`wake`).
 * RESUME-3. A locked member stays stopped, and so does one that the cloud is about to release.
 * RESUME-4. So does one of an image that the fleet leaves alone: a refresh has rolled it back, or tries it.
 * RESUME-5. A member that a scale-in or a smaller size stopped stays stopped, unless a caller asks for it.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { isUp } from "../../../shared/documents/up-hours.ts";
import { expiresSoon } from "../../../shared/expiry.ts";
import { hoursOf, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { Detour } from "../../../shared/size/served.ts";
import { TAG } from "../../../shared/tags.ts";
import { kindOf } from "../../../shared/workflow/run-id.ts";

/** Why a member is not started; undefined when it is to be started. */
export const whyNotStarted = (instance: Instance, policy: IdlePolicy, now: number): string | undefined =>
  whyNotWanted(instance, policy, now) ?? whyNotStartable(instance, now);

function whyNotWanted(instance: Instance, policy: IdlePolicy, now: number): string | undefined {
  const upDuring = hoursOf(instance, policy);
  if (!policy.resume || upDuring === undefined) return "its fleet does not resume";
  if (upDuring === "unreadable") return "its own working hours cannot be read";
  return isUp(upDuring, now) ? undefined : "it is outside its working hours";
}

interface Resumed {
  readonly fleet: Pick<Fleet, "idle">;
  readonly detours: readonly Detour[];
  /** A caller asks for it. */
  readonly byHand: boolean;
}

/** As `whyNotStarted`, of a resume of its fleet. */
export function whyNotResumed(
  member: Instance,
  { fleet: { idle }, detours, byHand }: Resumed,
  now: number,
): string | undefined {
  if (!byHand && kindOf(member.tags[TAG.stoppedBy] ?? "") === "shrink")
    return "a smaller size of its fleet stopped it";
  const detour = detours.find(({ around }) => around === member.imageId);
  if (detour !== undefined) return detour.why;
  return byHand || idle === undefined ? whyNotStartable(member, now) : whyNotStarted(member, idle, now);
}

function whyNotStartable(instance: Instance, now: number): string | undefined {
  if (instance.status !== "Stopped") return `it is ${instance.status}`;
  if (stoppedByKilnAt(instance) === undefined) return "a user stopped it";
  if (expiresSoon(instance, now)) return "the cloud releases it soon";
  return instance.locks.length > 0 ? `it is locked (${instance.locks.join(", ")})` : undefined;
}
