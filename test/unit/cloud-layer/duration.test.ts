import * as fc from "fast-check";
import { test } from "vitest";
import { days, formatDuration, hours, minutes, parseDuration, seconds } from "../../../shared/duration.ts";
import { ConfigError } from "../../../shared/errors.ts";

test("durations are read as people write them", ({ expect }) => {
  expect(parseDuration("90s")).toBe(seconds(90));
  expect(parseDuration("10m")).toBe(minutes(10));
  expect(parseDuration("1h30m")).toBe(hours(1) + minutes(30));
  expect(parseDuration("2d")).toBe(days(2));
});

test("what is not a duration is refused with an example", ({ expect }) => {
  for (const text of ["", "10", "m", "1.5h", "10 m", "30m1h", "-5m", "1h1h"]) {
    expect(() => parseDuration(text), text).toThrow(ConfigError);
  }
  expect(() => parseDuration("10 min")).toThrow(/"10 min".*1h30m/);
});

test("what is written is read back as the same whole seconds", ({ expect }) => {
  fc.assert(
    fc.property(fc.nat(days(400) / 1000), (count) => {
      expect(parseDuration(formatDuration(seconds(count)))).toBe(seconds(count));
    }),
  );
  expect(formatDuration(0)).toBe("0s");
  expect(formatDuration(59_999)).toBe("1m");
});
