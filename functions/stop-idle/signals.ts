/** What CloudMonitor measured of an instance, held against one bound of the policy. Pure. */
import type { Point } from "../../shared/cloud/metrics.ts";
import { hours } from "../../shared/duration.ts";

const HOUR_MS = hours(1);

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

/** Hourly points by metric name, in any order, with gaps and repetitions. */
export type Samples = Readonly<Record<string, readonly Point[]>>;

/** The number a verdict rests on. */
export interface Measured {
  readonly signal: SignalName;
  /** The highest value of the window; absent when there is no point at all. */
  readonly worst?: number;
  readonly below: number;
  readonly points: number;
  readonly expected: number;
}

/** Hourly points lag: the hour that ended at this instant is the newest that can be relied on. */
export const lastFullHour = (now: number): number => now - (now % HOUR_MS);

/**
 * The worst value of a signal over the window, and how many of its hours have one. No document says whether
 * an hourly point carries the start or the end of its hour. So values count at both ends of the window, which
 * can only keep; and hours are counted under either reading, so that a spare point at one end hides no gap.
 */
export function measure(
  signal: SignalName,
  below: number,
  samples: Samples,
  windowMs: number,
  now: number,
): Measured {
  const { metric, of } = SIGNALS[signal];
  const end = lastFullHour(now);
  const start = end - windowMs;
  const expected = windowMs / HOUR_MS;
  let worst = Number.NEGATIVE_INFINITY;
  // One bit an hour, 25 of them at most: several addresses of an instance give several points of one hour.
  let seen = 0;
  for (const point of samples[metric] ?? []) {
    const value = point[of];
    if (point.at < start || point.at > end || !Number.isFinite(value)) continue;
    seen |= 1 << Math.floor((point.at - start) / HOUR_MS);
    worst = Math.max(worst, value);
  }
  const byStart = countBits(seen & ~(1 << expected));
  const byEnd = countBits(seen >> 1);
  const points = Math.max(byStart, byEnd);
  return { signal, below, points, expected, ...(Number.isFinite(worst) && { worst: round(worst) }) };
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Whether so many of the hours have a point that the rest may be overlooked. */
export const isCovered = ({ points, expected }: Measured, coverage: number): boolean =>
  // 0.55 of 20 hours is a hair more than 11 in floating point.
  points >= Math.ceil(expected * coverage - 1e-9);

const round = (value: number): number => Math.round(value * 100) / 100;
