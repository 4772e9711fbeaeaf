/** Fleets, and the requests that make them grow. */
import type { RunRecord } from "./records.ts";
import { accepted, ended } from "./runs.ts";
import type { Deployment } from "./deployment.ts";

const LAUNCH = {
  InstanceType: ["ecs.g7.large", "ecs.c7.large"],
  VSwitchId: ["vsw-hangzhou-h", "vsw-hangzhou-i"],
  SecurityGroupId: "sg-default0001",
};

export interface FleetChanges {
  readonly launch?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A fleet document; `launch` and `limits` are merged into usual ones, other keys replace. */
export function fleetText({ launch = {}, limits = {}, ...rest }: FleetChanges = {}): string {
  return JSON.stringify({
    family: "web",
    launch: { ...LAUNCH, ...launch },
    limits: { max: 10, ...limits },
    ...rest,
  });
}

/** Asks for instances by webhook and lets the world run until the run has ended. */
export async function scaleOut(kiln: Deployment, body: object, fleet = "web"): Promise<RunRecord> {
  const { run } = await accepted(kiln, `/fleets/${fleet}/scale-out`, body);
  return ended(kiln, run);
}
