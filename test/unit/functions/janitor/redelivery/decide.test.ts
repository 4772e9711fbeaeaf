import fc from "fast-check";
import { expect, test } from "vitest";
import { lostIn, resultsOf } from "../../../../../functions/janitor/redelivery/decide.ts";
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

const kinds = ["completed", "in_progress", "queued", "waiting"];
const history = fc.array(
  fc.record({
    action: fc.constantFrom(...kinds),
    ago: fc.integer({ min: 1, max: 400 }),
    tries: fc.integer({ min: 1, max: 5 }),
    ok: fc.boolean(),
  }),
  { maxLength: 60 },
);
interface Listed {
  readonly action: string;
  readonly ago: number;
  readonly tries: number;
  readonly ok: boolean;
}
const attemptsOf = (listed: readonly Listed[]) =>
  listed.flatMap(({ action, ago, tries, ok }, n) =>
    Array.from({ length: tries }, (_, k) => ({
      ...attempt(`g${n}`, ago - k / 60, ok && k === tries - 1),
      action,
    })),
  );

test("no end is requested while a beginning that may be later is lost", () => {
  fc.assert(
    fc.property(history, fc.boolean(), (listed, all) => {
      const passed = new Set(all ? listed.map((_, n) => `g${n}`) : []);
      const begun = listed.filter(({ action, ok }) => action === "in_progress" && !ok);
      const { due } = lostIn(attemptsOf(listed), NOW + hours(7), passed);
      for (const { guid } of due.filter(({ action }) => action === "completed")) {
        const ended = listed[Number(guid.slice(1))];
        expect(begun.filter(({ ago }) => ago <= (ended?.ago ?? 0))).toEqual([]);
      }
    }),
  );
});

test("what is lost is requested in the order of its events, the newest first, however often it was tried", () => {
  fc.assert(
    fc.property(history, (listed) => {
      const { due } = lostIn(attemptsOf(listed), NOW + hours(7));
      const ago = due.map(({ guid }) => listed[Number(guid.slice(1))]?.ago ?? 0);
      const before = due.map(({ action }, n) => (ago[n] ?? 0) - (action === "in_progress" ? 0.5 : 0));
      expect(before).toEqual(before.toSorted((a, b) => a - b));
    }),
  );
});

test("an announcement waits with an end that came after it, until a beginning was tried three times or refused", () => {
  const lost = (tries: number) => [
    { ...attempt("queued", 60), action: "queued" },
    { ...attempt("ended", 50), action: "completed" },
    ...Array.from({ length: tries }, (_, n) => ({ ...attempt("begun", 40 - n), action: "in_progress" })),
    { ...attempt("new", 10), action: "queued" },
  ];
  const dueOf = (tries: number, passed: readonly string[] = []) =>
    lostIn(lost(tries), NOW + hours(7), new Set(passed)).due.map(({ guid }) => guid);
  expect(dueOf(1)).toEqual(["new", "begun"]);
  expect(dueOf(3)).toEqual(["new", "begun"]);
  expect(dueOf(4)).toEqual(["new", "begun", "queued"]);
  expect(dueOf(1, ["begun"])).toEqual(["new", "queued"]);
  expect(dueOf(0)).toEqual(["new", "ended", "queued"]);
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
