import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { inBatches } from "../../../shared/in-batches.ts";

test("answers are in the order of the items, and few calls are made at once", async ({ expect }) => {
  let [now, most] = [0, 0];
  const answers = await inBatches(
    [5, 1, 3, 2, 4],
    async (item) => {
      most = Math.max(most, ++now);
      await sleep(item);
      now--;
      return item * 2;
    },
    2,
  );
  expect([answers, most]).toEqual([[10, 2, 6, 4, 8], 2]);
});

test("no call outlives an error, and no further batch begins after one", async ({ expect }) => {
  const ended: number[] = [];
  const all = inBatches(
    [1, 2, 3],
    async (item) => {
      if (item === 1) throw new Error("refused");
      await sleep(5);
      ended.push(item);
    },
    2,
  );
  await expect(all).rejects.toThrow("refused");
  expect(ended).toEqual([2]);
});
