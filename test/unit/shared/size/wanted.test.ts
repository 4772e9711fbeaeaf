import * as fc from "fast-check";
import { test } from "vitest";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import { days, hours } from "../../../../shared/duration.ts";
import { isSized, wantedOf, type Level } from "../../../../shared/size/wanted.ts";
import { fleetText } from "../../../support/fleets.ts";

const CALENDAR = {
  timeZone: "Asia/Shanghai",
  holidays: ["2026-10-01..2026-10-07"],
  workdays: ["2026-10-10"],
};
const work = (fields: object) => [{ days: "Mon-Fri", from: "08:00", to: "20:00", ...fields }];

function sizedFleet(changes: object) {
  const fleet = parseFleet("web", fleetText({ calendar: CALENDAR, ...changes }));
  if (!isSized(fleet)) throw new Error("it has no size");
  return fleet;
}

/** An instant by the clock of the zone. */
const shanghai = (text: string) => Date.parse(`${text}+08:00`);
const act = (at: string, desired: number, of: number, lowered = false): Level => ({
  desired,
  at: shanghai(at),
  by: "ci",
  of,
  ...(lowered && { lowered: true }),
});

test("a schedule decides by the hour, with holidays and weekends that are worked", ({ expect }) => {
  const fleet = sizedFleet({ size: { min: 0, desired: 1 }, schedule: work({ min: 2, desired: 4 }) });
  const at = (text: string) => wantedOf(fleet, undefined, shanghai(text));
  expect(at("2026-09-30T07:59")).toEqual({ min: 0, desired: 1 });
  expect(at("2026-09-30T08:00")).toEqual({ min: 2, desired: 4 });
  expect(at("2026-10-01T12:00")).toEqual({ min: 0, desired: 1 });
  expect(at("2026-10-10T12:00")).toEqual({ min: 2, desired: 4 });
  expect(at("2026-10-11T12:00")).toEqual({ min: 0, desired: 1 });
});

test("the last act wins until the next edge of the schedule", ({ expect }) => {
  const fleet = sizedFleet({ size: { min: 0, desired: 1 }, schedule: work({ min: 2, desired: 4 }) });
  const resized = act("2026-09-30T09:00", 7, 1);
  expect(wantedOf(fleet, resized, shanghai("2026-09-30T19:59")).desired).toBe(7);
  expect(wantedOf(fleet, resized, shanghai("2026-09-30T20:00")).desired).toBe(1);
  const overnight = act("2026-09-30T21:00", 7, 1);
  expect(wantedOf(fleet, overnight, shanghai("2026-10-07T12:00")).desired).toBe(7);
  expect(wantedOf(fleet, overnight, shanghai("2026-10-08T08:00")).desired).toBe(4);
});

test("without a schedule an act holds until the document says another number", ({ expect }) => {
  const resized = act("2026-09-30T09:00", 5, 2);
  const later = shanghai("2026-12-30T09:00");
  expect(wantedOf(sizedFleet({ size: { desired: 2 } }), resized, later).desired).toBe(5);
  expect(wantedOf(sizedFleet({ size: { desired: 3 } }), resized, later).desired).toBe(3);
});

test("what idle stops lowered stays down over an edge, unless the entry that begins names a number", ({
  expect,
}) => {
  const lowered = act("2026-09-29T22:00", 0, 3, true);
  const morning = shanghai("2026-09-30T08:00");
  const size = { min: 0, desired: 3 };
  expect(wantedOf(sizedFleet({ size, schedule: work({ min: 1 }) }), lowered, morning)).toEqual({
    min: 1,
    desired: 1,
  });
  expect(
    wantedOf(sizedFleet({ size, schedule: work({ min: 1 }) }), lowered, morning + hours(13)).desired,
  ).toBe(0);
  expect(wantedOf(sizedFleet({ size, schedule: work({ desired: 2 }) }), lowered, morning).desired).toBe(2);
});

test("it is never below the min of the instant, nor above max, whatever was asked for", ({ expect }) => {
  const number = fc.integer({ min: 0, max: 20 });
  const instant = fc.integer({ min: shanghai("2026-09-28T00:00"), max: shanghai("2026-10-12T00:00") });
  fc.assert(
    fc.property(number, number, number, fc.boolean(), instant, fc.integer({ min: 0, max: 9 }), (...given) => {
      const [desired, min, entryMin, lowered, now, agoDays] = given;
      const size = { min: min % 5, desired: Math.max(min % 5, desired % 9) };
      const fleet = sizedFleet({ size, schedule: work({ min: entryMin % 8 }) });
      const level = {
        desired,
        at: now - days(agoDays),
        by: "ci",
        of: size.desired,
        ...(lowered && { lowered: true as const }),
      };
      const wanted = wantedOf(fleet, level, now);
      expect(wanted.desired).toBeGreaterThanOrEqual(wanted.min);
      expect(wanted.desired).toBeLessThanOrEqual(10);
      expect([size.min, entryMin % 8]).toContain(wanted.min);
    }),
  );
});
