/** The drift that the hourly timer writes, as the API answers it. */
import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { QUIET } from "../support/idle.ts";
import { sized } from "../support/sized.ts";
import { serve } from "../support/sleepers.ts";

test("the drift names the members of another image than the family serves", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { desired: 2 } });
  serve(kiln, "m-web-2");
  await kiln.cloud.settle({ forMs: hours(1) });
  const answer = await kiln.api("GET", "/drift");
  expect(answer).toMatchObject({ status: 200 });
  const row = { image: "m-web-1", serves: "m-web-2", reason: expect.stringContaining("leave") };
  expect(answer.body["members"]).toEqual(Array(2).fill(expect.objectContaining(row)));
});
