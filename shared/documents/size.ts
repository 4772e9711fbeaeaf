/** `size`, `schedule` and `calendar` of a fleet: how many members it is to have, and when. */
import * as z from "zod/mini";
import { parseDates, windowOf, windowProblems, type Dates, type Window } from "./calendar.ts";
import { closed, finding, type Finding, isMap, orEmpty, rule, timeZone, whole } from "./fields.ts";

/** A limit of Kiln: an account can create as many in two minutes, and one idle check covers them. */
export const MAX_INSTANCES = 10_000;

const sizeShape = {
  min: z._default(whole(0, MAX_INSTANCES), 0),
  desired: z.exactOptional(whole(0, MAX_INSTANCES)),
  max: z.exactOptional(whole(1, MAX_INSTANCES)),
};
type WrittenSize = z.infer<z.ZodMiniObject<typeof sizeShape, z.core.$strict>>;

/** `max` is that of the limits (`withMax`), where everything reads it. */
export const Size = z.pipe(
  closed(sizeShape).check(
    rule<WrittenSize>(["min", "desired"], ({ min, desired = min }) =>
      finding(desired < min, ["desired"], `must be at least min, which is ${min}`),
    ),
  ),
  z.transform(({ min, desired = min, max }: WrittenSize) => ({ min, desired, ...(max && { max }) })),
);

/** A fleet with `limits.max`, which may be written as `size.max`. */
export function withMax(fleet: unknown): unknown {
  if (!isMap(fleet) || !isMap(fleet["size"])) return fleet;
  const { limits = {}, size } = fleet;
  if (size["max"] === undefined || !isMap(limits) || "max" in limits) return fleet;
  return { ...fleet, limits: { max: size["max"], ...limits } };
}

const entryShape = {
  days: z.string(),
  from: z.string(),
  to: z.string(),
  min: z.exactOptional(whole(0, MAX_INSTANCES)),
  desired: z.exactOptional(whole(0, MAX_INSTANCES)),
};
type WrittenEntry = z.infer<z.ZodMiniObject<typeof entryShape, z.core.$strict>>;

function entryFindings({ days, from, to, min, desired }: WrittenEntry): Finding[] {
  return [
    ...windowProblems(days, from, to).map(([key, message]) => ({ at: [key], message })),
    ...finding(min === undefined && desired === undefined, [], "must have min, desired or both"),
    ...finding(
      desired !== undefined && min !== undefined && desired < min,
      ["desired"],
      `must be at least min, which is ${min}`,
    ),
  ];
}

/** A window with its own size; a field that is left out is that of `size`. */
export interface ScheduleEntry extends Window {
  readonly min?: number;
  readonly desired?: number;
}

const Entry = z.pipe(
  closed(entryShape, {
    cron: 'is not known: a size holds for hours of a day; write days: Mon-Fri, from: "08:00" and to: "20:00"',
  }).check(rule<WrittenEntry>(["*"], entryFindings)),
  z.transform(({ days, from, to, ...sizes }: WrittenEntry) => {
    const {
      days: on,
      fromMinute,
      toMinute,
    } = windowOf(days, from, to) ?? { days: [], fromMinute: 0, toMinute: 0 };
    return { days: [...on], fromMinute, toMinute, ...sizes };
  }),
);

const ENTRIES_MAX = 50;
export const Schedule = z.array(Entry).check(z.minLength(1), z.maxLength(ENTRIES_MAX));

/** A year of holidays in ranges. */
const DATES_MAX = 50;
/** A calendar is walked through day by day. */
const LENGTH_MAX = 60;

const DateRange = z.pipe(
  z
    .string()
    .check(
      z.refine(
        (text: string) => lengthOf(parseDates(text)) <= LENGTH_MAX,
        `must be a date like 2026-10-01, or at most ${LENGTH_MAX} days like 2026-10-01..2026-10-07`,
      ),
    ),
  z.transform((text: string): [number, number] => {
    const [first, last] = parseDates(text) ?? [0, -1];
    return [first, last];
  }),
);

const lengthOf = (dates: Dates | undefined): number =>
  dates === undefined ? Number.POSITIVE_INFINITY : dates[1] - dates[0] + 1;

const datesList = orEmpty(z.array(DateRange).check(z.maxLength(DATES_MAX)), []);

const calendarShape = { timeZone: timeZone(), holidays: datesList, workdays: datesList };
type WrittenCalendar = z.infer<z.ZodMiniObject<typeof calendarShape, z.core.$strict>>;

export const CalendarSchema = closed(calendarShape).check(
  rule<WrittenCalendar>(["holidays", "workdays"], ({ holidays, workdays }) =>
    workdays.flatMap(([first, last], index) =>
      finding(
        holidays.some((holiday) => first <= holiday[1] && holiday[0] <= last),
        ["workdays", index],
        "must not be among holidays; a date is worked or it is not",
      ),
    ),
  ),
);

interface Sized {
  readonly size?: WrittenSize;
  readonly schedule?: readonly ScheduleEntry[];
  readonly calendar?: WrittenCalendar;
  readonly limits: { readonly max: number };
  readonly idle?: { readonly upDuring?: { readonly timeZone?: string } };
}

/** Rules between these fields and the others. */
export function sizeFindings({ size, schedule, limits: { max } }: Sized): Finding[] {
  const most = (at: Finding["at"], value = 0) =>
    finding(value > max, at, `must be at most the fleet's max, which is ${max}`);
  return [
    ...finding(
      size?.max !== undefined && size.max !== max,
      ["size", "max"],
      `must be limits.max, which is ${max}; write one of the two`,
    ),
    ...most(["size", "min"], size?.min),
    // Where it is left out it is min.
    ...(size?.desired === size?.min ? [] : most(["size", "desired"], size?.desired)),
    ...(schedule ?? []).flatMap(({ min, desired }, index) => [
      ...most(["schedule", index, "min"], min),
      ...most(["schedule", index, "desired"], desired),
    ]),
  ];
}

/** The fields that a schedule stands beside. */
export function scheduleFindings({ size, schedule, calendar }: Sized): Finding[] {
  const isSchedule = Array.isArray(schedule);
  return [
    ...finding(
      isSchedule && size === undefined,
      ["schedule"],
      "must be used with size, which holds outside of its hours",
    ),
    ...finding(
      isSchedule && calendar === undefined,
      ["schedule"],
      "must be used with calendar, which says the time zone: calendar: { timeZone: Asia/Shanghai }",
    ),
  ];
}

/** The hours of an idle policy are those of the fleet's calendar. */
export const upDuringFindings = ({ calendar, idle }: Sized): Finding[] => {
  const { upDuring } = idle ?? {};
  if (upDuring === undefined) return [];
  const at = ["idle", "upDuring", "timeZone"];
  const [own, common] = [upDuring.timeZone, calendar?.timeZone];
  return [
    ...finding(own === undefined && common === undefined, at, "must be written, here or in calendar"),
    ...finding(
      own !== undefined && common !== undefined && own !== common,
      at,
      `must be that of calendar, which is ${common}; write one of the two`,
    ),
  ];
};
