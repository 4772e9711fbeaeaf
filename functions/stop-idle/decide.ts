/**
 * Is this instance idle, and may it be stopped? One pure function from what is known to a verdict.
 *
 * D1. Every signal of the policy must be below its bound, each over the whole window.
 * D2. A gap in metrics is not idleness: too few points keep an instance, whatever the others say.
 * D3. Protection first: opted out, locked, subscription, young, working hours, in this order of asking.
 * D4. Bounds of the fleet (keepRunning, cap) are applied last, to the longest idle first, in a stable order.
 */
import type { Instance } from "../../shared/cloud/instance.ts";
import type { Point } from "../../shared/cloud/metrics.ts";
import { capOf, type IdlePolicy } from "../../shared/documents/idle.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { formatDuration, hours } from "../../shared/duration.ts";

/** A signal as the policy names it, and where CloudMonitor keeps it. */
export const SIGNALS = {
  cpuAverage: { metric: "CPUUtilization", of: "average", unit: "%" },
  cpuMaximum: { metric: "CPUUtilization", of: "maximum", unit: "%" },
  internetIn: { metric: "VPC_PublicIP_InternetInRate", of: "average", unit: "bit/s" },
  internetOut: { metric: "VPC_PublicIP_InternetOutRate", of: "average", unit: "bit/s" },
  intranetIn: { metric: "IntranetInRate", of: "average", unit: "bit/s" },
  intranetOut: { metric: "IntranetOutRate", of: "average", unit: "bit/s" },
  diskRead: { metric: "DiskReadBPS", of: "average", unit: "byte/s" },
  diskWrite: { metric: "DiskWriteBPS", of: "average", unit: "byte/s" },
} as const;
export type SignalName = keyof typeof SIGNALS;

/** Hourly points by metric name. */
export type Samples = Readonly<Record<string, readonly Point[]>>;

export interface Verdict {
  readonly id: string;
  readonly stop: boolean;
  /** A sentence with the numbers it rests on. */
  readonly reason: string;
}

/** The verdict on one instance, the fleet's bounds left aside. */
export function decide(instance: Instance, samples: Samples, policy: IdlePolicy, now: number): Verdict {
  const keep = (reason: string): Verdict => ({ id: instance.id, stop: false, reason: `kept: ${reason}` });
  const protection = protectedBy(instance, policy, now);
  if (protection !== undefined) return keep(protection);
  const numbers: string[] = [];
  for (const [name, bound] of Object.entries(policy.signals)) {
    if (bound === undefined) continue;
    const { metric, of, unit } = SIGNALS[name as SignalName];
    const points = inWindow(samples[metric] ?? [], policy.windowMs, now);
    const expected = policy.windowMs / hours(1);
    if (points.length < expected * policy.coverage) {
      return keep(`only ${points.length} of ${expected} hourly points of ${name}, a gap is not idleness`);
    }
    const worst = Math.max(...points.map((point) => point[of]));
    if (!(worst < bound.below))
      return keep(`${name} reached ${round(worst)} ${unit}, not below ${bound.below}`);
    numbers.push(
      `${name} at most ${round(worst)} ${unit} (below ${bound.below}), ${points.length}/${expected} points`,
    );
  }
  if (numbers.length === 0) return keep("the policy has no signal");
  return {
    id: instance.id,
    stop: true,
    reason: `idle for ${formatDuration(policy.windowMs)}: ${numbers.join("; ")}`,
  };
}

/** What forbids to stop it whatever it does; undefined when nothing does. */
function protectedBy(instance: Instance, policy: IdlePolicy, now: number): string | undefined {
  const { status, tags, locks, chargeType, startedAt, createdAt } = instance;
  if (status !== "Running") return `it is ${status}`;
  if (policy.optOutTag in tags) return `it has the tag ${policy.optOutTag}`;
  if (locks.length > 0) return `it is locked (${locks.join(", ")})`;
  if (chargeType === "PrePaid") return "a subscription is paid for either way";
  if (policy.action === "release" && instance.deletionProtection) return "it is protected from release";
  const since = startedAt ?? createdAt;
  const guard = Math.max(policy.graceMs, policy.windowMs);
  // Within the window there cannot be a whole window of points; within grace it may just be getting ready.
  if (now - since < guard)
    return `it started ${formatDuration(now - since)} ago, less than ${formatDuration(guard)}`;
  if (policy.upDuring && isUp(policy.upDuring, now)) return "it is within its working hours";
  return undefined;
}

/**
 * Closed at both ends: no document says whether an hourly point carries the start or the end of its hour.
 * If the start, these are the window's points; if the end, one hour more is looked at, which can only keep.
 */
const inWindow = (points: readonly Point[], windowMs: number, now: number): readonly Point[] => {
  const end = lastFullHour(now);
  return points.filter(({ at }) => at >= end - windowMs && at <= end);
};

/** Hourly points lag: the hour that ended at this instant is the newest that can be relied on. */
export const lastFullHour = (now: number): number => now - (now % hours(1));

const round = (value: number): number => Math.round(value * 100) / 100;

/** Applies keepRunning and the cap; what must stay although it is idle says so. Keeps the order of `verdicts`. */
export function withinBounds(verdicts: readonly Verdict[], policy: IdlePolicy, running: number): Verdict[] {
  const most = Math.max(0, Math.min(capOf(policy.cap, running), running - policy.keepRunning));
  let stops = 0;
  return verdicts.map((verdict) => {
    if (!verdict.stop) return verdict;
    if (stops < most) {
      stops += 1;
      return verdict;
    }
    const bound =
      running - policy.keepRunning <= most ? `keepRunning ${policy.keepRunning}` : "the cap of one run";
    return { id: verdict.id, stop: false, reason: `kept: ${bound} is reached, though ${verdict.reason}` };
  });
}
