/** A fleet that falls asleep and gets new images: what the journeys around its sleepers share. */
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";
import type { Deployment } from "../deployment.ts";
import { accepted, ended, fleetText, machines, type FleetChanges } from "./fleet.ts";
import { age, IDLE, POLICY } from "./idle-world.ts";

/** On the defaults but for the cap, so that one check stops all. */
export const IDLES = { limits: { max: 3 }, idle: POLICY };

export const inState = (kiln: Deployment, status: string) =>
  machines(kiln).filter((one) => one.status === status);
export const imagesOf = (kiln: Deployment, status: string): string[] =>
  inState(kiln, status)
    .map(({ imageId }) => imageId)
    .toSorted();

/** Nobody uses the fleet for five hours, and a check puts it to sleep. */
export async function fallAsleep(kiln: Deployment): Promise<RunRecord> {
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  ageAwake(kiln);
  return check(kiln);
}

/** As `age`, of those that run: a sleeper's last start was before its mark. */
function ageAwake(kiln: Deployment): void {
  const asleep = inState(kiln, "Stopped").map((one) => ({ one, ...one, runs: [...one.runs] }));
  age(kiln, hours(5));
  for (const { one, createdAt, startedAt, runs } of asleep) {
    Object.assign(one, { createdAt, startedAt });
    one.runs.splice(0, one.runs.length, ...runs);
  }
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
