import { expect, test } from "vitest";
import { bakes, fleets, logs } from "../numbers/figures.ts";

test.each([
  ["a bake with promotion", bakes],
  ["a scale-out and an idle check", fleets],
  ["the logs of bakes", logs],
])("the figures of %s are within their limits", async (_, measure) => {
  expect((await measure()).filter(({ value, limit }) => value > limit)).toEqual([]);
});
