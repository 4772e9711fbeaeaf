/** A whole idle check of 10,000 instances on the local cloud: how many calls, and what each costs beside its HTTP. */
import { lastFullHour } from "../../functions/stop-idle/idle-check/signals.ts";
import { describeInstances } from "../../shared/cloud/ecs/instances.ts";
import { metricPoints } from "../../shared/cloud/cms/metrics.ts";
import { hours } from "../../shared/duration.ts";
import { hasEnded } from "../support/records.ts";
import { clientOf, largeFleet } from "../support/large-fleet.ts";
import { build } from "../../build.ts";
import type { Bench } from "./measure.ts";
import { type Deployment, deployKiln } from "../support/deployment.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { known } from "../support/known.ts";

const COUNT = 10_000;

export const bench: Bench = async () => {
  await build();
  const kiln = await deployKiln(QUIET);
  try {
    kiln.cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: kiln.cloud.time.now() - 1 });
    await largeFleet(kiln, COUNT, POLICY);
    const start = performance.now();
    await kiln.invoke("kiln-stop-idle", { v: 1, request: "stop-idle", fleet: "web", dryRun: true });
    const found = () => kiln.records("idle").find(hasEnded);
    await kiln.cloud.settle({ until: () => found() !== undefined, forMs: hours(1) });
    const took = performance.now() - start;
    const record = found();
    if (record?.state !== "done") throw new Error(`the check failed: ${record?.reason}`);
    const calls = known<Readonly<Record<string, number>>>(record.result?.["calls"]);
    const count = Object.values(calls).reduce((sum, each) => sum + each, 0);
    const bare = await reading(kiln);
    return [
      {
        what: "a check of 10,000, seconds",
        value: `${(took / 1000).toFixed(1)} s`,
        baseline: `its pages and points read and left alone, ${(bare / 1000).toFixed(1)} s`,
        ratio: took / bare,
        better: "lower",
        note: `${count} calls: ${Object.entries(calls)
          .map(([action, each]) => `${action} ${each}`)
          .join(", ")}`,
      },
    ];
  } finally {
    await kiln.close();
  }
};

/** Milliseconds to read the same pages and points in this process, and to do nothing with them. */
async function reading(kiln: Deployment): Promise<number> {
  const client = clientOf(kiln);
  const end = lastFullHour(kiln.cloud.time.now());
  const start = performance.now();
  const ids = (await describeInstances(client, { tags: {} })).map(({ id }) => id);
  const lanes = [ids.slice(0, COUNT / 2), ids.slice(COUNT / 2)];
  await Promise.all(
    lanes.map((lane) =>
      metricPoints(client, "CPUUtilization", lane, {
        periodMs: hours(1),
        fromAt: end - hours(2) - 1,
        toAt: end,
      }),
    ),
  );
  return performance.now() - start;
}
