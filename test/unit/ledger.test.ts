import * as fc from "fast-check";
import { test } from "vitest";
import { days, hours } from "../../shared/duration.ts";
import { closed, grant, withGrant, type Ask, type Ledger, type Member } from "../../shared/limits/grant.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const EMPTY: Ledger = { v: 1, n: 0, grants: [] };
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const ask = (run: string, count: number, more: Partial<Ask> = {}): Ask => ({ run, round: 0, count, ...more });
const member = (id: string, run?: string, more: Partial<Member> = {}): Member => ({
  id,
  run,
  asleep: false,
  prepaid: false,
  wakeable: false,
  ...more,
});
const ASLEEP = { asleep: true };
const WAKEABLE = { asleep: true, wakeable: true };

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

test("a second round adds to the grant and has the room of what did not wake", ({ expect }) => {
  const members = [
    member("i-1", "old", WAKEABLE),
    member("i-2", "old", WAKEABLE),
    member("i-3", "old"),
    member("i-4", "old"),
  ];
  const first = grant(EMPTY, ask("a", 2), members, { max: 4 }, NOW);
  expect(first).toMatchObject({ launches: [0], wakes: ["i-1", "i-2"], short: [] });
  const ledger = withGrant(EMPTY, first, NOW);
  const second = grant(ledger, ask("a", 2, { round: 1, woke: ["i-2"] }), members, { max: 4 }, NOW);
  expect(second).toMatchObject({
    launches: [0, 1],
    wakes: ["i-2"],
    short: ["limit max 4: 3 running or on their way"],
  });
  // The one that did not wake is free for others, whose wakes and launches find no room beside these.
  expect(grant(withGrant(ledger, second, NOW), ask("b", 1), members, { max: 4 }, NOW)).toMatchObject({
    launches: [0],
    wakes: [],
  });
  expect(grant(withGrant(ledger, second, NOW), ask("b", 1), members, { max: 5 }, NOW).wakes).toEqual(["i-1"]);
});

test("what sleeps needs no room, and to wake it takes the room of a launch", ({ expect }) => {
  const sleepers = ["i-1", "i-2", "i-3"].map((id) => member(id, "old", ASLEEP));
  expect(grant(EMPTY, ask("a", 3), sleepers, { max: 3 }, NOW)).toMatchObject({ launches: [3], short: [] });
  const wakeable = sleepers.map((one) => ({ ...one, wakeable: true }));
  const members = [...wakeable, member("i-4"), member("i-5")];
  expect(grant(EMPTY, ask("a", 3), members, { max: 3 }, NOW)).toMatchObject({
    wakes: ["i-1"],
    launches: [0],
    short: ["limit max 3: 2 running or on their way"],
  });
});

test("the wakes of an open grant count whether the list shows them up or asleep", ({ expect }) => {
  const sleeper = member("i-1", "old", WAKEABLE);
  const ledger = withGrant(EMPTY, grant(EMPTY, ask("a", 1), [sleeper], { max: 2 }, NOW), NOW);
  for (const asleep of [true, false])
    expect(grant(ledger, ask("b", 5), [{ ...sleeper, asleep }], { max: 2 }, NOW)).toMatchObject({
      wakes: [],
      launches: [1],
    });
});

test("a run that only wakes launches nothing, whatever there is room for", ({ expect }) => {
  const members = ["i-1", "i-2", "i-3"].map((id) => member(id, "old", WAKEABLE));
  const only = { wakeOnly: true } as const;
  expect(grant(EMPTY, ask("a", 3, only), members, { max: 2, perHour: 1 }, NOW)).toMatchObject({
    wakes: ["i-1", "i-2"],
    launches: [0],
    short: ["limit max 2: 0 running or on their way"],
  });
  expect(grant(EMPTY, ask("a", 3, only), members, { max: 9, perHour: 1 }, NOW)).toMatchObject({
    wakes: ["i-1", "i-2", "i-3"],
    launches: [0],
    short: [],
  });
});

test("what only wakes may change its type, and costs the dearest one until it is up", ({ expect }) => {
  const members = ["i-1", "i-2"].map((id) => member(id, "old", { ...WAKEABLE, price: 0.1 }));
  const limits = { max: 20, maxPricePerHour: 0.5 };
  const first = grant(EMPTY, ask("a", 2, { wakeOnly: true, price: 0.3 }), members, limits, NOW);
  expect(first.wakes).toEqual(["i-1"]);
  const ledger = withGrant(EMPTY, first, NOW);
  expect(grant(ledger, ask("b", 9, { price: 0.1 }), members, limits, NOW)).toMatchObject({
    wakes: ["i-2"],
    launches: [1],
    short: ["limit maxPricePerHour 0.5: 0.300 used"],
  });
});

