/**
 * Working hours of a fleet: "should it be up now?", asked of the wall clock of a place.
 * UP-HOURS-1. A window opens on each of its days at `from` and closes at `to`, on the next day when `to` is earlier.
 * UP-HOURS-2. It is open at `from` and closed at `to`.
 * UP-HOURS-3. Only the clock on the wall counts: an hour that a time change repeats is up both times, one that it
 *     skips belongs to no window.
 */
import { days, minutes } from "../duration.ts";
import { wallClock } from "../wall-clock.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const DAY_MINUTES = 24 * 60;

/** `days` count from Sunday = 0; minutes count from midnight. */
export interface UpWindow {
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly toMinute: number;
}

export interface UpDuring {
  /** IANA name, like Asia/Shanghai. */
  readonly timeZone: string;
  readonly windows: readonly UpWindow[];
}

/** Whether a fleet with these hours should be up at `at` (epoch ms). */
export function isUp({ timeZone, windows }: UpDuring, at: number): boolean {
  const { day, minute } = clockOf(timeZone, at);
  const before = (day + DAYS.length - 1) % DAYS.length;
  return windows.some(({ days, fromMinute, toMinute }) => {
    const overnight = toMinute <= fromMinute;
    const today = minute >= fromMinute && (overnight || minute < toMinute);
    return (days.includes(day) && today) || (overnight && days.includes(before) && minute < toMinute);
  });
}

/** Every offset of every zone, before and after a time change, is a whole number of quarters of an hour. */
const QUARTER = 15;

/**
 * The first instant after `at` (epoch ms) at which the hours open or close; undefined when that does not
 * happen within eight days, as with hours that never end.
 */
export function nextChange(during: UpDuring, edge: "opens" | "closes", at: number): number | undefined {
  const ends = during.windows.flatMap(({ fromMinute, toMinute }) => [
    fromMinute % QUARTER,
    toMinute % QUARTER,
  ]);
  // Nothing changes between these minutes of a quarter: a window begins or ends, or the clocks change.
  const marks = [...new Set([0, ...ends])].toSorted((a, b) => a - b);
  const first = at - (at % minutes(QUARTER));
  let open = isUp(during, at);
  for (let quarter = first; quarter <= at + days(8); quarter += minutes(QUARTER)) {
    for (const mark of marks) {
      const instant = quarter + minutes(mark);
      if (instant <= at) continue;
      const before = open;
      open = isUp(during, instant);
      if (before !== open && open === (edge === "opens")) return instant;
    }
  }
  return undefined;
}

interface WallClock {
  readonly day: number;
  readonly minute: number;
}

/** A fleet is asked about at one instant, ten thousand times over. */
const latest = new Map<string, WallClock & { readonly at: number }>();

function clockOf(timeZone: string, at: number): WallClock {
  const known = latest.get(timeZone);
  if (known?.at === at) return known;
  const local = new Date(wallClock(timeZone, at));
  const clock = { at, day: local.getUTCDay(), minute: local.getUTCHours() * 60 + local.getUTCMinutes() };
  latest.set(timeZone, clock);
  return clock;
}

const FORM = /^(\S+) (\d\d):(\d\d)-(\d\d):(\d\d)$/;

/** `Mon-Fri 08:00-20:00`, `Sat,Sun 10:00-14:00`, `daily 22:00-06:00` → a window; undefined if it is none. */
export function parseUpWindow(text: string): UpWindow | undefined {
  const match = FORM.exec(text);
  const days = parseDays(match?.[1] ?? "");
  if (match === null || days === undefined) return undefined;
  const fromMinute = minuteOf(match[2], match[3]);
  const toMinute = minuteOf(match[4], match[5]);
  if (fromMinute === undefined || toMinute === undefined) return undefined;
  // Equal ends could mean no time or all day; 00:00-24:00 says the latter.
  if (fromMinute === toMinute || fromMinute === DAY_MINUTES) return undefined;
  return { days, fromMinute, toMinute };
}

function minuteOf(hour = "", minute = ""): number | undefined {
  const total = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && total <= DAY_MINUTES ? total : undefined;
}

function parseDays(text: string): number[] | undefined {
  if (text === "daily") return DAYS.map((_, day) => day);
  const days = text.split(",").map(parseDayRange);
  if (days.some((range) => range === undefined)) return undefined;
  return [...new Set(days.flatMap((range) => range ?? []))].toSorted((a, b) => a - b);
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
