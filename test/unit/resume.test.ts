import * as fc from "fast-check";
import { test } from "vitest";
import { wantsUp } from "../../functions/stop-idle/resume.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { hours } from "../../shared/duration.ts";
import { instanceOf, policyOf } from "./idle-fixture.ts";

const policy = policyOf({
  upDuring: { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-20:00"] },
  resume: true,
});
const MONDAY_NINE = Date.parse("2026-03-02T01:00:00Z");
const stopped = (changes: object = {}) =>
  instanceOf({
    status: "Stopped",
    createdAt: MONDAY_NINE - hours(60),
    startedAt: MONDAY_NINE - hours(50),
    tags: { "kiln:stopped-by": "idle-web-20260228-0123456789ab", "kiln:stopped-at": "2026-02-28T12:00:00Z" },
    ...changes,
  });

test("what Kiln stopped is wanted up within working hours", ({ expect }) => {
  expect(wantsUp(stopped(), policy, MONDAY_NINE)).toEqual({ start: true });
  expect(wantsUp(stopped(), policyOf(), MONDAY_NINE)).toMatchObject({ start: false });
});

test("what a person stopped stays down, also when Kiln had stopped it once before", ({ expect }) => {
  const byHand = { start: false, why: "somebody stopped it by hand" };
  expect(wantsUp(stopped({ tags: {} }), policy, MONDAY_NINE)).toEqual(byHand);
  expect(wantsUp(stopped({ startedAt: Date.parse("2026-03-01T10:00Z") }), policy, MONDAY_NINE)).toEqual(
    byHand,
  );
  const unreadable = { "kiln:stopped-by": "x", "kiln:stopped-at": "yesterday" };
  expect(wantsUp(stopped({ tags: unreadable }), policy, MONDAY_NINE)).toEqual(byHand);
});

test("what is locked or not stopped is left alone", ({ expect }) => {
  expect(wantsUp(stopped({ locks: ["financial"] }), policy, MONDAY_NINE)).toMatchObject({ start: false });
  expect(wantsUp(stopped({ status: "Stopping" }), policy, MONDAY_NINE)).toMatchObject({ start: false });
});

test("nothing is started outside working hours, in any zone and over time changes", ({ expect }) => {
  const anyZone = fc.constantFrom(
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
  );
  const anyInstant = fc.integer({ min: Date.parse("2026-03-01"), max: Date.parse("2027-12-01") });
  fc.assert(
    fc.property(anyZone, anyInstant, (timeZone, now) => {
      const zoned = policyOf({ upDuring: { timeZone, hours: ["daily 22:00-06:30"] }, resume: true });
      const up = zoned.upDuring !== undefined && isUp(zoned.upDuring, now);
      expect(wantsUp(stopped(), zoned, now).start).toBe(up);
    }),
  );
});
