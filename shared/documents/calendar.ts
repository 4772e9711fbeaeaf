/**
 * Days and hours on the wall clock of a place, with its holidays and the weekends that are worked in exchange.
 * CALENDAR-1. Only the clock on the wall counts: an hour that a time change repeats is there twice, one that it skips
 *     never.
 * CALENDAR-2. A window opens on each of its days at `from` and closes at `to`, on the next day when `to` is earlier. It is
 *     open at `from` and closed at `to`.
 * CALENDAR-3. On a holiday no window is open, and one that opened the day before closes at midnight.
 * CALENDAR-4. A Saturday or Sunday that is worked has the windows of a Monday.
 */
import { days, minutes } from "../duration.ts";
import { wallClock } from "../wall-clock.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONDAY = 1;
export const DAY_MINUTES = 24 * 60;

/** The first and the last of several dates, each as days since 1970-01-01. */
export type Dates = readonly [first: number, last: number];

export interface Calendar {
  /** IANA name, like Asia/Shanghai. */
  readonly timeZone: string;
  readonly holidays?: readonly Dates[];
  readonly workdays?: readonly Dates[];
}

/** `days` count from Sunday = 0; minutes count from midnight. */
export interface Window {
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly toMinute: number;
}

const isAmong = (date: number, list: readonly Dates[] = []): boolean =>
  list.some(([first, last]) => first <= date && date <= last);

/** The weekday whose windows a date has; undefined on a holiday. */
function dayOf(date: number, { holidays, workdays }: Calendar): number | undefined {
  if (isAmong(date, holidays)) return undefined;
  const day = new Date(days(date)).getUTCDay();
  const isWeekend = day === 0 || day === DAYS.length - 1;
  return isWeekend && isAmong(date, workdays) ? MONDAY : day;
}

/** Whether a window is open at `at` (epoch ms). */
export function isOpen({ days: on, fromMinute, toMinute }: Window, calendar: Calendar, at: number): boolean {
  const { date, minute } = clockOf(calendar.timeZone, at);
  const day = dayOf(date, calendar);
  if (day === undefined) return false;
  const overnight = toMinute <= fromMinute;
  if (on.includes(day) && minute >= fromMinute && (overnight || minute < toMinute)) return true;
  const before = overnight && minute < toMinute ? dayOf(date - 1, calendar) : undefined;
  return before !== undefined && on.includes(before);
}

/** Every offset of every zone, before and after a time change, is a whole number of quarters of an hour. */
const QUARTER = 15;

/** How far ahead an instant is looked for at which windows open or close: a week, and every holiday in between. */
export const horizonMs = ({ holidays = [] }: Calendar): number =>
  days(8) + days(holidays.reduce((sum, [first, last]) => sum + last - first + 1, 0));

/** The instants after `after`, up to `until`, at which one of these windows may open or close. Epoch ms, ascending. */
export function* instants(windows: readonly Window[], after: number, until: number): Generator<number> {
  const ends = windows.flatMap(({ fromMinute, toMinute }) => [fromMinute % QUARTER, toMinute % QUARTER]);
  // Nothing changes between these minutes of a quarter: a window begins or ends, or the clocks change.
  const marks = [...new Set([0, ...ends])].toSorted((a, b) => a - b);
  for (let quarter = after - (after % minutes(QUARTER)); quarter <= until; quarter += minutes(QUARTER)) {
    for (const mark of marks) {
      const instant = quarter + minutes(mark);
      if (instant > after && instant <= until) yield instant;
    }
  }
}

interface DayClock {
  readonly date: number;
  readonly minute: number;
}

/** A fleet is asked about at one instant, ten thousand times over. */
const latest = new Map<string, DayClock & { readonly at: number }>();

function clockOf(timeZone: string, at: number): DayClock {
  const known = latest.get(timeZone);
  if (known?.at === at) return known;
  const local = wallClock(timeZone, at);
  const date = Math.floor(local / days(1));
  const clock = { at, date, minute: Math.floor((local - days(date)) / minutes(1)) };
  latest.set(timeZone, clock);
  return clock;
}

/** `2026-10-01`, or `2026-10-01..2026-10-07` with both ends; undefined for any other text. */
export function parseDates(text: string): Dates | undefined {
  const found = text.split("..").map(parseDate);
  const [first, last = first, ...more] = found;
  if (first === undefined || last === undefined || found.includes(undefined) || more.length > 0)
    return undefined;
  return first <= last ? [first, last] : undefined;
}

function parseDate(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN;
  // A date that does not exist, such as 30 February, may be read as another one.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? undefined : at / days(1);
}

/** The parts of a window that are wrong by themselves, or beside each other; none of a sound one. */
export function windowProblems(on: string, from: string, to: string): readonly (readonly [string, string])[] {
  const time = "must be a time with four digits, like 08:00";
  const problems: (readonly [string, string])[] = [];
  if (parseDays(on) === undefined) problems.push(["days", "must be days like Mon-Fri, Sat,Sun or daily"]);
  if (minuteOf(from) === undefined || from === "24:00") problems.push(["from", `${time}, before 24:00`]);
  if (minuteOf(to) === undefined) problems.push(["to", `${time}, up to 24:00`]);
  else if (to === from)
    problems.push(["to", "must be another time than from; a whole day is 00:00 to 24:00"]);
  return problems;
}

/** Days like `Mon-Fri` and times like `08:00` → a window; undefined if they are none. */
export function windowOf(on: string, from: string, to: string): Window | undefined {
  const found = parseDays(on);
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)];
  if (found === undefined || fromMinute === undefined || toMinute === undefined) return undefined;
  // Equal ends could mean no time or all day; 00:00-24:00 says the latter.
  if (fromMinute === toMinute || fromMinute === DAY_MINUTES) return undefined;
  return { days: found, fromMinute, toMinute };
}

/** `08:00` → minutes since midnight, up to 24:00; undefined for any other text. */
export function minuteOf(text: string): number | undefined {
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(text) ?? [];
  const total = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && total <= DAY_MINUTES ? total : undefined;
}

function parseDays(text: string): number[] | undefined {
  if (text === "daily") return DAYS.map((_, day) => day);
  const found = text.split(",").map(parseDayRange);
  if (found.some((range) => range === undefined)) return undefined;
  return [...new Set(found.flatMap((range) => range ?? []))].toSorted((a, b) => a - b);
}

/** A range runs forward through the week, so Fri-Mon are four days. */
function parseDayRange(text: string): number[] | undefined {
  const [first = "", last = first, more] = text.split("-");
  const from = DAYS.findIndex((name) => name === first);
  const to = DAYS.findIndex((name) => name === last);
  if (from < 0 || to < 0 || more !== undefined) return undefined;
  const count = ((to - from + DAYS.length) % DAYS.length) + 1;
  return Array.from({ length: count }, (_, step) => (from + step) % DAYS.length);
}
