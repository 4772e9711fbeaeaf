import { test } from "vitest";
import { stateOf, type AlertLine } from "../../../../functions/scale-out/scale-out/alerts.ts";
import { days, hours } from "../../../../shared/duration.ts";

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
