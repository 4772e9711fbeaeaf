/** Durations and instants: milliseconds in code, `1h30m` and `2026-01-05 12:00 UTC` in documents and messages. */
import { ConfigError } from "./errors.ts";

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => seconds(count * 60);
export const hours = (count: number): number => minutes(count * 60);
export const days = (count: number): number => hours(count * 24);

const UNITS = [
  ["d", days(1)],
  ["h", hours(1)],
  ["m", minutes(1)],
  ["s", seconds(1)],
] as const;

/**
 * Milliseconds in `text`: whole numbers with d, h, m, s in this order, each at most once (`90s`, `1h30m`, `2d`).
 * @throws ConfigError naming the text and the form it should have.
 */
export function parseDuration(text: string): number {
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (match === null || text === "") {
    throw new ConfigError(`"${text}" is not a duration; write it like 90s, 10m, 1h30m or 2d`);
  }
  return UNITS.reduce((sum, [, ms], index) => sum + Number(match[index + 1] ?? 0) * ms, 0);
}

/** The shortest text `parseDuration` reads back, rounded to whole seconds; `0s` for nothing. */
export function formatDuration(durationMs: number): string {
  let rest = Math.round(durationMs / 1000) * 1000;
  const parts = UNITS.map(([unit, ms]) => {
    const count = Math.floor(rest / ms);
    rest -= count * ms;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.join("") || "0s";
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * Epoch ms of a day, or of an instant with its zone, in ISO 8601; NaN for another text. Date.parse reads more, each engine in
 * its own way, and takes 30 February for 2 March: https://tc39.es/ecma262/#sec-date.parse
 */
export function readInstant(text: string): number {
  const [, day] = ISO.exec(text) ?? [];
  if (day === undefined) return Number.NaN;
  const at = Date.parse(day);
  const isDay = !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

/** An instant for a reader, to the minute: `2026-01-05 12:00 UTC`. */
export const utcMinute = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
