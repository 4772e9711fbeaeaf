import { test } from "vitest";
import { live } from "./chaos.ts";

/** A few lives on every run; `npm run chaos -- 200` lives many more. */
const SEEDS = [1];

for (const seed of SEEDS) {
  test(
    `seed ${seed}: whatever strikes, every run ends and nothing is left behind`,
    { timeout: 120_000 },
    async ({ expect }) => {
      expect(await live(seed)).toEqual([]);
    },
  );
}
