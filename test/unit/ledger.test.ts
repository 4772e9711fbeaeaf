import * as fc from "fast-check";
import { test } from "vitest";
import { days, hours } from "../../shared/duration.ts";
import {
  closed,
  grant,
  withGrant,
  type Ask,
  type Ledger,
  type Member,
} from "../../functions/scale-out/grant.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const EMPTY: Ledger = { v: 1, n: 0, grants: [] };
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const ask = (run: string, count: number, more: Partial<Ask> = {}): Ask => ({ run, round: 0, count, ...more });
const member = (id: string, run?: string, wakeable = false): Member => ({ id, run, wakeable });

test("a grant is the request where nothing is in the way", ({ expect }) => {
  expect(grant(EMPTY, ask("a", 3), [], { max: 10 }, NOW)).toEqual({
    run: "a",
    at: NOW,
    launches: [3],
    wakes: [],
    open: true,
    short: [],
  });
});

test("asked again for the same round, a run gets the same answer whatever changed meanwhile", ({
  expect,
}) => {
  const first = grant(EMPTY, ask("a", 3), [], { max: 3 }, NOW);
  const ledger = withGrant(EMPTY, first, NOW);
  const again = grant(ledger, ask("a", 3), [member("i-1"), member("i-2")], { max: 3 }, NOW + 1);
  expect(again).toBe(first);
});

test("a second round adds to the grant and keeps to the limits", ({ expect }) => {
  const members = [member("i-1", "old", true), member("i-2", "old", true)];
  const first = grant(EMPTY, ask("a", 2), members, { max: 3 }, NOW);
  expect(first).toMatchObject({ launches: [0], wakes: ["i-1", "i-2"] });
  const ledger = withGrant(EMPTY, first, NOW);
  const second = grant(ledger, ask("a", 2, { round: 1 }), members, { max: 3 }, NOW);
  expect(second).toMatchObject({ launches: [0, 1], short: ["limit max 3: 2 there or on their way"] });
});

test("no two open grants wake the same instance", ({ expect }) => {
  const members = [member("i-1", "old", true), member("i-2", "old", true)];
  const first = grant(EMPTY, ask("a", 1), members, { max: 5 }, NOW);
  const second = grant(withGrant(EMPTY, first, NOW), ask("b", 2), members, { max: 5 }, NOW);
  expect([first.wakes, second.wakes]).toEqual([["i-1"], ["i-2"]]);
});

test("an open grant's instances are counted once, whether the list shows them or not", ({ expect }) => {
  const first = grant(EMPTY, ask("a", 3), [], { max: 5 }, NOW);
  const ledger = withGrant(EMPTY, first, NOW);
  for (const shown of [0, 1, 2, 3]) {
    const members = Array.from({ length: shown }, (_, n) => member(`i-${n}`, "a"));
    expect(grant(ledger, ask("b", 9), members, { max: 5 }, NOW).launches).toEqual([2]);
  }
});

test("a grant that is still open after a day belongs to a dead run and only its instances count", ({
  expect,
}) => {
  const ledger = withGrant(EMPTY, grant(EMPTY, ask("a", 3), [], { max: 5 }, NOW), NOW);
  const later = NOW + days(1) + 1;
  expect(grant(ledger, ask("b", 9), [member("i-1", "a")], { max: 5 }, later).launches).toEqual([4]);
  expect(withGrant(ledger, grant(ledger, ask("b", 1), [], { max: 5 }, later), later).grants).toHaveLength(1);
});

test("windows count launches of the last hour and day, closed grants too", ({ expect }) => {
  const first = closed(grant(EMPTY, ask("a", 4), [], { max: 50 }, NOW), 4);
  const ledger = withGrant(EMPTY, first, NOW);
  const limits = { max: 50, perHour: 5, perDay: 6 };
  expect(grant(ledger, ask("b", 9), [], limits, NOW + hours(1) - 1).launches).toEqual([1]);
  expect(grant(ledger, ask("b", 9), [], limits, NOW + hours(1)).launches).toEqual([2]);
  expect(grant(ledger, ask("b", 9), [], limits, NOW + days(1)).launches).toEqual([5]);
});

