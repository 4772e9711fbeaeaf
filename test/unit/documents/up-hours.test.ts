import * as fc from "fast-check";
import { test } from "vitest";
import { hours, minutes } from "../../../shared/duration.ts";
import { isUp, nextChange, parseUpWindow, type UpDuring } from "../../../shared/documents/up-hours.ts";
import { isTimeZone } from "../../../shared/wall-clock.ts";

const ZONES = [
  "Asia/Shanghai",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "UTC",
];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function during(timeZone: string, ...texts: string[]): UpDuring {
  const windows = texts.map((text) => {
    const window = parseUpWindow(text);
    if (window === undefined) throw new Error(`not a window: ${text}`);
    return window;
  });
  return { timeZone, windows };
}

const at = (text: string) => Date.parse(text);
const anyZone = fc.constantFrom(...ZONES);
const anyInstant = fc.integer({ min: at("2024-01-01T00:00Z"), max: at("2028-01-01T00:00Z") });
const anyMinute = fc.integer({ min: 0, max: 24 * 60 - 1 });
const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
const anyWindow = fc
  .tuple(fc.subarray(DAYS, { minLength: 1 }), anyMinute, anyMinute)
  .filter(([, from, to]) => from !== to);

test("a day of work begins at its first minute and ends before its last", ({ expect }) => {
  const work = during("Asia/Shanghai", "Mon-Fri 08:00-20:00");
  // 2026-03-02 is a Monday; Shanghai is eight hours ahead.
  expect(isUp(work, at("2026-03-01T23:59:59Z"))).toBe(false);
  expect(isUp(work, at("2026-03-02T00:00:00Z"))).toBe(true);
  expect(isUp(work, at("2026-03-02T11:59:59Z"))).toBe(true);
  expect(isUp(work, at("2026-03-02T12:00:00Z"))).toBe(false);
  expect(isUp(work, at("2026-03-07T04:00:00Z"))).toBe(false);
});

test("a window over midnight belongs to the day on which it opens", ({ expect }) => {
  const night = during("UTC", "Fri 22:00-06:00");
  expect(isUp(night, at("2026-03-06T21:59Z"))).toBe(false);
  expect(isUp(night, at("2026-03-06T22:00Z"))).toBe(true);
  expect(isUp(night, at("2026-03-07T05:59Z"))).toBe(true);
  expect(isUp(night, at("2026-03-07T06:00Z"))).toBe(false);
  expect(isUp(night, at("2026-03-07T22:00Z"))).toBe(false);
  expect(isUp(night, at("2026-03-06T03:00Z"))).toBe(false);
});

test("summer time moves the hours with the clock on the wall", ({ expect }) => {
  const work = during("Europe/Berlin", "daily 08:00-09:00");
  expect(isUp(work, at("2026-03-28T07:30Z"))).toBe(true);
  expect(isUp(work, at("2026-03-29T06:30Z"))).toBe(true);
  expect(isUp(work, at("2026-03-29T07:30Z"))).toBe(false);
});

test("an hour that the clock shows twice is up both times", ({ expect }) => {
  const night = during("Europe/Berlin", "daily 02:00-03:00");
  const up = Array.from({ length: 6 }, (_, step) => isUp(night, at("2026-10-24T23:30Z") + step * hours(0.5)));
  expect(up).toEqual([false, true, true, true, true, false]);
});

test("an hour that the clock skips is up in no window", ({ expect }) => {
  const night = during("Europe/Berlin", "Sun 02:00-03:00");
  const up = Array.from({ length: 12 }, (_, step) =>
    isUp(night, at("2026-03-29T00:00Z") + step * minutes(15)),
  );
  expect(up).not.toContain(true);
});

test("isUp agrees with a clock that is asked another way, in every zone at every instant", ({ expect }) => {
  fc.assert(
    fc.property(anyZone, anyInstant, anyWindow, (zone, instant, [days, from, to]) => {
      const [weekday = "", time = ""] = new Date(instant)
        .toLocaleString("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit" })
        .split(/,? /);
      const [hour, minute] = time.split(":").map(Number);
      const now = (hour ?? 0) * 60 + (minute ?? 0);
      const before = DAYS[(DAYS.indexOf(weekday) + 6) % 7] ?? "";
      const today = days.includes(weekday) && now >= from && (to < from || now < to);
      const lastNight = days.includes(before) && to < from && now < to;
      const up = isUp(during(zone, `${days.join(",")} ${clock(from)}-${clock(to)}`), instant);
      expect(up).toBe(today || lastNight);
    }),
  );
});

