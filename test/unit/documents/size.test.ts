import { test } from "vitest";
import { isUp } from "../../../shared/documents/up-hours.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { fleetText } from "../../support/fleets.ts";
import { FLEET, problemsWith } from "./problems-of.ts";

const CALENDAR = {
  timeZone: "Asia/Shanghai",
  holidays: ["2026-10-01..2026-10-07"],
  workdays: ["2026-10-10"],
};
const entry = (fields: object) => ({ days: "Mon-Fri", from: "08:00", to: "20:00", ...fields });
const problemOf = (changes: object): string => {
  try {
    parseFleet("web", fleetText({ ...changes }));
    return "";
  } catch (error) {
    return String(error);
  }
};

test("max is written under size or under limits, and means the same", ({ expect }) => {
  const bare = { ...JSON.parse(fleetText()), limits: undefined, size: { max: 4, desired: 2 } };
  const fleet = parseFleet("web", JSON.stringify(bare));
  expect(fleet.limits).toEqual({ max: 4, perRequest: 4 });
  expect(fleet.size).toEqual({ min: 0, desired: 2 });
  const perHour = parseFleet("web", JSON.stringify({ ...bare, limits: { perHour: 3 } }));
  expect(perHour.limits).toMatchObject({ max: 4, perHour: 3 });
  expect(problemOf({ size: { max: 4 }, limits: { max: 5 } })).toContain("must be limits.max, which is 5");
});

test("desired is min where it is left out, and never below it or above max", ({ expect }) => {
  expect(parseFleet("web", fleetText({ size: { min: 2 } })).size).toEqual({ min: 2, desired: 2 });
  expect(problemOf({ size: { min: 2, desired: 1 } })).toContain("size.desired: must be at least min");
  expect(problemOf({ size: { desired: 11 } })).toContain("size.desired: must be at most the fleet's max");
  const size = { min: 0 };
  for (const field of ["min", "desired"])
    expect(problemOf({ size, calendar: CALENDAR, schedule: [entry({ [field]: 11 })] })).toContain(
      `schedule[0].${field}: must be at most`,
    );
});

test("a schedule needs a size, a calendar, hours and a number", ({ expect }) => {
  const size = { min: 0 };
  expect(problemOf({ calendar: CALENDAR, schedule: [entry({ min: 1 })] })).toContain(
    "must be used with size",
  );
  expect(problemOf({ size, schedule: [entry({ min: 1 })] })).toContain("must be used with calendar");
  expect(problemOf({ size, calendar: CALENDAR, schedule: [entry({})] })).toContain(
    "must have min, desired or both",
  );
  expect(problemOf({ size, calendar: CALENDAR, schedule: [entry({ min: 1, from: "8:00" })] })).toContain(
    "schedule[0].from: must be a time with four digits",
  );
  expect(problemOf({ size, calendar: CALENDAR, schedule: [entry({ min: 1 })] })).toBe("");
});

test("working hours have the calendar of the fleet, and its time zone", ({ expect }) => {
  const idle = (upDuring: object) => ({
    signals: { cpuAverage: 5 },
    upDuring: { hours: ["Mon-Fri 08:00-20:00"], ...upDuring },
  });
  const { upDuring } = parseFleet("web", fleetText({ calendar: CALENDAR, idle: idle({}) })).idle ?? {};
  const up = ["2026-09-30", "2026-10-01", "2026-10-10"].map(
    (day) => upDuring && isUp(upDuring, Date.parse(`${day}T04:00Z`)),
  );
  expect(up).toEqual([true, false, true]);
  expect(problemOf({ idle: idle({}) })).toContain("must be written, here or in calendar");
  expect(problemOf({ calendar: CALENDAR, idle: idle({ timeZone: "UTC" }) })).toContain(
    "must be that of calendar",
  );
  expect(problemOf({ idle: idle({ timeZone: "UTC" }) })).toBe("");
});

test("a calendar names dates, and no date twice", ({ expect }) => {
  const dates = (holidays: readonly string[], workdays: readonly string[] = []) =>
    problemOf({ calendar: { timeZone: "UTC", holidays, workdays } });
  for (const wrong of ["2026-02-30", "1 May", "2026-10-07..2026-10-01", "2026-01-01..2026-12-31"])
    expect(dates([wrong])).toContain("must be a date like 2026-10-01");
  expect(dates(["2026-10-01..2026-10-07"], ["2026-10-04"])).toContain("must not be among holidays");
});

test("each wrong part of an entry is marked by itself", ({ expect }) => {
  const sound = { days: "Mon-Fri", from: "08:00", to: "20:00" };
  const wrong = [
    [{ days: "Monday" }, { days: "must be days like Mon-Fri" }],
    [{ from: "8:00" }, { from: "must be a time" }],
    [{ from: "24:00" }, { from: "must be a time" }],
    [{ to: "25:00" }, { to: "must be a time" }],
    [{ to: "08:00" }, { to: "must be another time than from" }],
    [
      { from: "8:00", to: "20:60" },
      { from: "must be a time", to: "must be a time" },
    ],
    [
      { days: "x", to: "" },
      { days: "must be days", to: "must be a time" },
    ],
    [{ to: "24:00" }, {}],
    [{ from: "22:00", to: "06:00" }, {}],
  ] as const;
  for (const [changes, said] of wrong) {
    const entries = JSON.stringify([{ ...sound, ...changes, min: 1 }]);
    const lines = `limits: { max: 3 }\nsize: {}\ncalendar: { timeZone: UTC }\nschedule: ${entries}\n`;
    const found = problemsWith(parseFleet, `${FLEET}${lines}`);
    const expected = Object.entries(said).map(([key, message]) => ({
      path: `schedule[0].${key}`,
      message: expect.stringContaining(message),
      place: expect.objectContaining({
        column: "schedule: ".length + entries.indexOf(`"${key}":`) + key.length + 5,
      }),
    }));
    expect(found, entries).toEqual(expected);
  }
});

test("each number above max is named, and one that stands for two once", ({ expect }) => {
  const paths = (size: string): readonly string[] =>
    problemsWith(parseFleet, `${FLEET}limits: { max: 3 }\nsize: ${size}\n`).map(({ path }) => path);
  expect(paths("{ min: 4, desired: 9 }")).toEqual(["size.min", "size.desired"]);
  expect(paths("{ min: 4 }")).toEqual(["size.min"]);
  expect(paths("{ min: 2, desired: 9 }")).toEqual(["size.desired"]);
});
