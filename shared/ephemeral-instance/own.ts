/** The instance of a run as it is right before a change. */
import { describeInstances, type Instance } from "../cloud/ecs/instances.ts";
import type { CloudClient } from "../cloud/client.ts";
import { ownedByRun } from "../ownership.ts";
import type { Result } from "../result.ts";
import { runTags } from "../tags.ts";
import type { EphemeralRole } from "./spec.ts";

/** The instance, undefined when it is not listed. A problem when its tags say that `run` did not launch it. */
export async function ownInstance(
  cloud: CloudClient,
  run: string,
  id: string,
): Promise<Result<Instance | undefined>> {
  const [instance] = await describeInstances(cloud, { ids: [id] });
  return ownedByRun(cloud, { kind: "instance" }, instance, run);
}

/** The instances that a run launched in a role, those of a lost answer included. */
export const launchedBy = (cloud: CloudClient, run: string, role: EphemeralRole): Promise<Instance[]> =>
  describeInstances(cloud, { tags: runTags(cloud, run, role) });
