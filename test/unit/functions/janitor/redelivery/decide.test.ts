import fc from "fast-check";
import { expect, test } from "vitest";
import { lostIn, nextOf, resultsOf } from "../../../../../functions/janitor/redelivery/decide.ts";
import { hours, minutes } from "../../../../../shared/duration.ts";

const NOW = Date.UTC(2026, 0, 5, 12);

const attempt = (guid: string, minutesAgo: number, ok = false, event = "workflow_job") => ({
  id: `${guid}-${minutesAgo}`,
  guid,
  event,
  action: "queued",
  at: NOW - minutes(minutesAgo),
  ok,
});

test("an event is lost while none of its attempts succeeded, whatever their order in the list", () => {
  const lists = fc.array(
    fc.record({
      guid: fc.constantFrom("a", "b", "c", "d"),
      ago: fc.integer({ min: 1, max: 4000 }),
      ok: fc.boolean(),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(lists, (list) => {
      const deliveries = list.map(({ guid, ago, ok }) => attempt(guid, ago, ok));
      const lost = new Set(
        list.map(({ guid }) => guid).filter((guid) => !list.some((one) => one.guid === guid && one.ok)),
      );
      const { failed, due } = lostIn(deliveries, NOW);
      expect(new Set(failed.map(({ guid }) => guid))).toEqual(lost);
      for (const one of failed)
        for (const other of deliveries) expect(other.guid === one.guid && other.at > one.at).toBe(false);
      expect(failed).toEqual(expect.arrayContaining([...due]));
    }),
  );
});

test("events of other kinds are left alone", () => {
  expect(lostIn([attempt("a", 9, false, "push")], NOW).failed).toEqual([]);
});

test.each([
  [[1], true],
  [[60, 1], false],
  [[60, 6], true],
  [[60, 20, 8], false],
  [[60, 20, 11], true],
  [[900, 800, 700, 600, 500, 480, 470, 460, 300], false],
  [[900, 800, 700, 600, 500, 480, 470, 460, 361], true],
])("attempts %j minutes ago: due %s", (ago, isDue) => {
  const all = ago.map((minutesAgo) => attempt("a", minutesAgo));
  expect(lostIn(all, NOW).due).toHaveLength(isDue ? 1 : 0);
  expect(lostIn(all, NOW + hours(6)).due).toHaveLength(1);
});

test("the newest of a kind are always among the next, and every other one has its turn", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 2, max: 60 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.constantFrom("completed", "in_progress", "queued", ""),
      (size, most, random, action) => {
        const due = Array.from({ length: size }, (_, n) => ({ n, action }));
        const chosen = nextOf(due, most, random);
        expect(new Set(chosen).size).toBe(Math.min(size, most));
        expect(chosen.slice(0, Math.ceil(most / 2))).toEqual(due.slice(0, Math.ceil(most / 2)));
        const turns = due.flatMap(({ n }) => nextOf(due, most, (n + 0.5) / size));
        expect(new Set(turns).size).toBe(size);
      },
    ),
  );
});

test("of what is lost, ends are requested first, then beginnings, and announcements last", () => {
  const ranks = ["completed", "in_progress", "queued"];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...ranks, "waiting"), { maxLength: 200 }),
      fc.integer({ min: 2, max: 60 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (actions, most, random) => {
        const due = actions.map((action, n) => ({ n, action }));
        const rank = ({ action }: { readonly action: string }) =>
          action === "waiting" ? 2 : ranks.indexOf(action);
        const chosen = nextOf(due, most, random);
        expect(chosen).toHaveLength(Math.min(most, due.length));
        expect(chosen.map(rank)).toEqual(chosen.map(rank).toSorted((a, b) => a - b));
        const left = due.filter((one) => !chosen.includes(one));
        const last = Math.max(0, ...chosen.map(rank));
        for (const one of left) expect(rank(one)).toBeGreaterThanOrEqual(last);
      },
    ),
  );
});

test("the newest lost event is the first", () => {
  const { failed, due } = lostIn([attempt("a", 9), attempt("b", 3), attempt("c", 30)], NOW);
  expect(failed.map(({ guid }) => guid)).toEqual(["b", "a", "c"]);
  expect(due).toEqual(failed);
});

test("an attempt that is not listed yet is neither a success nor a failure", () => {
  const since = [attempt("a", 1, true), attempt("b", 1), attempt("c", 2), attempt("x", 1, true)];
  const requested = ["a", "b", "c"].map((guid): [string, string] => [`${guid}-2`, guid]);
  expect(resultsOf(requested, since)).toEqual({ delivered: 1, failedAgain: 1, pending: 1 });
});