test("a subscription counts asleep as awake, and needs no room to wake", ({ expect }) => {
  const paid = { ...WAKEABLE, prepaid: true };
  const limits = { max: 2 };
  const unfit = member("i-1", "old", { ...ASLEEP, prepaid: true });
  expect(grant(EMPTY, ask("a", 3), [unfit], limits, NOW)).toMatchObject({
    launches: [1],
    short: ["limit max 2: 1 running or on their way, 1 of them stopped subscriptions"],
  });
  const fit = [member("i-1", "old", paid), member("i-2", "old", paid), member("i-3", "old", WAKEABLE)];
  expect(grant(EMPTY, ask("a", 3), fit, limits, NOW)).toMatchObject({ wakes: ["i-1", "i-2"], launches: [0] });
  // More of them than may run, because the limit was lowered: no more than may run are woken.
  expect(grant(EMPTY, ask("a", 3), fit, { max: 1 }, NOW)).toMatchObject({ wakes: ["i-1"], launches: [0] });
});

test("a fleet whose sleepers cannot go does not grow for ever", ({ expect }) => {
  const sleepers = Array.from({ length: 5 }, (_, n) => member(`i-${n}`, "old", ASLEEP));
  expect(grant(EMPTY, ask("a", 2), sleepers, { max: 2 }, NOW)).toMatchObject({
    launches: [1],
    short: [
      "limit max 2: 5 there, most of them stopped and kept from release; release them yourself or raise it",
    ],
  });
});

test("host names of sleepers are given out last, and who lost its name is not woken", ({ expect }) => {
  const names = ["h-1", "h-2", "h-3"];
  const members = [
    member("i-1", "old", { ...ASLEEP, hostName: "h-1" }),
    member("i-2", "old", { hostName: "h-2" }),
  ];
  const first = grant(EMPTY, ask("a", 2, { names }), members, { max: 3 }, NOW);
  expect(first.names).toEqual(["h-3", "h-1"]);
  const ledger = withGrant(EMPTY, first, NOW);
  const again = members.map((one) => ({ ...one, wakeable: one.asleep }));
  expect(grant(ledger, ask("b", 1, { names }), again, { max: 9 }, NOW)).toMatchObject({ wakes: [] });
  expect(grant(ledger, ask("b", 1), again, { max: 9 }, NOW)).toMatchObject({ wakes: ["i-1"] });
});

test("no two open grants wake the same instance", ({ expect }) => {
  const members = [member("i-1", "old", WAKEABLE), member("i-2", "old", WAKEABLE)];
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
  const asleep = { ...member("i-3", "old", ASLEEP), price: 0.3 };
  expect(grant(EMPTY, ask("a", 9, { price: 0.1 }), [...members, asleep], limits, NOW).launches).toEqual([3]);
  const woken = grant(
    EMPTY,
    ask("a", 9, { price: 0.1 }),
    [...members, { ...asleep, wakeable: true }],
    limits,
    NOW,
  );
  expect(woken).toMatchObject({ wakes: ["i-3"], launches: [0] });
  // While it is on its way it costs what it costs, whatever the list says.
  expect(
    grant(withGrant(EMPTY, woken, NOW), ask("b", 9, { price: 0.1 }), [...members, asleep], limits, NOW),
  ).toMatchObject({ launches: [0], short: ["limit maxPricePerHour 0.6: 0.600 used"] });
  expect(grant(EMPTY, ask("a", 9, { price: 0.1 }), members, limits, NOW).launches).toEqual([3]);
  const ledger = withGrant(EMPTY, grant(EMPTY, ask("a", 2, { price: 0.1 }), members, limits, NOW), NOW);
  expect(grant(ledger, ask("b", 9, { price: 0.1 }), members, limits, NOW)).toMatchObject({
    launches: [1],
    short: ["limit maxPricePerHour 0.6: 0.500 used"],
  });
});

