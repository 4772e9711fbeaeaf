/**
 * Whether a member is to be started now. Pure. The clock decides, so the next run makes up for one that was missed.
 *
 * RESUME-1. Only members that Kiln stopped are started, and only if no user started them since.
 * RESUME-2. Members are started within working hours only, unless a caller asks for it (`wake`).
 * RESUME-3. A locked member stays stopped, and so does one that the cloud is about to release.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { isUp } from "../../../shared/documents/up-hours.ts";
import { expiresSoon } from "../../../shared/expiry.ts";
import { hoursOf, stoppedByKilnAt } from "../../../shared/instance-tags.ts";

/** Why a member is not started; undefined when it is to be started. */
export const whyNotStarted = (instance: Instance, policy: IdlePolicy, now: number): string | undefined =>
  whyNotWanted(instance, policy, now) ?? whyNotStartable(instance, now);

function whyNotWanted(instance: Instance, policy: IdlePolicy, now: number): string | undefined {
  const upDuring = hoursOf(instance, policy);
  if (!policy.resume || upDuring === undefined) return "its fleet does not resume";
  if (upDuring === "unreadable") return "its own working hours cannot be read";
  return isUp(upDuring, now) ? undefined : "it is outside its working hours";
}

/** As `whyNotStarted`, where a caller asks for it. */
export function whyNotStartable(instance: Instance, now: number): string | undefined {
  if (instance.status !== "Stopped") return `it is ${instance.status}`;
  if (stoppedByKilnAt(instance) === undefined) return "a user stopped it";
  if (expiresSoon(instance, now)) return "the cloud releases it soon";
  return instance.locks.length > 0 ? `it is locked (${instance.locks.join(", ")})` : undefined;
}
