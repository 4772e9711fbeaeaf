/**
 * Hourly points of acs_ecs_dashboard, derived from the load of each machine.
 *
 * M1. A window is open on the left and closed on the right; a point carries the start of its period.
 * M2. No point for a period in which the instance did not run at all: a missing hour is not 0 %.
 * M3. Periods shorter than an hour repeat the hour's averages; the hour's maximum sits in its first period.
 */
import type { Instance } from "../ecs/records.ts";
import { BUSY } from "../ecs/load.ts";
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

const HOUR_MS = 3_600_000;
/** A point shows up a while after its period is over; an estimate. */
const LAG_MS = 2 * 60_000;
/** Points are made of minutes: less than one leaves nothing behind. */
const SHORTEST_MS = 60_000;

type Reading = (load: Load) => readonly [average: number, maximum: number];

const flat =
  (read: (load: Load) => number): Reading =>
  (load) => [read(load), read(load)];

/** Basic metrics: the hypervisor measures them, no agent needed. Rates in bit/s, BPS in byte/s. */
export const METRICS: Readonly<Record<string, Reading>> = {
  CPUUtilization: (load) => [load.cpuAverage, load.cpuMaximum],
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
  const profile = world.loadOf(instance) ?? ((): Load => BUSY);
  const last = Math.min(to, world.now() - periodMs - LAG_MS);
  for (let at = Math.floor(from / periodMs) * periodMs + periodMs; at <= last; at += periodMs) {
    if (!wasRunning(instance, at, at + periodMs)) continue;
    const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
    const load = profile(hour);
    if (load === undefined) continue;
    const [average, hourMaximum] = reading(load);
    points.push({
      timestamp: at,
      userId: world.kernel.accountId,
      instanceId: instance.instanceId,
      ...(metric.startsWith("VPC_PublicIP") ? { ip: instance.publicIp ?? "" } : {}),
      Minimum: round(average / 2),
      Average: round(average),
      Maximum: round(at === hour ? hourMaximum : average),
    });
  }
  return points;
}

function wasRunning(instance: Instance, from: number, to: number): boolean {
  return instance.runs.some((run) => {
    const overlapMs = Math.min(run.to ?? Number.POSITIVE_INFINITY, to) - Math.max(run.from, from);
    return overlapMs >= Math.min(SHORTEST_MS, to - from);
  });
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
