/**
 * Points of acs_ecs_dashboard, made of the minutes of each machine.
 *
 * M1. A window is open on the left and closed on the right; a point carries the start of its period.
 * M2. A minute is measured when the instance ran from its beginning to its end. A period without any measured
 *     minute has no point: a missing hour is not 0 %.
 * M3. A longer period has the mean of its measured minutes, and the least and the most of them. A shorter one
 *     repeats its minute.
 * M4. A point appears a while after its period is over, so the hour that runs has none. No document says so;
 *     a cloud that answered with half an hour as if it were whole would be the kinder one.
 */
import type { Instance } from "../ecs/records.ts";
import type { Load } from "../ecs/load.ts";
import type { World } from "../ecs/world.ts";

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

/** Points of one instance whose timestamps lie in (from, to], oldest first. */
export function pointsOf(
  world: World,
  instance: Instance,
  metric: string,
  periodMs: number,
  from: number,
  to: number,
): Point[] {
  const reading = METRICS[metric];
  // Without a public address there is nothing to measure on it.
  if (reading === undefined || (metric.startsWith("VPC_PublicIP") && instance.publicIp === undefined))
    return [];
  const points: Point[] = [];
  const profile = world.loadOf(instance);
  const last = Math.min(to, world.now() - periodMs - world.delays.metricMs);
  for (let at = Math.floor(from / periodMs) * periodMs + periodMs; at <= last; at += periodMs) {
    const values = minutesOf(instance, at, periodMs).flatMap((minute) => {
      const load = profile(minute);
      return load === undefined ? [] : [reading(load)];
    });
    if (values.length === 0) continue;
    const averages = values.map(([average]) => average);
    points.push({
      timestamp: at,
      userId: world.kernel.accountId,
      instanceId: instance.instanceId,
      ...(metric.startsWith("VPC_PublicIP") ? { ip: instance.publicIp ?? "" } : {}),
      Minimum: round(Math.min(...averages) / 2),
      Average: round(averages.reduce((sum, average) => sum + average, 0) / averages.length),
      Maximum: round(Math.max(...values.map(([, most]) => most))),
    });
  }
  return points;
}

/** The beginnings of the measured minutes of a period (M2); of a period shorter than that, its minute's. */
function minutesOf(instance: Instance, at: number, periodMs: number): number[] {
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
