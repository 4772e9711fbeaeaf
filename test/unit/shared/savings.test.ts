import { test } from "vitest";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { counted, NO_SAVINGS, type Savings } from "../../../shared/savings.ts";
import { instanceOf } from "../functions/stop-idle/fixture.ts";

const STOPPED = Date.parse("2026-03-30T20:00:00Z");
const price = () => ({ perHour: 2, currency: "CNY" });

const member = (changes: Partial<Instance> = {}): Instance =>
  instanceOf({
    status: "Stopped",
    stoppedMode: "StopCharging",
    startedAt: STOPPED - hours(9),
    tags: { "kiln:stopped-by": "idle-web-1", "kiln:stopped-at": new Date(STOPPED).toISOString() },
    ...changes,
  });

/** Checks one after another: at an hour after the stop, with the members that are there then. */
const after = (...checks: readonly (readonly [hour: number, members: readonly Instance[]])[]): Savings =>
  checks.reduce<Savings>(
    (savings, [hour, members]) => counted(savings, members, price, STOPPED + hours(hour)),
    NO_SAVINGS,
  );

test("a stop counts from its instant to the last look, and each month has its part", ({ expect }) => {
  expect(after([1, [member()]]).months).toEqual({
    "2026-03": { stops: 1, hours: 1, unpricedHours: 0, amount: 2 },
  });
  // The month ends after 28 hours.
  expect(after([1, [member()]], [30, [member()]]).months).toEqual({
    "2026-03": { stops: 1, hours: 28, unpricedHours: 0, amount: 56 },
    "2026-04": { stops: 0, hours: 2, unpricedHours: 0, amount: 4 },
  });
});

test("each day has its part of a stop, for two months", ({ expect }) => {
  expect(after([1, [member()]], [30, [member()]]).days).toEqual({
    "2026-03-30": { hours: 4, amount: 8 },
    "2026-03-31": { hours: 24, amount: 48 },
    "2026-04-01": { hours: 2, amount: 4 },
  });
  const long = after([1, [member()]], [63 * 24, [member()]], [63 * 24 + 1, []]);
  expect(Object.keys(long.days ?? {})[0]).toBe("2026-04-01");
});

test("the same look twice counts nothing twice", ({ expect }) => {
  const once = after([1, [member()]], [5, [member()]]);
  expect(after([1, [member()]], [5, [member()]], [5, [member()]])).toEqual(once);
});

test("a start ends a stop at its instant, whoever made it, and a later stop is another one", ({ expect }) => {
  const up = member({ status: "Running", stoppedMode: "Not-applicable", startedAt: STOPPED + hours(3) });
  const started = after([1, [member()]], [6, [up]]);
  expect(started.months["2026-03"]).toMatchObject({ stops: 1, hours: 3, amount: 6 });
  expect(started.open).toEqual({});
  const again = { ...member().tags, "kiln:stopped-at": new Date(STOPPED + hours(4)).toISOString() };
  const asleep = member({ startedAt: STOPPED + hours(3), tags: again });
  expect(after([1, [member()]], [6, [asleep]]).months["2026-03"]).toMatchObject({ stops: 2, hours: 5 });
});

test("a member that is released counts to the last look at it, and one that is missing for a moment to the end", ({
  expect,
}) => {
  expect(after([1, [member()]], [6, []], [9, []]).months["2026-03"]).toMatchObject({ hours: 1 });
  expect(after([1, [member()]], [6, []], [9, [member()]]).months["2026-03"]).toMatchObject({
    stops: 1,
    hours: 9,
  });
});

test("a stop by a person and one that goes on being charged save nothing", ({ expect }) => {
  const byHand = member({ tags: {} });
  const charged = member({ stoppedMode: "KeepCharging" });
  const startedSince = member({ startedAt: STOPPED + minutes(5) });
  for (const one of [byHand, charged, startedSince]) expect(after([2, [one]])).toEqual(NO_SAVINGS);
});

test("hours without a known price are counted apart", ({ expect }) => {
  const unknown = counted(NO_SAVINGS, [member()], () => undefined, STOPPED + hours(2));
  expect(unknown.months["2026-03"]).toEqual({ stops: 1, hours: 2, unpricedHours: 2, amount: 0 });
});
