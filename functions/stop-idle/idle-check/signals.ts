/** Compares the metrics of an instance with one bound of the policy. Pure. */
import * as z from "zod/mini";
import type { Point } from "../../../shared/cloud/cms/metrics.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { hours, minutes } from "../../../shared/duration.ts";

const HOUR_MS = hours(1);
const MINUTE_MS = minutes(1);

/** The time before a stop that is read minute by minute. */
const LAST_MINUTES_MS = minutes(15);

/**
 * The newest minutes may not be published yet. CloudMonitor recommends to start the query 5 to 10 minutes earlier
 * for the newest data; this is the stricter end. https://www.alibabacloud.com/help/doc-detail/101237.html
 */
const PUBLISH_DELAY_MS = minutes(5);

/** Signals by their names in the policy, with metric, statistic and unit of CloudMonitor. */
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
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal
export const SIGNAL_NAMES = Object.keys(SIGNALS) as SignalName[];

/** Points of one period length by metric name, in any order, with gaps and repetitions. */
export type Samples = Readonly<Record<string, readonly Point[]>>;

/** The measurement of one signal that a verdict rests on. */
export const Measured = z.strictObject({
  signal: z.enum(SIGNAL_NAMES),
  /** The highest value of the span, and the newest point that has it; absent when there is no point at all. */
  worst: z.exactOptional(z.number()),
  worstAt: z.exactOptional(z.int()),
  below: z.number(),
  points: z.int(),
  expected: z.int(),
});
export type Measured = z.infer<typeof Measured>;

/**
 * How often a fleet with this window is checked: every 10, 20 or 30 minutes, or every hour. An interval is at most its
 * window, so the free calls of CloudMonitor last as long with short windows as with long ones.
 */
export const checkIntervalMs = ({ windowMs }: Pick<IdlePolicy, "windowMs">): number =>
  minutes([60, 30, 20].find((each) => windowMs >= minutes(each)) ?? 10);

/** The end of the newest full hour. */
export const lastFullHour = (now: number): number => now - (now % HOUR_MS);

/** The points of an instance that count, and those that must be there. */
export interface Span {
  readonly periodMs: number;
  readonly startAt: number;
  /** Every period that ends by this instant is expected to have a point. */
  readonly dueAt: number;
  /** Points up to here count if there are any. */
  readonly endAt: number;
  /** The share of the expected points that must be there. */
  readonly coverage: number;
}

/** The full hours of the policy's window, or its minutes when it is shorter than an hour, and those not published yet. */
export function windowOf({ windowMs, coverage }: IdlePolicy, now: number): Span {
  if (windowMs > 0 && windowMs < HOUR_MS) return minutesBefore(now, windowMs, coverage);
  const end = lastFullHour(now);
  return { periodMs: HOUR_MS, startAt: end - windowMs, dueAt: end, endAt: end, coverage };
}

/** The minutes just before a stop. All of them must be there, except those that may not be published yet. */
export const lastMinutes = (now: number): Span => minutesBefore(now, LAST_MINUTES_MS - PUBLISH_DELAY_MS, 1);

function minutesBefore(now: number, dueMs: number, coverage: number): Span {
  const endAt = now - (now % MINUTE_MS);
  const dueAt = endAt - PUBLISH_DELAY_MS;
  return { periodMs: MINUTE_MS, startAt: dueAt - dueMs, dueAt, endAt, coverage };
}

/**
 * The worst value of a signal over a span, and how many of its periods have one. It is not documented whether a
 * point carries the start or the end of its period. So values count at both ends of the span, which can only
 * keep an instance; and periods are counted under either reading, so that a spare point at one end hides no gap.
 */
export function measure(signal: SignalName, below: number, samples: Samples, span: Span): Measured {
  const { metric, of } = SIGNALS[signal];
  const values = (samples[metric] ?? [])
    .map(({ at, ip, [of]: value }) => ({ at, ip, value }))
    .filter(({ at, value }) => at >= span.startAt && at <= span.endAt && Number.isFinite(value));
  const [worst] = values.toSorted((a, b) => b.value - a.value || b.at - a.at);
  const highest = worst === undefined ? {} : { worst: round(worst.value), worstAt: worst.at };
  return { signal, below, ...fewestPeriods(values, span), ...highest };
}

interface Periods {
  readonly points: number;
  readonly expected: number;
}

/** Each public address of an instance is a series; the one with most gaps counts. */
function fewestPeriods(
  values: readonly { readonly at: number; readonly ip: string | undefined }[],
  span: Span,
) {
  const series = new Map<string | undefined, Set<number>>();
  for (const { at, ip } of values) {
    const periods = series.get(ip) ?? new Set();
    series.set(ip, periods.add(Math.floor((at - span.startAt) / span.periodMs)));
  }
  const counts = [...series.values()].map((periods) => countPeriods(periods, span));
  const gaps = ({ points, expected }: Periods): number => expected - points;
  return counts.reduce((a, b) => (gaps(b) > gaps(a) ? b : a), counts[0] ?? countPeriods(new Set(), span));
}

/**
 * How many of the expected periods a series has. A point that is newer than the last due one shows that everything
 * before it is published: then all periods up to it are expected.
 */
function countPeriods(periods: ReadonlySet<number>, { periodMs, startAt, dueAt }: Span): Periods {
  const due = (dueAt - startAt) / periodMs;
  const newest = Math.max(...periods, 0);
  const byStart = newest > due ? 0 : periods.size - Number(periods.has(due));
  const byEnd = periods.size - Number(periods.has(0));
  return { points: Math.max(byStart, byEnd), expected: Math.max(due, newest) };
}

/** Whether enough of the periods have a point. */
export const isCovered = ({ points, expected }: Measured, coverage: number): boolean =>
  // 0.55 * 20 is slightly more than 11 in floating point.
  points >= Math.ceil(expected * coverage - 1e-9);

const round = (value: number): number => Math.round(value * 100) / 100;
