/** Working hours of a fleet: "should it be up now?", asked of the wall clock of a place (calendar.ts). */
import {
  DAY_MINUTES,
  horizonMs,
  instants,
  isOpen,
  minuteOf,
  windowOf,
  type Calendar,
  type Window,
} from "./calendar.ts";

export interface UpDuring extends Calendar {
  readonly windows: readonly Window[];
}

/** Whether a fleet with these hours should be up at `at` (epoch ms). */
export const isUp = (during: UpDuring, at: number): boolean =>
  during.windows.some((window) => isOpen(window, during, at));

/**
 * The first instant after `at` (epoch ms) at which the hours open or close; undefined when that does not happen within
 * eight days and the holidays, as with hours that never end.
 */
export function nextChange(during: UpDuring, edge: "opens" | "closes", at: number): number | undefined {
  let open = isUp(during, at);
  for (const instant of instants(during.windows, at, at + horizonMs(during))) {
    const before = open;
    open = isUp(during, instant);
    if (before !== open && open === (edge === "opens")) return instant;
  }
  return undefined;
}

/** The first instant after `at` (epoch ms) at which the clock on the wall shows `time`, such as 22:00. */
export function nextTimeOfDay(
  time: string,
  { timeZone }: Pick<Calendar, "timeZone">,
  at: number,
): number | undefined {
  const fromMinute = minuteOf(time);
  if (fromMinute === undefined) return undefined;
  // An hour long, so that it opens on the day whose clock skips the minute as well.
  const toMinute = (fromMinute + 60) % DAY_MINUTES;
  const window = { days: [0, 1, 2, 3, 4, 5, 6], fromMinute, toMinute };
  return nextChange({ timeZone, windows: [window] }, "opens", at);
}

/** Windows as a tag holds them, with semicolons in between; undefined when one of them is none. */
export function parseUpWindows(text: string): readonly Window[] | undefined {
  const windows = text.split(";").map((each) => parseUpWindow(each.trim()));
  const known = windows.filter((window) => window !== undefined);
  return known.length === windows.length ? known : undefined;
}

const FORM = /^(\S+) (\d\d:\d\d)-(\d\d:\d\d)$/;

/** `Mon-Fri 08:00-20:00`, `Sat,Sun 10:00-14:00`, `daily 22:00-06:00` → a window; undefined if it is none. */
export function parseUpWindow(text: string): Window | undefined {
  const [, days = "", from = "", to = ""] = FORM.exec(text) ?? [];
  return windowOf(days, from, to);
}
