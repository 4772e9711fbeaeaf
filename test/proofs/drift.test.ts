/** The drift that the hourly firing writes, as the API answers it. */
import { test } from "../support/deploy.ts";
import { reconcile, sized } from "../support/sized.ts";
import { serve } from "../support/sleepers.ts";

test("the drift names the members of another image than the family serves", async ({ deploy, expect }) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 8, 1) });
  await sized(kiln, { size: { desired: 2 } });
  serve(kiln, "m-web-2");
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 1) - kiln.cloud.time.now() });
  await reconcile(kiln);
  const answer = await kiln.api("GET", "/drift");
  expect(answer.status).toBe(200);
  const row = { image: "m-web-1", serves: "m-web-2", reason: expect.stringContaining("leave") };
  expect(answer.body["members"]).toEqual(Array(2).fill(expect.objectContaining(row)));
});
