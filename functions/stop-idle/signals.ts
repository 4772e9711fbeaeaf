/** What CloudMonitor measured of an instance, held against one bound of the policy. Pure. */
import type { Point } from "../../shared/cloud/metrics.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { hours, minutes } from "../../shared/duration.ts";

const HOUR_MS = hours(1);
const MINUTE_MS = minutes(1);

/** How much of the time before a stop is read minute by minute. */
const LAST_LOOK_MS = minutes(15);

/**
 * The newest minutes that may still be on their way to CloudMonitor. Its documentation says that every service
 * reports with a delay of its own and has those who ask for the newest data look 5 to 10 minutes further back;
 * this is the stricter end. https://www.alibabacloud.com/help/doc-detail/101237.html
 */
const ON_THEIR_WAY_MS = minutes(5);

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

/** Points of one period length by metric name, in any order, with gaps and repetitions. */
export type Samples = Readonly<Record<string, readonly Point[]>>;

/** The number a verdict rests on. */
export interface Measured {
  readonly signal: SignalName;
  /** The highest value of the span, and the newest point that has it; absent when there is no point at all. */
  readonly worst?: number;
  readonly worstAt?: number;
  readonly below: number;
  readonly points: number;
  readonly expected: number;
}

/** Hourly points lag: the hour that ended at this instant is the newest that can be relied on. */
export const lastFullHour = (now: number): number => now - (now % HOUR_MS);

/** Which points of an instance are looked at, and which of them must be there. */
export interface Span {
  readonly periodMs: number;
  readonly startAt: number;
  /** Every period that ends by this instant is expected to have a point. */
  readonly dueAt: number;
  /** Points up to here count where they are there. */
  readonly endAt: number;
  /** The share of the expected points that must be there. */
  readonly coverage: number;
}

/** The full hours of the policy's window. */
export function windowOf({ windowMs, coverage }: IdlePolicy, now: number): Span {
  const end = lastFullHour(now);
  return { periodMs: HOUR_MS, startAt: end - windowMs, dueAt: end, endAt: end, coverage };
}

/** The minutes just before a stop. All of them must be there, but for those still on their way. */
export function lastMinutes(now: number): Span {
  const endAt = now - (now % MINUTE_MS);
  const dueAt = endAt - ON_THEIR_WAY_MS;
  return { periodMs: MINUTE_MS, startAt: endAt - LAST_LOOK_MS, dueAt, endAt, coverage: 1 };
}

/**
 * The worst value of a signal over a span, and how many of its periods have one. No document says whether a
 * point carries the start or the end of its period. So values count at both ends of the span, which can only
 * keep; and periods are counted under either reading, so that a spare point at one end hides no gap. Several
 * addresses of an instance are several series, and the one with most gaps counts.
 */
export function measure(signal: SignalName, below: number, samples: Samples, span: Span): Measured {
  const { metric, of } = SIGNALS[signal];
  const { periodMs, startAt, endAt } = span;
  let worst: Pick<Measured, "worst" | "worstAt"> = {};
  // One bit a period, 25 of them at most.
  const seen = new Map<string | undefined, number>();
  for (const point of samples[metric] ?? []) {
    const { at, ip, [of]: value } = point;
    if (at < startAt || at > endAt || !Number.isFinite(value)) continue;
    seen.set(ip, (seen.get(ip) ?? 0) | (1 << Math.floor((at - startAt) / periodMs)));
    const { worst: most = Number.NEGATIVE_INFINITY, worstAt = 0 } = worst;
    if (value > most || (value === most && at > worstAt)) worst = { worst: value, worstAt: at };
  }
  const series = seen.size === 0 ? [0] : [...seen.values()];
  const counts = series.map((bits) => countPeriods(bits, span));
  const fewest = counts.toSorted((a, b) => b.expected - b.points - (a.expected - a.points))[0];
  const { points, expected } = fewest ?? { points: 0, expected: 1 };
  const rounded = worst.worst === undefined ? {} : { ...worst, worst: round(worst.worst) };
  return { signal, below, points, expected, ...rounded };
}

/**
 * How many of the expected periods a series has. Once there is a newer point than the last that is due, none
 * before it can be on its way any more: then all up to it are expected.
 */
function countPeriods(
  bits: number,
  { periodMs, startAt, dueAt }: Span,
): { points: number; expected: number } {
  const due = (dueAt - startAt) / periodMs;
  const newest = 31 - Math.clz32(bits);
  const expected = Math.max(due, newest);
  const byStart = newest > due ? 0 : countBits(bits & ~(1 << due));
  const byEnd = countBits(bits >> 1);
  return { points: Math.max(byStart, byEnd), expected };
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Whether so many of the periods have a point that the rest may be overlooked. */
export const isCovered = ({ points, expected }: Measured, coverage: number): boolean =>
  // 0.55 of 20 hours is a hair more than 11 in floating point.
  points >= Math.ceil(expected * coverage - 1e-9);

const round = (value: number): number => Math.round(value * 100) / 100;
