/** When a timer fires: the cron expressions and intervals of Function Compute. */
import { Cron } from "croner";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Function from an instant to the next one due, epoch milliseconds. */
export type Schedule = (after: number) => number;

/** Instants that are kept of one expression: some weeks of a timer of every five minutes. */
const INSTANTS_MAX = 10_000;

/** Read expressions, and the instants that they gave: every cloud that starts asks for the same ones. */
const crons = new Map<string, (after: number) => number>();

function cronOf(pattern: string, timezone: string): (after: number) => number {
  const key = `${timezone} ${pattern}`;
  const known = crons.get(key);
  if (known !== undefined) return known;
  const cron = new Cron(pattern, { timezone, mode: "6-part", paused: true });
  const instants = new Map<number, number>();
  const next = (after: number): number => {
    const instant =
      instants.get(after) ?? cron.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY;
    if (instants.size < INSTANTS_MAX) instants.set(after, instant);
    return instant;
  };
  crons.set(key, next);
  return next;
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
  const next = cronOf(pattern, zone);
  if (next(start) === Number.POSITIVE_INFINITY) throw new Error("this expression never comes due");
  return next;
}
