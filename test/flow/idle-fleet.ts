/** A fleet that has run for a while, and idle checks of it: what the journeys around stopping begin with. */
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";
import { BUCKET, type Deployment } from "../deployment.ts";
import { accepted, ended, fleetText, machines, scaleOut } from "./fleet.ts";
import { age, IDLE, POLICY } from "./idle-world.ts";

/** A fleet of `count` that has run idle for five hours, without a policy so far. */
export async function idleFleet(kiln: Deployment, count: number, launch: object = {}): Promise<string[]> {
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { ...launch }, limits: { max: 300 } }));
  await scaleOut(kiln, { count });
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  age(kiln, hours(5));
  return machines(kiln).map(({ instanceId }) => instanceId);
}

export interface Asked {
  readonly launch?: object;
  readonly body?: object;
}

/** Uploads the fleet with a policy, asks for a check by webhook and waits until it is over. */
export async function check(
  kiln: Deployment,
  policy: object = POLICY,
  asked: Asked = {},
): Promise<RunRecord> {
  const { launch = {}, body = {} } = asked;
  const text = fleetText({ launch: { ...launch }, limits: { max: 300 }, idle: policy });
  await kiln.upload("fleets/web.yaml", text);
  const { run } = await accepted(kiln, "/fleets/web/stop", body);
  return ended(kiln, run);
}

interface Told {
  readonly id: string;
  readonly act: string;
  readonly why: string;
  readonly reason: string;
  readonly risks?: readonly string[];
}

/** The verdicts of a check by instance. */
export function verdictsOf(kiln: Deployment, record: RunRecord): Record<string, Told> {
  const found = kiln.cloud.oss.get(BUCKET, String(record.result?.["verdicts"]));
  const list = JSON.parse(found?.body.toString() ?? "[]") as Told[];
  return Object.fromEntries(list.map((verdict) => [verdict.id, verdict]));
}

/** Status of every instance by id. */
export const statuses = (kiln: Deployment): Record<string, string> =>
  Object.fromEntries(machines(kiln).map(({ instanceId, status }) => [instanceId, status]));
