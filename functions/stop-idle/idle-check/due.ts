/** When fleets are checked, for the timer and for a plan of it. Pure. */
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { isUp } from "../../../shared/documents/up-hours.ts";
import { minutes } from "../../../shared/duration.ts";
import { checkIntervalMs } from "./signals.ts";

/** Ten past, because hourly metrics appear after the end of their hour. */
const FIRST_MS = minutes(10);

/**
 * Whether a fleet is checked by the timer of this instant; a caller has none, and asks for all. A stop by the clock costs no
 * metrics, so it may come at once.
 */
export function isDue(policy: DuePolicy | undefined, at: number | undefined): boolean {
  if (policy === undefined || at === undefined) return policy !== undefined;
  const { outside, upDuring } = policy;
  const isOutside = outside === "stop" && upDuring !== undefined && !isUp(upDuring, at);
  const interval = isOutside ? TIMER_MS : checkIntervalMs(policy);
  return (at - FIRST_MS) % interval < TIMER_MS;
}

type DuePolicy = Pick<IdlePolicy, "windowMs" | "outside" | "upDuring">;

/** The interval of the timer in s.yaml. */
export const TIMER_MS = minutes(10);
