import { test } from "vitest";
import { entryOf, stateOf, type AlertLine } from "../../../../functions/scale-out/scale-out/alerts.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";

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
