/** Members are replaced by those of the image that the family serves, or it is rolled back. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/deploy.ts";
import { IDLE, QUIET } from "../support/idle.ts";
import { hasEnded } from "../support/records.ts";
import { accepted, ended } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { imagesOf, serve } from "../support/sleepers.ts";

async function refresh(kiln: Deployment) {
  const { run } = await accepted(kiln, "/fleets/web/refresh", {});
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(6) });
  return ended(kiln, run);
}

test("a refresh replaces members in batches; the busy and the opted out stay and are named", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [busy = "", kept = ""] = await sized(kiln, {
    size: { min: 3, desired: 4 },
    limits: { max: 5 },
    refresh: { probe: { command: "true" } },
  });
  kiln.cloud.world.load(busy, () => ({ ...IDLE, cpuAverage: 90 }));
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(Array(4).fill("m-web-1"));
  const record = await refresh(kiln);
  expect(record).toMatchObject({ state: "done", result: { image: "m-web-2", launched: 2, ended: 2 } });
  expect(record.result?.["left"]).toEqual([
    expect.stringMatching(`^${busy}: it works`),
    expect.stringMatching(`^${kept}: its tag kiln:keep`),
  ]);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1", "m-web-2", "m-web-2"]);
});
