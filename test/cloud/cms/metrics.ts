/**
 * Points of acs_ecs_dashboard, made of the minutes of each machine.
 *
 * CLOUD-METRIC-1. A window is open on the left and closed on the right; a point carries the start of its period.
 * CLOUD-METRIC-2. A minute is measured when the instance ran from its beginning to its end. A period without any
 *     measured minute has no point: a missing hour is not 0 %.
 * CLOUD-METRIC-3. A longer period has the mean, minimum and maximum of its measured minutes. A shorter one repeats
 *     its minute.
 * CLOUD-METRIC-4. A point appears a while after its period is over, so the current hour has none. No document says
 *     so; to answer with half an hour as if it were whole would be kinder than the real cloud.
 */
import type { Load } from "../core/load.ts";
import type { MeteredInstance } from "../core/metering.ts";

export interface Point {
  readonly timestamp: number;
  readonly userId: string;
  readonly instanceId: string;
  readonly Minimum: number;
  readonly Average: number;
  readonly Maximum: number;
  readonly ip?: string;
}

const MINUTE_MS = 60_000;

type Reading = (load: Load) => readonly [average: number, maximum: number];

const flat =
  (read: (load: Load) => number): Reading =>
  (load) => [read(load), read(load)];

/** The most of a minute is never below its mean, whatever a load says. */
const cpu: Reading = ({ cpuAverage, cpuMaximum }) => [cpuAverage, Math.max(cpuAverage, cpuMaximum)];

/** Basic metrics: the hypervisor measures them, no agent needed. Rates in bit/s, BPS in byte/s. */
export const METRICS: Readonly<Record<string, Reading>> = {
  CPUUtilization: cpu,
  IntranetInRate: flat((load) => load.intranetIn),
  IntranetOutRate: flat((load) => load.intranetOut),
  InternetInRate: flat((load) => load.internetIn),
  InternetOutRate: flat((load) => load.internetOut),
  VPC_PublicIP_InternetInRate: flat((load) => load.internetIn),
  VPC_PublicIP_InternetOutRate: flat((load) => load.internetOut),
  DiskReadBPS: flat((load) => load.diskRead),
  DiskWriteBPS: flat((load) => load.diskWrite),
  DiskReadIOPS: flat((load) => Math.round(load.diskRead / 4096)),
  DiskWriteIOPS: flat((load) => Math.round(load.diskWrite / 4096)),
};

/** A metric of the account, and the span in which its timestamps lie: (from, to]. */
export interface Series {
  readonly accountId: string;
  readonly metric: string;
  readonly periodMs: number;
  readonly from: number;
  readonly to: number;
}

/** The points of one instance, oldest first. */
export function pointsOf(instance: MeteredInstance, series: Series): Point[] {
  const { accountId, metric, periodMs, from, to } = series;
  const reading = METRICS[metric];
  // Without a public address there is nothing to measure on it.
  if (reading === undefined || (metric.startsWith("VPC_PublicIP") && instance.publicIp === undefined))
    return [];
  const points: Point[] = [];
  for (let at = Math.floor(from / periodMs) * periodMs + periodMs; at <= to; at += periodMs) {
    const values = minutesOf(instance, at, periodMs).flatMap((minute) => {
      const load = instance.load(minute);
      return load === undefined ? [] : [reading(load)];
    });
    if (values.length === 0) continue;
    const averages = values.map(([average]) => average);
    points.push({
      timestamp: at,
      userId: accountId,
      instanceId: instance.instanceId,
      ...(metric.startsWith("VPC_PublicIP") ? { ip: instance.publicIp ?? "" } : {}),
      Minimum: round(Math.min(...averages) / 2),
      Average: round(averages.reduce((sum, average) => sum + average, 0) / averages.length),
      Maximum: round(Math.max(...values.map(([, most]) => most))),
    });
  }
  return points;
}

/** The beginnings of the measured minutes of a period (CLOUD-METRIC-2); of a period shorter than that, its minute's. */
function minutesOf(instance: MeteredInstance, at: number, periodMs: number): number[] {
  const first = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  return Array.from({ length: Math.ceil(periodMs / MINUTE_MS) }, (_, n) => first + n * MINUTE_MS).filter(
    (minute) =>
      instance.runs.some(
        ({ from, to = Number.POSITIVE_INFINITY }) => from <= minute && minute + MINUTE_MS <= to,
      ),
  );
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
