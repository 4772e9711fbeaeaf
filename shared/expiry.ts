/**
 * When the cloud releases the members of a fleet by itself (AutoReleaseTime). Pure.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyinstanceautoreleasetime
 */
import type { Instance } from "./cloud/ecs/instance.ts";
import type { Fleet } from "./documents/fleet.ts";
import { days, hours, minutes } from "./duration.ts";
import { tagInstant } from "./tags.ts";

/** The cloud takes an instant from half an hour ahead on, so a member with less left is worth no start. */
const EXPIRES_SOON_MS = minutes(30);
/** A launch call may be repeated for half an hour and must then still be half an hour ahead. */
const SOONEST_MS = hours(1);
const LATEST_MS = days(1095);

/** Whether the cloud is about to release it: it is neither started nor counted on. */
export const expiresSoon = ({ autoReleaseAt }: Pick<Instance, "autoReleaseAt">, now: number): boolean =>
  autoReleaseAt !== undefined && autoReleaseAt - now < EXPIRES_SOON_MS;

/** When a member that gets its expiry at `at` is released: a full minute, never earlier than asked for. */
export function expiryAt({ expireAfterMs, launch }: Fleet, at: number): number | undefined {
  if (launch.AutoReleaseTime !== undefined) return Date.parse(launch.AutoReleaseTime);
  // The cloud cuts seconds off.
  return expireAfterMs && Math.ceil((at + expireAfterMs) / minutes(1)) * minutes(1);
}

/** Why the cloud would not take the instant that the fleet names, or undefined. */
export function expiryProblem({ launch: { AutoReleaseTime } }: Fleet, now: number): string | undefined {
  if (AutoReleaseTime === undefined) return undefined;
  const ahead = Date.parse(AutoReleaseTime) - now;
  if (ahead >= SOONEST_MS && ahead <= LATEST_MS) return undefined;
  return `launch.AutoReleaseTime ${AutoReleaseTime} must be from 1h to 1095d ahead, it is ${tagInstant(now)}; write a later instant, or expireAfter: at the top`;
}
