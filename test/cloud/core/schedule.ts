/** When a timer fires: the cron expressions and intervals of Function Compute. */
import { Cron } from "croner";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Function from an instant to the next one due, epoch milliseconds. */
export type Schedule = (after: number) => number;

/** Read expressions: every cloud that starts has the same ones. */
const crons = new Map<string, Cron>();

function cronOf(pattern: string, timezone: string): Cron {
  const key = `${timezone} ${pattern}`;
  const cron = crons.get(key) ?? new Cron(pattern, { timezone, mode: "6-part", paused: true });
  crons.set(key, cron);
  return cron;
}

/**
 * Reads `@every 5m` or a six-field cron expression with an optional `CRON_TZ=` before it.
 * `@every` counts from `start`. @throws Error that says what is wrong with the text.
 */
export function parseSchedule(text: string, start: number): Schedule {
  const every = /^@every (\d+)([smh])$/.exec(text);
  if (every !== null) {
    const intervalMs = Number(every[1]) * (UNIT_MS[every[2] ?? ""] ?? 0);
    if (intervalMs < 60_000) throw new Error("an interval is at least one minute");
    return (after) => start + (Math.floor((after - start) / intervalMs) + 1) * intervalMs;
  }
  if (text.startsWith("@")) throw new Error("an interval is written `@every 5m`, in whole minutes or hours");
  const [, zone = "UTC", pattern = ""] = /^(?:CRON_TZ=(\S+)\s+)?(.*)$/.exec(text) ?? [];
  const fields = pattern.trim().split(/\s+/).length;
  if (fields !== 6)
    throw new Error(`a cron expression has six fields, seconds first; this one has ${fields}`);
  const cron = cronOf(pattern, zone);
  if (cron.nextRun(new Date(start)) === null) throw new Error("this expression never comes due");
  return (after) => cron.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY;
}
