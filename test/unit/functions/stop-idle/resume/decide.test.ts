import * as fc from "fast-check";
import { test } from "vitest";
import { whyNotStarted } from "../../../../../functions/stop-idle/resume/decide.ts";
import { isUp } from "../../../../../shared/documents/up-hours.ts";
import { hours } from "../../../../../shared/duration.ts";
import { instanceOf, policyOf } from "../fixture.ts";

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

test("members that Kiln stopped are started within working hours", ({ expect }) => {
  expect(whyNotStarted(stopped(), policy, MONDAY_NINE)).toBeUndefined();
  expect(whyNotStarted(stopped(), policyOf(), MONDAY_NINE)).toBeDefined();
});

test("a member that a user stopped stays stopped, even if Kiln had stopped it before", ({ expect }) => {
  const byHand = "a user stopped it";
  expect(whyNotStarted(stopped({ tags: {} }), policy, MONDAY_NINE)).toBe(byHand);
  expect(whyNotStarted(stopped({ startedAt: Date.parse("2026-03-01T10:00Z") }), policy, MONDAY_NINE)).toBe(
    byHand,
  );
  const unreadable = { "kiln:stopped-by": "x", "kiln:stopped-at": "yesterday" };
  expect(whyNotStarted(stopped({ tags: unreadable }), policy, MONDAY_NINE)).toBe(byHand);
});

test("a member that is locked or not stopped is left alone", ({ expect }) => {
  expect(whyNotStarted(stopped({ locks: ["financial"] }), policy, MONDAY_NINE)).toBeDefined();
  expect(whyNotStarted(stopped({ status: "Stopping" }), policy, MONDAY_NINE)).toBeDefined();
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
      expect(whyNotStarted(stopped(), zoned, now) === undefined).toBe(up);
    }),
  );
});
