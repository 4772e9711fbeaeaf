/** A fleet that is stopped when idle and gets new images: helpers for the tests of its stopped members. */
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "./records.ts";
import type { Deployment } from "./deployment.ts";
import { type FleetChanges, fleetText } from "./fleets.ts";
import { IDLE, POLICY } from "./idle.ts";
import { accepted, ended } from "./runs.ts";
import { machines } from "./world.ts";

/** On the defaults but for the cap, so that one check stops all. */
export const IDLES = { limits: { max: 3 }, idle: POLICY };

export const inState = (kiln: Deployment, status: string) =>
  machines(kiln).filter((one) => one.status === status);
export const imagesOf = (kiln: Deployment, status: string): string[] =>
  inState(kiln, status)
    .map(({ imageId }) => imageId)
    .toSorted();

/** The fleet is idle for five hours, and a check stops it. */
export async function fallAsleep(kiln: Deployment): Promise<RunRecord> {
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  ageAwake(kiln);
  return check(kiln);
}

/** As `age`, for running members only: the last start of a stopped one is before its tag. */
function ageAwake(kiln: Deployment): void {
  for (const { instanceId, status } of machines(kiln))
    if (status !== "Stopped") kiln.cloud.world.ageInstance(instanceId, hours(5));
}

export async function check(kiln: Deployment, body: object = {}): Promise<RunRecord> {
  const { run } = await accepted(kiln, "/fleets/web/stop", body);
  return ended(kiln, run);
}

export async function deployed(kiln: Deployment, changes: FleetChanges = IDLES): Promise<void> {
  await kiln.upload("fleets/web.yaml", fleetText(changes));
}

export const serve = (kiln: Deployment, imageId: string): void =>
  kiln.cloud.world.publishImage("web", { imageId });
