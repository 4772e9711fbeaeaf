/**
 * Asks the cloud before a stop whether it could start the members again.
 *
 * A dry run of a start works for stopped instances only. So a launch of the same type in the same vSwitch is
 * checked instead, once for each kind of instance. The answer holds for this moment only.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { dryRunInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { withCategory } from "../../../shared/cloud/launch-disks.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { hasTemplate } from "../../../shared/documents/launch-network.ts";
import type { CloudError } from "../../../shared/errors.ts";
import type { Verdict } from "./decide.ts";

/** The most kinds that are asked for; the capacity of the others is not reported. */
const PROBES_MAX = 20;

interface CapacityRisk {
  /** The cloud refused for want of capacity. */
  readonly none: boolean;
  readonly risk: string;
}

/** Instances of one kind have the same price and the same capacity. */
export const kindOf = ({ type, zone, spotStrategy }: Instance): string => `${type} ${zone} ${spotStrategy}`;

/** The risk of each instance that the cloud would not launch now, by id. */
export async function probeCapacity(
  cloud: CloudClient,
  fleet: Fleet,
  instances: readonly Instance[],
): Promise<ReadonlyMap<string, CapacityRisk>> {
  const kinds = new Map(instances.map((instance) => [kindOf(instance), instance]));
  const risks = new Map<string, CapacityRisk>();
  for (const [kind, instance] of [...kinds].slice(0, PROBES_MAX)) {
    const answer = await dryRunInstances(cloud, probeParams(fleet, instance));
    if (answer.verdict !== "yes") risks.set(kind, riskOf(instance, answer.error));
  }
  return new Map(
    instances.flatMap((instance) => {
      const risk = risks.get(kindOf(instance));
      return risk === undefined ? [] : [[instance.id, risk] as const];
    }),
  );
}

function riskOf({ type, zone }: Instance, { capacity, code }: CloudError): CapacityRisk {
  const risk = capacity
    ? `may not start again: the cloud has no ${type} in ${zone} now (${code})`
    : `stock of ${type} in ${zone} is not known (${code})`;
  return { none: capacity, risk };
}

/** Adds the risk to a verdict; with `keepIf: [noStock]` an instance without capacity is kept. */
export function withCapacityRisk(
  verdict: Verdict,
  capacity: CapacityRisk | undefined,
  { keepIf }: IdlePolicy,
): Verdict {
  if (capacity === undefined) return verdict;
  const { none, risk } = capacity;
  const risky = { ...verdict, risks: [...(verdict.risks ?? []), risk] };
  if (!none || !keepIf.includes("noStock")) return risky;
  return { ...risky, act: "keep", why: "risk", reason: `kept: it ${risk}, though ${verdict.reason}` };
}

/** The fleet's own launch as far as it matters for a check, at the place of one instance. */
function probeParams({ launch }: Fleet, instance: Instance): Readonly<Record<string, unknown>> {
  const { SecurityGroupId, SecurityGroupIds, SystemDisk, SpotPriceLimit } = launch;
  const spot = instance.spotStrategy !== "NoSpot" && { SpotStrategy: instance.spotStrategy, SpotPriceLimit };
  return {
    SecurityGroupId,
    SecurityGroupIds,
    // A parameter overrides the launch template, which may have a disk.
    SystemDisk: hasTemplate(launch) ? SystemDisk : withCategory(SystemDisk ?? {}),
    LaunchTemplateId: launch.LaunchTemplateId,
    LaunchTemplateName: launch.LaunchTemplateName,
    LaunchTemplateVersion: launch.LaunchTemplateVersion,
    ...spot,
    ImageId: instance.imageId,
    InstanceType: instance.type,
    VSwitchId: instance.vSwitchId,
    Amount: 1,
  };
}
