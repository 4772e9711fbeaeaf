/** Fleets whose size is kept, without a wait for the timer. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "./deployment.ts";
import { fleetText, type FleetChanges } from "./fleets.ts";
import { IDLE, POLICY } from "./idle.ts";
import { hasEnded } from "./records.ts";
import { inState } from "./sleepers.ts";
import { machines } from "./world.ts";

/** Compares the fleets with their sizes, until nothing is at work. */
export async function reconcile(kiln: Deployment): Promise<void> {
  await kiln.invoke("scale-out", { v: 1, request: "reconcile", fleet: "*" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.cloud.settle({ until: () => kiln.records().every(hasEnded), forMs: hours(3) });
}

/** A fleet with its members, all idle for five hours. */
export async function sized(kiln: Deployment, changes: FleetChanges): Promise<string[]> {
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY, ...changes }));
  await reconcile(kiln);
  await reconcile(kiln);
  for (const { instanceId } of machines(kiln)) kiln.cloud.world.ageInstance(instanceId, hours(5));
  return running(kiln);
}

export const running = (kiln: Deployment): string[] =>
  inState(kiln, "Running").map(({ instanceId }) => instanceId);
