import { setTimeout as reallySleep } from "node:timers/promises";
import { test } from "vitest";
import { Pace } from "../../cloud/core/pace.ts";
import { Timeline } from "../../cloud/core/time.ts";

test("time passes as many times faster as asked, and events come due in it", async ({ expect }) => {
  const time = new Timeline(0);
  const pace = new Pace(time);
  pace.run(1000);
  const began = performance.now();
  const at = await new Promise<number>((resolve) => {
    time.after(60_000, { label: "x" }, () => resolve(time.now()));
  });
  pace.run(0);
  expect(at).toBe(60_000);
  expect(performance.now() - began).toBeGreaterThan(55);
});

test("time that passes by itself waits for work, however large the factor is", async ({ expect }) => {
  const time = new Timeline(0);
  const pace = new Pace(time);
  const seen: number[] = [];
  const over = new Promise<void>((resolve) => {
    for (const hour of [1, 2, 3]) {
      time.after(hour * 3_600_000, { label: "work" }, async () => {
        await reallySleep(20);
        seen.push(time.now() / 3_600_000);
        if (hour === 3) resolve();
      });
    }
  });
  pace.run(1e9);
  await over;
  pace.run(0);
  expect(seen).toEqual([1, 2, 3]);
});

test("a skip ends when its time is over and no work is left, asleep or not", async ({ expect }) => {
  const time = new Timeline(0);
  const pace = new Pace(time);
  const seen: string[] = [];
  time.after(90, { label: "sleeper" }, async () => {
    await new Promise<void>((resolve) => time.sleep(60, resolve));
    seen.push(`sleeper@${time.now()}`);
  });
  time.after(110, { label: "later" }, () => void seen.push(`later@${time.now()}`));
  time.after(200, { label: "too late" }, () => void seen.push("too late"));
  // Side by side they would both end at 100.
  await Promise.all([pace.skip(100), pace.skip(10)]);
  expect([seen, time.now()]).toEqual([["later@110", "sleeper@150"], 160]);
});

test("a skip is not made up for by time that passes by itself", async ({ expect }) => {
  const time = new Timeline(0);
  const pace = new Pace(time);
  pace.run(1);
  await pace.skip(3_600_000);
  const at = time.now();
  await reallySleep(60);
  pace.run(0);
  expect(at).toBeGreaterThanOrEqual(3_600_000);
  expect(time.now() - at).toBeGreaterThanOrEqual(30);
  expect(time.now() - at).toBeLessThan(20_000);
});
