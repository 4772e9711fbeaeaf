import * as fc from "fast-check";
import { test } from "vitest";
import { hours, minutes } from "../../../shared/duration.ts";
import { cronProblem, lastDue, type Schedule } from "../../../shared/schedule.ts";
import { wallClock } from "../../../shared/wall-clock.ts";

const at = (text: string): number => Date.parse(text);
/** All instants of a schedule in a span. */
function dues(schedule: Schedule, after: number, until: number): string[] {
  const due = lastDue(schedule, { after, until });
  return due === undefined
    ? []
    : [...dues(schedule, after, due - 1), new Date(due).toISOString().slice(0, 16)];
}

test("five fields name the local times of a zone", ({ expect }) => {
  const week = (cron: string, timeZone = "Asia/Shanghai") =>
    dues({ cron, timeZone }, at("2026-11-22T16:00:00Z"), at("2026-11-29T16:00:00Z"));
  expect(week("30 3 * * 1,wed")).toEqual(["2026-11-22T19:30", "2026-11-24T19:30"]);
  expect(week("0 3 * * 7")).toEqual(["2026-11-28T19:00"]);
  expect(week("0 3 27 * *")).toEqual(["2026-11-26T19:00"]);
  // Either day, when both are restricted.
  expect(week("0 3 24 * fri")).toEqual(["2026-11-23T19:00", "2026-11-26T19:00"]);
  expect(week("0 3 * jan-oct *")).toEqual([]);
  expect(week("15 */12 24-25 11 *", "UTC")).toEqual([
    "2026-11-24T00:15",
    "2026-11-24T12:15",
    "2026-11-25T00:15",
    "2026-11-25T12:15",
  ]);
  expect(week("0 6 25 * *", "Asia/Kathmandu")).toEqual(["2026-11-25T00:15"]);
});

test("a local time that a time change skips comes once, and one that it repeats comes once", ({ expect }) => {
  const timeZone = "Europe/Berlin";
  const day = (cron: string, begin: string) => dues({ cron, timeZone }, at(begin), at(begin) + hours(24));
  expect(day("30 2 * * *", "2026-03-28T22:00:00Z")).toEqual(["2026-03-29T01:30"]);
  expect(day("30 3 * * *", "2026-03-28T22:00:00Z")).toEqual(["2026-03-29T01:30"]);
  expect(day("30 2 * * *", "2026-10-24T22:00:00Z")).toEqual(["2026-10-25T00:30"]);
});

test("a schedule comes once a local day, whatever its minute, zone and day", ({ expect }) => {
  const zones = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Adelaide",
  ];
  const field = fc.record({
    minute: fc.integer({ min: 0, max: 59 }),
    hour: fc.integer({ min: 0, max: 23 }),
    timeZone: fc.constantFrom(...zones),
    day: fc.integer({ min: 0, max: 365 }),
  });
  fc.assert(
    fc.property(field, ({ minute, hour, timeZone, day }) => {
      const noon = at("2026-01-01T12:00:00Z") + hours(24) * day;
      const found = dues({ cron: `${minute} ${hour} * * *`, timeZone }, noon, noon + hours(72));
      expect([2, 3, 4]).toContain(found.length);
      const days = found.map((due) => Math.floor(wallClock(timeZone, at(`${due}Z`)) / hours(24)));
      expect(new Set(days).size).toBe(found.length);
    }),
    { numRuns: 60 },
  );
});

test("the end of a span counts, and its beginning does not", ({ expect }) => {
  const schedule = { cron: "7 3 * * *", timeZone: "UTC" };
  const due = at("2026-11-27T03:07:00Z");
  expect(lastDue(schedule, { after: due - 1, until: due })).toBe(due);
  expect(lastDue(schedule, { after: due, until: due + minutes(5) })).toBe(undefined);
  expect(lastDue(schedule, { after: due - hours(9), until: due - 1 })).toBe(undefined);
});

test("fields that no crontab has, that name more than one minute of an hour or no day are refused", ({
  expect,
}) => {
  const problems = {
    "0 3 * *": "must have five fields",
    "0 0 3 * * *": "must have five fields",
    "cron(0 3 * * ? *)": "must have five fields",
    "60 3 * * *": "has no minute in",
    "0 24 * * *": "has no hour in",
    "0 3 0 * *": "has no day of the month in",
    "0 3 * 13 *": "has no month in",
    "0 3 * * 8": "has no day of the week in",
    "0 5-3 * * *": "has no hour in",
    "0 */0 * * *": "has no hour in",
    "0 3 ? * *": "has no day of the month in",
    "*/5 * * * *": "must name one minute",
    "* * * * *": "must name one minute",
    "0 3 31 feb,apr *": "names a day that no month has",
  };
  for (const [cron, problem] of Object.entries(problems)) expect(cronProblem(cron), cron).toContain(problem);
  for (const cron of ["0 3 * * *", "5 0-6/2 1,15 Jan-Mar MON", "0 3 29 2 *", "0 3 31 feb mon"])
    expect(cronProblem(cron), cron).toBe(undefined);
});
