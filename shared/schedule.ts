/**
 * Schedules of recipes: five fields of cron and a time zone. Pure.
 *
 * SCHEDULE-1. Of days of the month and days of the week one is enough, when both are restricted, as crontab(5) has it.
 * SCHEDULE-2. A local time that a time change skips is due when it would have come; one that it repeats is due the first time.
 */
import { hours, minutes } from "./duration.ts";
import { wallClock } from "./wall-clock.ts";

export interface Schedule {
  readonly cron: string;
  /** IANA name, like Asia/Shanghai. */
  readonly timeZone: string;
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const WEEKDAYS = "sun mon tue wed thu fri sat".split(" ");
/** The longest that each month can be. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface FieldRule {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly FieldRule[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: ["", ...MONTHS] },
  // Sunday is 0 and 7.
  { name: "day of the week", least: 0, most: 7, names: WEEKDAYS },
];

/** The numbers of each field; undefined: all. */
type Cron = readonly (ReadonlySet<number> | undefined)[];

function numberIn(text: string, { least, most, names = [] }: FieldRule): number | undefined {
  const named = text === "" ? -1 : names.indexOf(text.toLowerCase());
  const number = /^\d{1,2}$/.test(text) ? Number(text) : named;
  return number >= least && number <= most ? number : undefined;
}

/** `*`, `3`, `1-5`, each with `/2` or without. */
const RANGE = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/([1-9]\d?))?$/;

function rangeIn(text: string, rule: FieldRule): number[] | undefined {
  const [, all, from = "", to, step] = RANGE.exec(text) ?? [];
  const first = all === undefined ? numberIn(from, rule) : rule.least;
  // `5/15` goes on to the end of the field.
  const ends = all !== undefined || (to === undefined && step !== undefined);
  const last = ends ? rule.most : numberIn(to ?? from, rule);
  if (first === undefined || last === undefined || first > last) return undefined;
  const by = Number(step ?? 1);
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by);
}

function fieldIn(text: string, rule: FieldRule): Set<number> | undefined {
  const ranges = text.split(",").map((part) => rangeIn(part, rule));
  return ranges.includes(undefined) ? undefined : new Set(ranges.flatMap((range) => range ?? []));
}

function readCron(text: string): Cron | string {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return "must have five fields, minute, hour, day of the month, month and day of the week, like 0 3 * * 1-5";
  const fields: (Set<number> | undefined)[] = [];
  for (const [index, rule] of FIELDS.entries()) {
    const part = parts[index] ?? "";
    const numbers = fieldIn(part, rule);
    if (numbers === undefined)
      return `has no ${rule.name} in ${JSON.stringify(part)}; write numbers from ${rule.least} to ${rule.most}, like 1,3 or 1-5, or *`;
    fields.push(part === "*" ? undefined : numbers);
  }
  if (fields[4]?.has(7)) fields[4].add(0);
  if (fields[0]?.size !== 1) return "must name one minute: a recipe is baked once an hour at most";
  return neverComes(fields) ? "names a day that no month has" : fields;
}

function neverComes([, , days, months, weekdays]: Cron): boolean {
  if (days === undefined || weekdays !== undefined) return false;
  return MONTH_DAYS.every((most, month) => months?.has(month + 1) === false || Math.min(...days) > most);
}

/** Why the five fields are no schedule; undefined when they are sound. */
export function cronProblem(text: string): string | undefined {
  const read = readCron(text);
  return typeof read === "string" ? read : undefined;
}

/** Whether a local time is named. */
function isNamed([minute, hour, day, month, weekday]: Cron, local: number): boolean {
  const at = new Date(local);
  const has = (field: ReadonlySet<number> | undefined, value: number): boolean => field?.has(value) ?? true;
  const [inMonth, inWeek] = [has(day, at.getUTCDate()), has(weekday, at.getUTCDay())];
  const isDay = day !== undefined && weekday !== undefined ? inMonth || inWeek : inMonth && inWeek;
  return (
    has(minute, at.getUTCMinutes()) &&
    has(hour, at.getUTCHours()) &&
    has(month, at.getUTCMonth() + 1) &&
    isDay
  );
}

/** SCHEDULE-2. */
function isDue(cron: Cron, timeZone: string, at: number): boolean {
  const local = wallClock(timeZone, at);
  const hourBefore = wallClock(timeZone, at - hours(1));
  if (hourBefore === local) return false;
  const skipped = local - hourBefore > hours(1) && isNamed(cron, hourBefore + hours(1));
  return skipped || isNamed(cron, local);
}

/** Every offset of every zone, before and after a time change, is a whole number of quarters of an hour. */
const QUARTER_MS = minutes(15);

/** The last instant of a schedule after `after` and up to `until` (epoch ms); undefined when there is none. */
export function lastDue(
  { cron: text, timeZone }: Schedule,
  { after, until }: { readonly after: number; readonly until: number },
): number | undefined {
  const cron = readCron(text);
  if (typeof cron === "string") return undefined;
  const [minute = 0] = cron[0] ?? [];
  const offsetMs = minutes(minute) % QUARTER_MS;
  const newest = Math.floor((until - offsetMs) / QUARTER_MS) * QUARTER_MS + offsetMs;
  for (let at = newest; at > after; at -= QUARTER_MS) if (isDue(cron, timeZone, at)) return at;
  return undefined;
}

/** Every instant of a schedule after `after` and up to `until` (epoch ms), ascending. */
export function allDue(
  schedule: Schedule,
  { after, until }: { readonly after: number; readonly until: number },
): readonly number[] {
  const found: number[] = [];
  let at = lastDue(schedule, { after, until });
  while (at !== undefined) {
    found.unshift(at);
    at = lastDue(schedule, { after, until: at - 1 });
  }
  return found;
}
