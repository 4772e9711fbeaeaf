/** The clock on the wall of a time zone. */

/** Making a formatter costs as much as a thousand uses; it depends on nothing but the zone's name. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The local time at `at` (epoch ms) to the minute: as epoch ms that show it when they are read as UTC. */
export function wallClock(timeZone: string, at: number): number {
  const formatter = formatters.get(timeZone) ?? formatterOf(timeZone);
  const parts = new Map(formatter.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const [year = 0, month = 1, day, hour, minute] = FIELDS.map((field) => parts.get(field));
  return Date.UTC(year, month - 1, day, hour, minute);
}

const FIELDS = ["year", "month", "day", "hour", "minute"] as const;

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const fields = Object.fromEntries(FIELDS.map((field) => [field, "numeric"]));
  const formatter = new Intl.DateTimeFormat("en-US", { timeZone, ...fields, hourCycle: "h23" });
  formatters.set(timeZone, formatter);
  return formatter;
}

/** Whether the runtime knows this zone by its IANA name; bare offsets know nothing of summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+)$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
