/** A fleet that has run for a while, and idle checks of it. */
import * as z from "zod/mini";
import { Verdict } from "../../functions/stop-idle/idle-check/decide.ts";
import { hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "./records.ts";
import { BUCKET, type Deployment } from "./deployment.ts";
import { fleetText, scaleOut } from "./fleets.ts";
import { IDLE, POLICY, age } from "./idle.ts";
import { accepted, ended } from "./runs.ts";
import { machines } from "./world.ts";

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

/** The verdicts of a check by instance. */
export function verdictsOf(kiln: Deployment, record: RunRecord): Record<string, Verdict> {
  const found = kiln.cloud.oss.get(BUCKET, String(record.result?.["verdicts"]));
  const list = z.array(Verdict).parse(JSON.parse(found?.body.toString() ?? "[]"));
  return Object.fromEntries(list.map((verdict) => [verdict.id, verdict]));
}

/** Status of every instance by id. */
export const statuses = (kiln: Deployment): Record<string, string> =>
  Object.fromEntries(machines(kiln).map(({ instanceId, status }) => [instanceId, status]));
