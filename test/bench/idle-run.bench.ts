/** A whole idle check of 10,000 instances on the stand-in: how many calls, and what each costs beside its HTTP. */
import { lastFullHour } from "../../functions/stop-idle/signals.ts";
import { describeInstances } from "../../shared/cloud/instances.ts";
import { metricPoints } from "../../shared/cloud/metrics.ts";
import { hours } from "../../shared/duration.ts";
import { hasEnded } from "../../shared/journal.ts";
import { POLICY, QUIET } from "../flow/idle-world.ts";
import { clientOf, largeFleet } from "../flow/large-fleet.ts";
import { publishImage } from "../cloud/ecs/public-images.ts";
import { deployKiln, type Deployment } from "../deployment.ts";
import { build } from "../../build.ts";
import type { Bench } from "./measure.ts";

const COUNT = 10_000;

export const bench: Bench = async () => {
  await build();
  const kiln = await deployKiln(QUIET);
  try {
    publishImage(kiln.cloud.world, "web", { imageId: "m-web-1" }, kiln.cloud.time.now() - 1);
    await largeFleet(kiln, COUNT, POLICY);
    const start = performance.now();
    await kiln.invoke("kiln-stop-idle", { v: 1, request: "stop-idle", fleet: "web", dryRun: true });
    const found = () => kiln.records("idle").find(hasEnded);
    await kiln.cloud.settle({ until: () => found() !== undefined, forMs: hours(1) });
    const took = performance.now() - start;
    const record = found();
    if (record?.state !== "done") throw new Error(`the check failed: ${record?.reason}`);
    const calls = record.result?.["calls"] as Readonly<Record<string, number>>;
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