test("a window and its opposite share every instant between them", ({ expect }) => {
  fc.assert(
    fc.property(anyZone, anyInstant, anyMinute, anyMinute, (zone, instant, from, to) => {
      fc.pre(from !== to);
      const open = isUp(during(zone, `daily ${clock(from)}-${clock(to)}`), instant);
      const closed = isUp(during(zone, `daily ${clock(to)}-${clock(from)}`), instant);
      expect(open).toBe(!closed);
    }),
  );
});

test("more windows never close a fleet", ({ expect }) => {
  fc.assert(
    fc.property(anyZone, anyInstant, fc.array(anyWindow, { minLength: 1 }), (zone, instant, windows) => {
      const texts = windows.map(([days, from, to]) => `${days.join(",")} ${clock(from)}-${clock(to)}`);
      const some = isUp(during(zone, ...texts.slice(1)), instant);
      expect(isUp(during(zone, ...texts), instant) || !some).toBe(true);
    }),
  );
});

test("all week, all day is always", ({ expect }) => {
  fc.assert(
    fc.property(anyZone, anyInstant, (zone, instant) => {
      expect(isUp(during(zone, "daily 00:00-24:00"), instant)).toBe(true);
    }),
  );
});

test("ranges of days run forward through the week", ({ expect }) => {
  expect(parseUpWindow("Fri-Mon 08:00-09:00")?.days).toEqual([0, 1, 5, 6]);
  expect(parseUpWindow("Mon,Wed-Thu 08:00-09:00")?.days).toEqual([1, 3, 4]);
});

test("what cannot be read one way only is no window", ({ expect }) => {
  for (const text of ["", "Mon", "Mon 8:00-9:00", "Mon 08:00-25:00", "Mon 08:60-09:00", "Mon 08:00-08:00"]) {
    expect(parseUpWindow(text)).toBeUndefined();
  }
  for (const text of [
    "Mo 08:00-09:00",
    "Mon-Tue-Wed 08:00-09:00",
    "Mon, Tue 08:00-09:00",
    "Mon 24:00-01:00",
  ]) {
    expect(parseUpWindow(text)).toBeUndefined();
  }
});

test("only names of zones are zones", ({ expect }) => {
  expect(ZONES.map(isTimeZone)).not.toContain(false);
  for (const name of ["+08:00", "CST", "Asia/Beijing", "Moon/Crater", ""])
    expect(isTimeZone(name)).toBe(false);
});

test("hours change next where asking minute by minute finds it, in any zone and over time changes", ({
  expect,
}) => {
  const near = fc.constantFrom(
    "2026-03-29T01:00Z",
    "2026-10-25T01:00Z",
    "2026-04-04T15:00Z",
    "2026-06-03T12:00Z",
  );
  fc.assert(
    fc.property(
      anyZone,
      anyWindow,
      near,
      fc.integer({ min: -600, max: 600 }),
      (zone, window, day, offset) => {
        const [days, from, to] = window;
        const during_ = during(zone, `${days.join(",")} ${clock(from)}-${clock(to)}`);
        const start = at(day) + minutes(offset);
        const edge = isUp(during_, start) ? "closes" : "opens";
        let instant = start + minutes(1);
        while (isUp(during_, instant) === isUp(during_, start) && instant < start + hours(30))
          instant += minutes(1);
        const found = nextChange(during_, edge, start);
        if (instant < start + hours(30)) expect(found).toBe(instant);
        else expect(found === undefined || found >= instant).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("hours that never end have no end, and the next opening may be days away", ({ expect }) => {
  expect(nextChange(during("UTC", "daily 00:00-24:00"), "closes", at("2026-03-06T12:00Z"))).toBe(undefined);
  const work = during("Asia/Shanghai", "Mon-Fri 08:00-20:00");
  // Friday, eight in the evening in Shanghai, to Monday, eight in the morning.
  expect(nextChange(work, "opens", at("2026-03-06T12:00Z"))).toBe(at("2026-03-09T00:00Z"));
  expect(nextChange(work, "closes", at("2026-03-06T12:00Z"))).toBe(at("2026-03-09T12:00Z"));
});
