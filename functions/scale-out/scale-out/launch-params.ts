/** Parameters of the launch calls of a fleet. Pure. */
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { expiryAt } from "../../../shared/expiry.ts";
import { placed } from "../../../shared/limits/places.ts";
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
  /** The place of the first instance in the fleet (shared/limits/places.ts). */
  readonly place: number;
  /** When this call was first due: the expiry counts from here, so that a repeat has the same parameters. */
  readonly at: number;
  /** The reserved host names from the first instance on, where the fleet has a list of them. */
  readonly hostNames: readonly string[];
  readonly userData: Uint8Array | undefined;
}

/**
 * All parameters of one launch call but token and password. The cloud chooses the image of the family at the moment
 * of the launch; the image served when the run began is written into a tag, so that a difference can be seen.
 */
export function launchParams(
  { fleet, document, imageId, isPinned }: Pick<Input, "fleet" | "document" | "imageId" | "isPinned">,
  offering: Offering,
  call: LaunchCall,
  owner: Owner,
) {
  const { UserData: _userData, AutoReleaseTime: _at, Tag, HostNames, ...rest } = document.launch;
  const { amount, userData } = call;
  const tags = ownTags(owner, {
    [TAG.fleet]: fleet,
    [TAG.role]: ROLE.member,
    [TAG.run]: call.run,
    [TAG.image]: imageId,
  });
  return {
    ...rest,
    ...offeringParams(offering),
    ...placed(document.launch, call.place),
    HostNames: HostNames && call.hostNames.slice(0, amount),
    ...(isPinned ? { ImageId: imageId } : { ImageFamily: document.family }),
    Tag: [...Tag, ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))],
    UserData: userData && Buffer.from(userData).toString("base64"),
    ...(document.via === "RunInstances" && runInstancesParams(document, call)),
  };
}

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
