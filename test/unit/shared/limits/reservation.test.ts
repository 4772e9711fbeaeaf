import * as fc from "fast-check";
import { test } from "vitest";
import { days, hours, minutes } from "../../../../shared/duration.ts";
import { FleetModel } from "./fleet-model.ts";
import {
  reserve,
  type Limits,
  type Member,
  type ReservationRequest,
} from "../../../../shared/limits/reservation.ts";
import { closed, withReservation, type Reservations } from "../../../../shared/limits/stored-reservation.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const EMPTY: Reservations = { v: 2, grants: [] };
const ask = (run: string, count: number, more: Partial<ReservationRequest> = {}): ReservationRequest => ({
  run,
  round: 0,
  count,
  ...more,
});
/** The reservation of one run on the state that the other arguments describe. */
const reserveOn = (
  reservations: Reservations,
  request: ReservationRequest,
  members: readonly Member[],
  ...[limits, now]: [Limits, number]
) => reserve(request, { reservations, members, limits, now });
const member = (id: string, run?: string, more: Partial<Member> = {}): Member => ({
  id,
  run,
  stopped: false,
  prepaid: false,
  wakeable: false,
  ...more,
});
const STOPPED = { stopped: true };
const WAKEABLE = { stopped: true, wakeable: true };

test("a reservation equals the request when no limit is reached", ({ expect }) => {
  expect(reserveOn(EMPTY, ask("a", 3), [], { max: 10 }, NOW)).toEqual({
    run: "a",
    at: NOW,
    launches: [3],
    wakes: [],
    open: true,
    short: [],
  });
});

test("a repeated request of a round gets the same answer, whatever changed in between", ({ expect }) => {
  const first = reserveOn(EMPTY, ask("a", 3), [], { max: 3 }, NOW);
  const reservations = withReservation(EMPTY, first, NOW);
  const again = reserveOn(reservations, ask("a", 3), [member("i-1"), member("i-2")], { max: 3 }, NOW + 1);
  expect(again).toBe(first);
});

test("a second round adds to the reservation and uses the headroom of the wakes that failed", ({
  expect,
}) => {
  const members = [
    member("i-1", "old", WAKEABLE),
    member("i-2", "old", WAKEABLE),
    member("i-3", "old"),
    member("i-4", "old"),
  ];
  const first = reserveOn(EMPTY, ask("a", 2), members, { max: 4 }, NOW);
  expect(first).toMatchObject({ launches: [0], wakes: ["i-1", "i-2"], short: [] });
  const reservations = withReservation(EMPTY, first, NOW);
  const second = reserveOn(reservations, ask("a", 2, { round: 1, woke: ["i-2"] }), members, { max: 4 }, NOW);
  expect(second).toMatchObject({
    launches: [0, 1],
    wakes: ["i-2"],
    short: ["limit max 4: 3 running or on their way"],
  });
  // The one that did not wake is free for others, which have no headroom for wakes and launches beside these.
  expect(
    reserveOn(withReservation(reservations, second, NOW), ask("b", 1), members, { max: 4 }, NOW),
  ).toMatchObject({
    launches: [0],
    wakes: [],
  });
  expect(
    reserveOn(withReservation(reservations, second, NOW), ask("b", 1), members, { max: 5 }, NOW).wakes,
  ).toEqual(["i-1"]);
});

test("a stopped member needs no headroom, and a wake needs as much as a launch", ({ expect }) => {
  const stopped = ["i-1", "i-2", "i-3"].map((id) => member(id, "old", STOPPED));
  expect(reserveOn(EMPTY, ask("a", 3), stopped, { max: 3 }, NOW)).toMatchObject({ launches: [3], short: [] });
  const wakeable = stopped.map((one) => ({ ...one, wakeable: true }));
  const members = [...wakeable, member("i-4"), member("i-5")];
  expect(reserveOn(EMPTY, ask("a", 3), members, { max: 3 }, NOW)).toMatchObject({
    wakes: ["i-1"],
    launches: [0],
    short: ["limit max 3: 2 running or on their way"],
  });
});