/** What may happen to a fleet. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const), count: fc.integer({ min: 1, max: 12 }) }),
  /** Only sleepers are asked for. */
  fc.record({ kind: fc.constant("resume" as const), count: fc.integer({ min: 1, max: 12 }) }),
  /** A run ends, and so many of its launches came. */
  fc.record({ kind: fc.constant("end" as const), which: fc.nat(20), came: fc.nat(12) }),
  /** Some of what a run was to wake does not, or it lost launches: it asks for a second round. */
  fc.record({
    kind: fc.constant("again" as const),
    which: fc.nat(20),
    count: fc.integer({ min: 1, max: 5 }),
    woke: fc.nat(12),
  }),
  /** So many go to sleep; on another image, or on the current one. */
  fc.record({ kind: fc.constant("sleep" as const), count: fc.nat(12), wakeable: fc.boolean() }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: hours(3) }) }),
);
const limitsOf = fc.record({
  max: fc.integer({ min: 1, max: 30 }),
  perHour: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  perDay: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  maxPricePerHour: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
});
const PRICE = 1.5;

test("whatever the order of requests, ends, sleeps and lagging lists: never more than any limit allows", ({
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
        let owned: Member[] = [];
        const launchedAt: { run: string; at: number; count: number }[] = [];
        const change = (ids: readonly string[], more: Partial<Member>): void => {
          owned = owned.map((one) => (ids.includes(one.id) ? { ...one, ...more } : one));
        };
        story.forEach((step, n) => {
          if (step.kind === "pass") now += step.ms;
          // After a day a list has long caught up (G4).
          const open = ledger.grants.filter((each) => each.open && each.at > now - days(1));
          const waking = new Set(open.flatMap(({ wakes }) => wakes));
          if (step.kind === "sleep") {
            const up = owned.filter(({ id, asleep, run }) => !asleep && !waking.has(id) && isOver(run, open));
            const ids = up.slice(0, step.count).map(({ id }) => id);
            change(ids, { asleep: true, wakeable: step.wakeable });
          }
          const chosen =
            step.kind === "end" || step.kind === "again" ? open[step.which % (open.length || 1)] : undefined;
          if (step.kind === "ask" || step.kind === "resume" || (step.kind === "again" && chosen)) {
            const run = chosen?.run ?? `run-${n}`;
            const round = chosen?.launches.length ?? 0;
            const woke = step.kind === "again" ? chosen?.wakes.slice(0, step.woke) : undefined;
            // Those that do not wake sleep on; they may be woken by others.
            change(chosen?.wakes.filter((id) => !woke?.includes(id)) ?? [], WAKEABLE);
            // A list that lags shows any part of what open runs have launched, and what they woke up or asleep.
            const seen = owned
              .filter((one) => isOver(one.run, open) || dice.next().value === true)
              .map((one) => (waking.has(one.id) ? { ...one, asleep: dice.next().value === true } : one));
            const given = grant(
              ledger,
              ask(run, step.count, {
                round,
                price: PRICE,
                ...(woke && { woke }),
                ...(step.kind === "resume" && { wakeOnly: true }),
              }),
              seen,
              limits,
              now,
            );
            ledger = withGrant(ledger, given, now);
            const fresh = given.launches.at(-1) ?? 0;
            change(given.wakes, { asleep: false, wakeable: false });
            for (let i = 0; i < fresh; i++) owned.push(member(`${run}-${round}-${i}`, run, { price: PRICE }));
            launchedAt.push({ run, at: now, count: fresh });
          }
          if (step.kind === "end" && chosen) {
            const all = owned.filter(({ run }) => run === chosen.run);
            const came = all.slice(0, step.came);
            const lost = new Set(all.slice(came.length));
            owned = owned.filter((one) => !lost.has(one));
            ledger = withGrant(ledger, closed(chosen, came.length), now);
            // The earliest are those that came.
            let left = came.length;
            for (const each of launchedAt.filter(({ run }) => run === chosen.run)) {
              each.count = Math.min(each.count, left);
              left -= each.count;
            }
          }
          const awake = owned.filter(({ asleep }) => !asleep).length;
          expect(awake).toBeLessThanOrEqual(limits.max);
          expect(owned.length).toBeLessThanOrEqual(3 * limits.max);
          if (limits.maxPricePerHour !== undefined)
            expect(awake * PRICE).toBeLessThanOrEqual(limits.maxPricePerHour);
          const used = (ms: number) =>
            sum(launchedAt.filter(({ at }) => at > now - ms).map(({ count }) => count));
          if (limits.perHour !== undefined) expect(used(hours(1))).toBeLessThanOrEqual(limits.perHour);
          if (limits.perDay !== undefined) expect(used(days(1))).toBeLessThanOrEqual(limits.perDay);
        });
      },
    ),
    { numRuns: 500 },
  );
});

const isOver = (run: string | undefined, open: readonly { readonly run: string }[]): boolean =>
  open.every((each) => each.run !== run);
