import { test } from "vitest";
import {
  entryOf,
  shortened,
  statesOf,
  wholeLines,
  type AlertLine,
} from "../../../../functions/scale-out/scale-out/alerts.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";

function stateOf(
  lines: readonly AlertLine[],
  id: string,
  at: number,
): { readonly isOver: boolean; readonly holder?: AlertLine } {
  const [{ id: _id, ...state } = { id, isOver: false }] = statesOf(lines, [id], at);
  return state;
}

const T = Date.UTC(2026, 0, 5, 8);
const took = (run: string, at: number): AlertLine => ({ run, alerts: ["a"], at, w: run });
const over = (at: number): AlertLine => ({ ...took("end", at), over: true });
const holder = (lines: readonly AlertLine[], at: number) => stateOf(lines, "a", at).holder?.run;

test("an alarm belongs to the run that took it until it is over, in whichever order its deliveries come", ({
  expect,
}) => {
  expect(stateOf([], "a", T)).toEqual({ isOver: false });
  expect(holder([took("r1", T)], T + hours(24))).toBe("r1");
  expect(holder([took("r1", T)], T - hours(1))).toBe("r1");
  expect(stateOf([took("r1", T)], "b", T).holder).toBeUndefined();
  const ended = [took("r1", T), over(T + 1)];
  expect(stateOf(ended, "a", T + 2)).toEqual({ isOver: false });
  expect(stateOf(ended, "a", T)).toEqual({ isOver: true });
  // The end came first, or the next alarm before the end.
  expect(stateOf([over(T + 1), took("r1", T)], "a", T + 2)).toEqual({ isOver: false });
  expect(holder([took("r1", T), took("r2", T + 2), over(T + 1)], T + 3)).toBe("r2");
});

test("an alarm that CloudMonitor did not repeat for two days is another one", ({ expect }) => {
  expect(holder([took("r1", T), took("r1", T + days(1))], T + days(3))).toBe("r1");
  expect(holder([took("r1", T)], T + days(2) + 1)).toBeUndefined();
});

test("an alert with a start of its own belongs to the newest run that took it", ({ expect }) => {
  expect(holder([took("r1", 0), took("r2", 0)], 0)).toBe("r2");
});

test("the next alarm is another one although it overtook the end of the one before", ({ expect }) => {
  const repeat = T + hours(13);
  const lines = [took("r1", T), took("r1", repeat), over(repeat - 1)];
  expect(stateOf(lines, "a", repeat + 1)).toEqual({ isOver: false });
  expect(stateOf(lines, "a", repeat - 2)).toEqual({ isOver: true });
});

const entry = (run: string, at: number, lines: readonly AlertLine[], failures = new Map<string, number>()) =>
  entryOf({ run, alerts: [["a", 1]], at, phaseStartedAt: at }, lines, failures, at);

test("an alarm that is repeated for weeks leaves room for others in the end of the ledger", ({ expect }) => {
  const lines = [took("r0", T)];
  for (let at = T; at < T + days(14); at += minutes(5)) {
    const added = entry(`r${at}`, at, lines);
    if (added !== undefined && !("waitMs" in added)) lines.push({ ...added, w: "w" });
  }
  expect(new Set(lines.map(({ run }) => run))).toEqual(new Set(["r0"]));
  expect(lines.length).toBeLessThanOrEqual(14 * 4 + 1);
  // Daily ones are all written down, so that two days without one are known.
  expect(entry("r", T + days(1), [took("r0", T)])).toEqual({ run: "r0", alerts: ["a"], at: T + days(1) });
});

test("an alert whose run failed is taken again five minutes later, beside others too", ({ expect }) => {
  const lines = [took("r1", T)];
  const failures = new Map([["r1", T]]);
  const later = T + minutes(5);
  for (const alerts of [
    [["a", 1]],
    [
      ["a", 1],
      ["b", 1],
    ],
  ] as [string, number][][]) {
    const taken = (now: number, phaseStartedAt = T + 1) =>
      entryOf({ run: "r2", alerts, at: T + 1, phaseStartedAt }, lines, failures, now);
    expect(taken(T + minutes(1))).toEqual({ waitMs: minutes(4) });
    expect(taken(later)).toEqual({ run: "r2", alerts: alerts.map(([id]) => id), at: T + 1 });
  }
  // Of those that waited together, one tries for all.
  failures.set("r2", later);
  const tried = [...lines, took("r2", T + 1)];
  expect(entry("r3", T + 2, tried, failures)).toBeUndefined();
  expect(entry("r4", later + 1, tried, failures)).toEqual({ waitMs: minutes(5) - 1 });
  expect(entry("r2", T + 1, [...lines, over(T + 2)], failures)).toBeUndefined();
  expect(entry("r2", T + 1, [...lines, took("r3", T + 1)], failures)).toBeUndefined();
});

/** A ledger as it lies in the bucket, of which the end is read. */
class Ledger {
  readonly #lines: {
    readonly line: Parameters<typeof wholeLines>[0]["lines"][number]["line"];
    position: number;
  }[] = [];
  #end = 0;
  readonly failures = new Map<string, number>();

  /** The run that has each of these alerts after a delivery of them. */
  deliver(run: string, ids: readonly string[], now: number) {
    const given = { run, alerts: ids.map((id): [string, number] => [id, 1]), phaseStartedAt: now };
    const entry = entryOf(given, this.#read(), this.failures, now);
    if (entry === undefined || "waitMs" in entry) return [];
    const line = { ...shortened(entry, this.#read()), w: run };
    this.#lines.push({ line, position: this.#end });
    this.#end += JSON.stringify(line).length + 1;
    return entry.run === run ? entry.alerts : [];
  }

  #read() {
    const from = this.#end - 256 * 1024;
    return wholeLines({ lines: this.#lines.filter(({ position }) => position >= from), end: this.#end });
  }
}

const ids = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}-${String(n).padStart(20, "0")}`);

test("storms of alerts that fail for days push no alert out of the ledger that has its instance, and each attempt takes all of them", ({
  expect,
}) => {
  const ledger = new Ledger();
  expect(ledger.deliver("first", ["a", "b"], T)).toEqual(["a", "b"]);
  for (let n = 0; n < 60; n++) {
    const now = T + minutes(16 * (n + 1));
    // The storm grows, and other alerts come and go with it.
    const storm = [...ids("storm", 500 + n), ...ids(`of-${n}`, 3)];
    expect(ledger.deliver(`run-${n}`, storm, now).toSorted(), String(n)).toEqual(storm.toSorted());
    ledger.failures.set(`run-${n}`, now + minutes(5));
  }
  expect(ledger.deliver("last", ["a", "b", "c"], T + days(2))).toEqual(["c"]);
});

test("alerts that are delivered again and again stay in the ledger, whatever others it gets", ({
  expect,
}) => {
  const ledger = new Ledger();
  const held = ids("held", 40);
  expect(ledger.deliver("first", held, T)).toEqual(held);
  for (let n = 0; n < 100; n++) {
    ledger.deliver(`other-${n}`, ids(`other-${n}`, 200), T + minutes(n));
    if (n % 5 === 0) expect(ledger.deliver(`repeat-${n}`, held, T + minutes(n)), String(n)).toEqual([]);
  }
});