test("the wakes of an open reservation count whether the list shows them running or stopped", ({
  expect,
}) => {
  const sleeper = member("i-1", "old", WAKEABLE);
  const reservations = withReservation(EMPTY, reserveOn(EMPTY, ask("a", 1), [sleeper], { max: 2 }, NOW), NOW);
  for (const stopped of [true, false])
    expect(reserveOn(reservations, ask("b", 5), [{ ...sleeper, stopped }], { max: 2 }, NOW)).toMatchObject({
      wakes: [],
      launches: [1],
    });
});

test("a run that only wakes launches nothing, whatever its headroom", ({ expect }) => {
  const members = ["i-1", "i-2", "i-3"].map((id) => member(id, "old", WAKEABLE));
  const only = { wakeOnly: true as const };
  expect(reserveOn(EMPTY, ask("a", 3, only), members, { max: 2, perHour: 1 }, NOW)).toMatchObject({
    wakes: ["i-1", "i-2"],
    launches: [0],
    short: ["limit max 2: 0 running or on their way"],
  });
  expect(reserveOn(EMPTY, ask("a", 3, only), members, { max: 9, perHour: 1 }, NOW)).toMatchObject({
    wakes: ["i-1", "i-2", "i-3"],
    launches: [0],
    short: [],
  });
});

test("a stopped subscription counts like a running one, and needs no headroom to wake", ({ expect }) => {
  const paid = { ...WAKEABLE, prepaid: true };
  const limits = { max: 2 };
  const unfit = member("i-1", "old", { ...STOPPED, prepaid: true });
  expect(reserveOn(EMPTY, ask("a", 3), [unfit], limits, NOW)).toMatchObject({
    launches: [1],
    short: ["limit max 2: 1 running or on their way, 1 of them stopped subscriptions"],
  });
  const fit = [member("i-1", "old", paid), member("i-2", "old", paid), member("i-3", "old", WAKEABLE)];
  expect(reserveOn(EMPTY, ask("a", 3), fit, limits, NOW)).toMatchObject({
    wakes: ["i-1", "i-2"],
    launches: [0],
  });
  // More of them than may run, because the limit was lowered: no more than may run are woken.
  expect(reserveOn(EMPTY, ask("a", 3), fit, { max: 1 }, NOW)).toMatchObject({
    wakes: ["i-1"],
    launches: [0],
  });
});

test("a fleet whose stopped members cannot be released stops growing", ({ expect }) => {
  const stopped = Array.from({ length: 5 }, (_, n) => member(`i-${n}`, "old", STOPPED));
  expect(reserveOn(EMPTY, ask("a", 2), stopped, { max: 2 }, NOW)).toMatchObject({
    launches: [1],
    short: [
      "limit max 2: 5 exist, most of them stopped and protected from release; release some or raise limits.max",
    ],
  });
});

test("of the limits that a request is above, those that cut it are named, and no other", ({ expect }) => {
  const running = Array.from({ length: 2 }, (_, n) => member(`i-${n}`));
  const of = (count: number, limits: Limits) => reserveOn(EMPTY, ask("a", count), running, limits, NOW);
  expect(of(5, { max: 2 }).short).toEqual(["limit max 2: 2 running or on their way"]);
  expect(of(5, { max: 4, perHour: 3 }).short).toEqual(["limit max 4: 2 running or on their way"]);
  expect(of(5, { max: 5, perHour: 3, perDay: 3 }).short).toEqual([
    "limit max 5: 2 running or on their way",
    "limit perHour 3: 0 used",
    "limit perDay 3: 0 used",
  ]);
  // One that is exceeded leaves no less than one that is used up.
  expect(of(5, { max: 1, perHour: 0 }).short).toEqual([
    "limit max 1: 2 running or on their way",
    "limit perHour 0: 0 used",
  ]);
});

