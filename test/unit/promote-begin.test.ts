import { test } from "vitest";
import { beginPromotions } from "../../functions/promote-family/begin.ts";
import { minutes } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";

const MIDNIGHT = Date.UTC(2026, 0, 6);

test("a bake's request that is delivered again after midnight is the same promotion", async ({ expect }) => {
  const request = {
    v: 1,
    request: "promote",
    recipe: "web",
    imageId: "m-1",
    document: { family: "web" },
    delivery: "bake-web-20260105-0123456789ab",
    by: "test",
  };
  // The request says everything; nothing else of the ports is asked.
  const runAt = async (now: number) =>
    (await beginPromotions(request, { clock: { now: () => now } } as Ports)).map(({ run }) => run);
  const first = await runAt(MIDNIGHT - minutes(1));
  expect(first).toEqual([expect.stringMatching(/^promote-web-20260105-[0-9a-f]{12}$/)]);
  expect(await runAt(MIDNIGHT + minutes(1))).toEqual(first);
});