test("the ceiling is what everything costs together, to the last thousandth", ({ expect }) => {
  const members = [
    { ...member("i-1"), price: 0.1 },
    { ...member("i-2"), price: 0.2 },
  ];
  const limits = { max: 50, maxPricePerHour: 0.6 };
  expect(grant(EMPTY, ask("a", 9, { price: 0.1 }), members, limits, NOW).launches).toEqual([3]);
  const ledger = withGrant(EMPTY, grant(EMPTY, ask("a", 2, { price: 0.1 }), members, limits, NOW), NOW);
  expect(grant(ledger, ask("b", 9, { price: 0.1 }), members, limits, NOW)).toMatchObject({
    launches: [1],
    short: ["limit maxPricePerHour 0.6: 0.500 used"],
  });
});

/** What may happen to a fleet: a request, a run that ends with so many of its instances, an hour that passes. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant("end" as const), which: fc.nat(20), came: fc.nat(12) }),
  fc.record({
    kind: fc.constant("again" as const),
    which: fc.nat(20),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: hours(3) }) }),
);
const limitsOf = fc.record({
  max: fc.integer({ min: 1, max: 30 }),
  perHour: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  perDay: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
});

test("whatever the order of requests, ends and lagging lists: never more than max, perHour or perDay", ({
  expect,
}) => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.array(happening, { maxLength: 40 }),
      fc.infiniteStream(fc.boolean()),
      (limits, story, dice) => {
        let ledger = EMPTY;
        let now = NOW;
        const owned: Member[] = [];
        const launchedAt: { run: string; at: number; count: number }[] = [];
        story.forEach((step, n) => {
          if (step.kind === "pass") now += step.ms;
          const open = ledger.grants.filter((each) => each.open);
          const chosen =
            step.kind === "end" || step.kind === "again" ? open[step.which % (open.length || 1)] : undefined;
          if (step.kind === "ask" || (step.kind === "again" && chosen)) {
            const run = chosen?.run ?? `run-${n}`;
            // A list that lags shows any part of what open runs have launched, and all of what closed ones have.
            const seen = owned.filter(
              (one) => !open.some((each) => each.run === one.run) || dice.next().value === true,
            );
            const round = chosen?.launches.length ?? 0;
            const given = grant(ledger, ask(run, step.count, { round }), seen, limits, now);
            ledger = withGrant(ledger, given, now);
            const fresh = given.launches.at(-1) ?? 0;
            for (let i = 0; i < fresh; i++) owned.push(member(`${run}-${round}-${i}`, run));
            launchedAt.push({ run, at: now, count: fresh });
          }
          if (step.kind === "end" && chosen) {
            const all = owned.filter(({ run }) => run === chosen.run);
            const came = all.slice(0, step.came);
            for (const one of all.slice(came.length)) owned.splice(owned.indexOf(one), 1);
            ledger = withGrant(ledger, closed(chosen, came.length), now);
            // The earliest are those that came.
            let left = came.length;
            for (const each of launchedAt.filter(({ run }) => run === chosen.run)) {
              each.count = Math.min(each.count, left);
              left -= each.count;
            }
          }
          expect(owned.length).toBeLessThanOrEqual(limits.max);
          const used = (ms: number) =>
            sum(launchedAt.filter(({ at }) => at > now - ms).map(({ count }) => count));
          if (limits.perHour !== undefined) expect(used(hours(1))).toBeLessThanOrEqual(limits.perHour);
          if (limits.perDay !== undefined) expect(used(days(1))).toBeLessThanOrEqual(limits.perDay);
        });
      },
    ),
    { numRuns: 300 },
  );
});
