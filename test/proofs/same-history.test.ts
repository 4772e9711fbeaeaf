import { test } from "vitest";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { BUCKET, deployKiln } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";

/** A bake, a request for instances and an hour of timers, under faults; and all that is left of it. */
async function history(seed: number, overlapMs?: number): Promise<readonly string[]> {
  const kiln = await deployKiln({ seed, ...(overlapMs !== undefined && { fc: { overlapMs } }) });
  const { cloud } = kiln;
  const every = (n: number) => (_: unknown, nth: number) => nth % n === 0;
  cloud.fc.duplicate(
    ({ payload }) => payload.length % 3 === 0,
    ({ payload }) => payload.length * seconds(1),
  );
  cloud.fc.delay(
    ({ payload }) => payload.length % 5 === 0,
    () => minutes(1),
  );
  cloud.world.lag(seconds(5));
  cloud.faults.add({ product: "ecs", kind: "hang", when: every(17) });
  cloud.faults.add({ product: "oss", action: "AppendObject", kind: "drip", when: every(23) });
  cloud.faults.add({ product: "ecs", kind: "before", when: every(29) });
  await bakeAndPromote(kiln, recipeText());
  await kiln.upload("fleets/web.yaml", fleetText());
  await scaleOut(kiln, { count: 3 });
  await cloud.settle({ forMs: hours(1) });
  const { calls, objects, invocations, events, at } = cloud.snapshot();
  const lines = [
    `${at}`,
    ...calls.map((call) => JSON.stringify(call)),
    ...cloud.oss.list(BUCKET).map(({ key, body }) => `${key} ${body.toString("base64")}`),
    ...[...cloud.world.instances.values()].map(({ instanceId, status }) => `${instanceId} ${status}`),
    ...objects,
    ...invocations,
    ...cloud.fc.invocations.map(({ durationMs, logs }) => `${durationMs} ${logs.join("\n")}`),
    ...events,
  ];
  await kiln.close();
  // The system picks the ports.
  return lines.map((line) => line.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1"));
}

test("the same seed and the same calls give the same history, to the byte; another seed gives another", async ({
  expect,
}) => {
  const once = await history(7);
  expect(once.length).toBeGreaterThan(200);
  expect(await history(7)).toEqual(once);
  expect(await history(8)).not.toEqual(once);
}, 120_000);

test("and so do invocations that run side by side", async ({ expect }) => {
  const once = await history(7, seconds(20));
  expect(await history(7, seconds(20))).toEqual(once);
  expect(await history(7)).not.toEqual(once);
}, 120_000);