test("host names of stopped members are used last, and a member whose name is in use is not woken", ({
  expect,
}) => {
  const names = ["h-1", "h-2", "h-3"];
  const members = [
    member("i-1", "old", { ...STOPPED, hostName: "h-1" }),
    member("i-2", "old", { hostName: "h-2" }),
  ];
  const first = reserveOn(EMPTY, ask("a", 2, { names }), members, { max: 3 }, NOW);
  expect(first.names).toEqual(["h-3", "h-1"]);
  const reservations = withReservation(EMPTY, first, NOW);
  const again = members.map((one) => ({ ...one, wakeable: one.stopped }));
  expect(reserveOn(reservations, ask("b", 1, { names }), again, { max: 9 }, NOW)).toMatchObject({
    wakes: [],
  });
  expect(reserveOn(reservations, ask("b", 1), again, { max: 9 }, NOW)).toMatchObject({ wakes: ["i-1"] });
});

test("no two open reservations wake the same instance", ({ expect }) => {
  const members = [member("i-1", "old", WAKEABLE), member("i-2", "old", WAKEABLE)];
  const first = reserveOn(EMPTY, ask("a", 1), members, { max: 5 }, NOW);
  const second = reserveOn(withReservation(EMPTY, first, NOW), ask("b", 2), members, { max: 5 }, NOW);
  expect([first.wakes, second.wakes]).toEqual([["i-1"], ["i-2"]]);
});

test("the instances of an open reservation are counted once, whether the list shows them or not", ({
  expect,
}) => {
  const first = reserveOn(EMPTY, ask("a", 3), [], { max: 5 }, NOW);
  const reservations = withReservation(EMPTY, first, NOW);
  for (const shown of [0, 1, 2, 3]) {
    const members = Array.from({ length: shown }, (_, n) => member(`i-${n}`, "a"));
    expect(reserveOn(reservations, ask("b", 9), members, { max: 5 }, NOW).launches).toEqual([2]);
  }
});

test("a reservation that is open for a day belongs to a dead run, and only its instances count", ({
  expect,
}) => {
  const reservations = withReservation(EMPTY, reserveOn(EMPTY, ask("a", 3), [], { max: 5 }, NOW), NOW);
  const later = NOW + days(1) + 1;
  expect(reserveOn(reservations, ask("b", 9), [member("i-1", "a")], { max: 5 }, later).launches).toEqual([4]);
  expect(
    withReservation(reservations, reserveOn(reservations, ask("b", 1), [], { max: 5 }, later), later).grants,
  ).toHaveLength(1);
});

test("windows count launches of the last hour and day, closed reservations too", ({ expect }) => {
  const first = closed(reserveOn(EMPTY, ask("a", 4), [], { max: 50 }, NOW), 4);
  const reservations = withReservation(EMPTY, first, NOW);
  const limits = { max: 50, perHour: 5, perDay: 6 };
  expect(reserveOn(reservations, ask("b", 9), [], limits, NOW + hours(1) - 1).launches).toEqual([1]);
  expect(reserveOn(reservations, ask("b", 9), [], limits, NOW + hours(1)).launches).toEqual([2]);
  expect(reserveOn(reservations, ask("b", 9), [], limits, NOW + days(1)).launches).toEqual([5]);
});

test("the price ceiling holds for the whole fleet, to the last thousandth", ({ expect }) => {
  const members = [
    { ...member("i-1"), price: 0.1 },
    { ...member("i-2"), price: 0.2 },
  ];
  const limits = { max: 50, maxPricePerHour: 0.6 };
  const stopped = { ...member("i-3", "old", STOPPED), price: 0.3 };
  expect(reserveOn(EMPTY, ask("a", 9, { price: 0.1 }), [...members, stopped], limits, NOW).launches).toEqual([
    3,
  ]);
  const woken = reserveOn(
    EMPTY,
    ask("a", 9, { price: 0.1 }),
    [...members, { ...stopped, wakeable: true }],
    limits,
    NOW,
  );
  expect(woken).toMatchObject({ wakes: ["i-3"], launches: [0] });
  // While it starts it counts with its own price, whatever the list says.
  expect(
    reserveOn(
      withReservation(EMPTY, woken, NOW),
      ask("b", 9, { price: 0.1 }),
      [...members, stopped],
      limits,
      NOW,
    ),
  ).toMatchObject({ launches: [0], short: ["limit maxPricePerHour 0.6: 0.600 used"] });
  expect(reserveOn(EMPTY, ask("a", 9, { price: 0.1 }), members, limits, NOW).launches).toEqual([3]);
  const reservations = withReservation(
    EMPTY,
    reserveOn(EMPTY, ask("a", 2, { price: 0.1 }), members, limits, NOW),
    NOW,
  );
  expect(reserveOn(reservations, ask("b", 9, { price: 0.1 }), members, limits, NOW)).toMatchObject({
    launches: [1],
    short: ["limit maxPricePerHour 0.6: 0.500 used"],
  });
});

