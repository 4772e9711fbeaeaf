/**
 * Would the cloud have room to start them again? Asked before the stop, by a rehearsed launch.
 *
 * A rehearsed start says it only of what is stopped already; so one launch of the same type in the same
 * vSwitch is rehearsed instead, once for each type and zone of a run. It speaks of this moment: what a stop
 * gives back comes on top, what others buy until the start goes off.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { withCategory } from "../../shared/cloud/launch-disks.ts";
import { dryRunInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import { hasTemplate } from "../../shared/documents/launch-network.ts";

/** More kinds than this in one fleet are not asked for; their stock is then not spoken of. */
const MOST_PROBES = 20;

export interface StockRisk {
  readonly scarce: boolean;
  readonly risk: string;
}

export const kindOf = ({ type, zone, spotStrategy }: Instance): string => `${type} ${zone} ${spotStrategy}`;

/** The risk of each kind of instance that the cloud would not launch now, by `kindOf`. */
export async function probeStock(
  cloud: CloudClient,
  fleet: Fleet,
  instances: readonly Instance[],
): Promise<ReadonlyMap<string, StockRisk>> {
  const kinds = new Map(instances.map((instance) => [kindOf(instance), instance]));
  const risks = new Map<string, StockRisk>();
  for (const [kind, instance] of [...kinds].slice(0, MOST_PROBES)) {
    const answer = await dryRunInstances(cloud, probeParams(fleet, instance));
    if (answer.ok) continue;
    const { code, kind: meaning } = answer.error;
    const place = `${instance.type} in ${instance.zone}`;
    // A no to its disks says nothing of the stock.
    const scarce = meaning === "change" && !/Disk|Category/.test(code);
    const risk = scarce
      ? `may not start again: the cloud has no ${place} now (${code})`
      : `stock of ${place} is not known (${code})`;
    risks.set(kind, { scarce, risk });
  }
  return risks;
}

/** The fleet's own launch where it matters for a check, at the place of one instance. */
function probeParams({ launch }: Fleet, instance: Instance): Readonly<Record<string, unknown>> {
  const { SecurityGroupId, SecurityGroupIds, SystemDisk, SpotPriceLimit } = launch;
  const spot = instance.spotStrategy !== "NoSpot" && { SpotStrategy: instance.spotStrategy, SpotPriceLimit };
  return {
    SecurityGroupId,
    SecurityGroupIds,
    // What is sent overrules a launch template, which may have a disk.
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
