import * as fc from "fast-check";
import { test } from "vitest";
import { capOf } from "../../../functions/stop-idle/idle-check/limits.ts";

const anyPercent = fc.integer({ min: 1, max: 100 });
const anyRunning = fc.integer({ min: 0, max: 10_000 });

test("half of three is two, and one idle instance of one is stopped", ({ expect }) => {
  expect(capOf({ percent: 50 }, 3)).toBe(2);
  expect(capOf({ percent: 50 }, 1)).toBe(1);
  expect(capOf({ percent: 50 }, 0)).toBe(0);
});

test("the stricter bound holds", ({ expect }) => {
  expect(capOf({ percent: 50, count: 4 }, 100)).toBe(4);
  expect(capOf({ percent: 1, count: 4 }, 100)).toBe(1);
});

test("no cap allows more stops than members run, and every cap allows one", ({ expect }) => {
  fc.assert(
    fc.property(anyPercent, anyRunning, (percent, running) => {
      const most = capOf({ percent }, running);
      expect(most).toBeLessThanOrEqual(running);
      expect(most > 0).toBe(running > 0);
    }),
  );
});