const count = (max: number) => fc.integer({ min: 1, max });
const kind = <K extends string>(name: K) => ({ kind: fc.constant(name) });
/** Everything that can happen to a fleet; `which` chooses one of the open reservations. */
const change = fc.oneof(
  fc.record({ ...kind("launch"), count: count(12) }),
  fc.record({ ...kind("resume"), count: count(12) }),
  fc.record({ ...kind("end"), which: fc.nat(20), seen: fc.nat(12) }),
  fc.record({ ...kind("replace"), which: fc.nat(20), count: count(5), woke: fc.nat(12) }),
  fc.record({ ...kind("stop"), count: fc.nat(12), wakeable: fc.boolean() }),
  fc.record({ ...kind("pass"), ms: fc.integer({ min: 0, max: hours(3) }) }),
);
const limitsOf = fc.record({
  max: count(12),
  perHour: fc.option(count(20), { nil: undefined }),
  perDay: fc.option(count(40), { nil: undefined }),
  maxPricePerHour: fc.option(count(12), { nil: undefined }),
});

test("no order of requests, ends, stops and delayed lists exceeds any limit", ({ expect }) => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.array(change, { maxLength: 40, size: "max" }),
      fc.infiniteStream(fc.boolean()),
      (limits, changes, random) => {
        const fleet = new FleetModel(limits, () => random.next().value === true);
        for (const each of changes) {
          fleet.change(each);
          const { running, all, cost } = fleet.totals();
          const { max, perHour = Infinity, perDay = Infinity, maxPricePerHour = Infinity } = limits;
          expect(running).toBeLessThanOrEqual(max);
          expect(all).toBeLessThanOrEqual(3 * max);
          expect(cost).toBeLessThanOrEqual(maxPricePerHour);
          expect(fleet.launchedWithin(hours(1))).toBeLessThanOrEqual(perHour);
          expect(fleet.launchedWithin(days(1))).toBeLessThanOrEqual(perDay);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a member that is taken away leaves its headroom to its replacement, and to those of other members", ({
  expect,
}) => {
  const priced = { price: 1 };
  const members = [member("i-1", "old", priced), member("i-2", "old", priced)];
  for (const limits of [{ max: 2 }, { max: 9, maxPricePerHour: 2 }]) {
    const replace = (run: string, leaving: string, state: Reservations, now: number) =>
      reserveOn(state, ask(run, 1, { leaving, price: 1 }), members, limits, now);
    expect(reserveOn(EMPTY, ask("a", 1, priced), members, limits, NOW).launches).toEqual([0]);
    const first = replace("a", "i-1", EMPTY, NOW);
    expect(first).toMatchObject({ launches: [1], leaving: "i-1", short: [] });
    // The replacement counts at once, and the second member may leave while the first one still runs.
    const state = withReservation(EMPTY, first, NOW);
    expect(reserveOn(state, ask("b", 1, priced), members, limits, NOW + 1).launches).toEqual([0]);
    const second = replace("b", "i-2", state, NOW + minutes(4));
    expect(second.launches).toEqual([1]);
    expect(replace("c", "i-2", withReservation(state, second, NOW), NOW + minutes(4)).launches).toEqual([0]);
    // One that is still there later has stayed.
    expect(replace("b", "i-2", state, NOW + minutes(11)).launches).toEqual([0]);
  }
});

test("a member that is taken away keeps its host name until it is gone, and is not woken", ({ expect }) => {
  const away = [member("i-1", "old", { ...WAKEABLE, hostName: "a" })];
  const request = ask("r", 1, { leaving: "i-1", names: ["a", "b"] });
  expect(reserveOn(EMPTY, request, away, { max: 2 }, NOW)).toMatchObject({ wakes: [], names: ["b"] });
});
