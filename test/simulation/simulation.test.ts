import { test } from "vitest";
import { simulate } from "./simulate.ts";

/** One seed on every run; `npm run chaos -- 200` runs many. */
const SEED = 13;

test(
  "a simulation keeps every invariant, gets everything done, and its seed decides its history",
  {
    timeout: 120_000,
  },
  async ({ expect }) => {
    const { problems, finished, history } = await simulate(SEED);
    expect(problems).toEqual([]);
    expect(finished).toContain("bake, scale out, stop, wake");
    expect((await simulate(SEED)).history).toBe(history);
  },
);
