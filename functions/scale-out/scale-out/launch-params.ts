/** Parameters of the launch calls of a fleet. Pure. */
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { expiryAt } from "../../../shared/expiry.ts";
import { shiftedBy } from "../../../shared/documents/ordered-name.ts";
import { offeringsOf, type Offering } from "../../../shared/offerings.ts";
import { ownTags, ROLE, TAG, tagInstant, type Owner } from "../../../shared/tags.ts";
import type { Input } from "./events.ts";

/** The offerings of a fleet in the order of its document. */
export const fleetOfferings = ({ launch, ladder }: Fleet): readonly Offering[] =>
  offeringsOf({ payments: ladder, instanceTypes: launch.InstanceType, vSwitchIds: launch.VSwitchId });

/** The offerings of a run in the order it tries them. */
export function orderedOfferings({ document, order }: Input): readonly Offering[] {
  const offerings = fleetOfferings(document);
  return order.flatMap((place) => offerings[place] ?? []);
}

/** Overrules the spot parameters of the document. */
const ON_DEMAND = {
  SpotStrategy: "NoSpot",
  SpotPriceLimit: undefined,
  SpotDuration: undefined,
  SpotInterruptionBehavior: undefined,
} as const;

const offeringParams = ({ instanceType, vSwitchId, payment }: Offering) => ({
  InstanceType: instanceType,
  VSwitchId: vSwitchId,
  ...(payment === "onDemand" && ON_DEMAND),
});

export interface LaunchCall {
  readonly run: string;
  readonly amount: number;
  /** How many instances this run launched before: ordered names continue from there. */
  readonly launched: number;
  /** When this call was first due: the expiry counts from here, so that a repeat has the same parameters. */
  readonly at: number;
  /** The host names reserved for the run, where the fleet has a list of them. */
  readonly hostNames: readonly string[] | undefined;
  readonly userData: Uint8Array | undefined;
}

/**
 * All parameters of one launch call but token and password. The cloud chooses the image of the family at the moment
 * of the launch; the image served when the run began is written into a tag, so that a difference can be seen.
 */
export function launchParams(
  { fleet, document, imageId }: Pick<Input, "fleet" | "document" | "imageId">,
  offering: Offering,
  call: LaunchCall,
  owner: Owner,
) {
  const {
    UserData: _userData,
    AutoReleaseTime: _at,
    Tag,
    InstanceName,
    HostName,
    HostNames,
    ...rest
  } = document.launch;
  const { amount, launched, userData } = call;
  const tags = ownTags(owner, {
    [TAG.fleet]: fleet,
    [TAG.role]: ROLE.member,
    [TAG.run]: call.run,
    [TAG.image]: imageId,
  });
  return {
    ...rest,
    ...offeringParams(offering),
    InstanceName: InstanceName && shiftedBy(InstanceName, launched),
    HostName: HostName && shiftedBy(HostName, launched),
    HostNames: HostNames && namesFrom(call.hostNames, launched, amount),
    ImageFamily: document.family,
    Tag: [...Tag, ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))],
    UserData: userData && Buffer.from(userData).toString("base64"),
    ...(document.via === "RunInstances" && runInstancesParams(document, call)),
  };
}

/** Replacements of lost instances come after the reserved names: they use free ones again, from the first on. */
const namesFrom = (names: readonly string[] = [], from: number, count: number): (string | undefined)[] =>
  Array.from({ length: count }, (_, n) => names[(from + n) % names.length]);

/** CreateInstance makes one instance and knows none of these. */
function runInstancesParams(fleet: Fleet, { amount, at }: LaunchCall) {
  const expiry = expiryAt(fleet, at);
  return {
    Amount: amount,
    // A partial launch is kept, and the rest is launched with the next offering.
    MinAmount: amount > 1 ? 1 : undefined,
    AutoReleaseTime: expiry === undefined ? undefined : tagInstant(expiry),
  };
}

/** Parameters of a launch under their places in the fleet. */
export const FLEET_FIELDS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "VSwitchId",
    "SecurityGroupId",
    "SecurityGroupIds",
    "InstanceType",
    "KeyPairName",
    "RamRoleName",
    "ResourceGroupId",
    "ZoneId",
    "DeploymentSetId",
    "DedicatedHostId",
    "HpcClusterId",
    "LaunchTemplateId",
    "LaunchTemplateName",
  ]
    .map((name) => [name, `launch.${name}`])
    .concat([
      ["Category", "launch.SystemDisk or DataDisk"],
      ["SnapshotId", "launch.DataDisk"],
    ]),
);
