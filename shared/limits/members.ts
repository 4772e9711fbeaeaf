/** The members of a fleet, and the part of them that its limits depend on. */
import type { CloudClient } from "../cloud/client.ts";
import { describeInstances, type Instance } from "../cloud/ecs/instances.ts";
import { isForeign, isOwn, memberTags, ownTags, ROLE, TAG } from "../tags.ts";
import { placesOf } from "./places.ts";
import { pricesOf, type PricedFleet } from "./price.ts";
import type { Member } from "./reservation.ts";

/**
 * Every instance that counts as the fleet's, running or stopped: its members, and those of a version before
 * `kiln:deployment` that are not adopted yet. Without them a fleet would grow beyond its limits after an upgrade.
 */
export async function countedMembers(cloud: CloudClient, fleet: string): Promise<Instance[]> {
  const found = await describeInstances(cloud, { tags: memberTags(fleet), many: true });
  return found.filter((instance) => !isForeign(cloud, instance));
}

/** The members of a fleet, running or stopped: the instances that Kiln may start, stop and release. */
export const membersOf = (cloud: CloudClient, fleet: string): Promise<Instance[]> =>
  describeInstances(cloud, { tags: ownTags(cloud, memberTags(fleet)), many: true });

/** Whether an instance that was found by its id is a member of the fleet. */
export const isMember = (cloud: CloudClient, instance: Instance, fleet: string): boolean =>
  isOwn(cloud, instance) &&
  Object.entries(memberTags(fleet)).every(([key, value]) => instance.tags[key] === value);

/** Those of `ids` that are members of the fleet, right before they change (OWN-3). */
export async function membersAmong(
  cloud: CloudClient,
  fleet: string,
  ids: readonly string[],
): Promise<string[]> {
  const found = await describeInstances(cloud, { ids });
  return found.filter((instance) => isMember(cloud, instance, fleet)).map(({ id }) => id);
}

/**
 * Instances as a reservation is decided on them. Of those that may be woken, members with the served image come
 * first: where there is not headroom for all, they run.
 */
export async function asMembers(
  priced: PricedFleet,
  instances: readonly Instance[],
  isWakeable: (instance: Instance) => boolean,
  cloud: CloudClient,
): Promise<Member[]> {
  const priceOf = await pricesOf(priced, instances, cloud);
  const isOlder = ({ imageId }: Instance): number => Number(imageId !== priced.imageId);
  return instances
    .toSorted((a, b) => isOlder(a) - isOlder(b))
    .map((instance) => ({
      id: instance.id,
      run: instance.tags[TAG.run],
      stopped: instance.status === "Stopped",
      prepaid: instance.chargeType === "PrePaid",
      wakeable: isWakeable(instance),
      hostName: instance.hostName,
      places: placesOf(priced.fleet.launch, instance),
      price: priceOf?.(instance),
    }));
}

/** The order of members by age; of two of the same age that of their ids. */
export const oldestFirst = (a: Instance, b: Instance): number =>
  a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

const INSTANCE_ID = /^i-[a-z0-9]{1,62}$/;

/**
 * The members of the fleets whose instance id, name or host name is that of a runner of a CI system, in letters of either case:
 * Windows names a machine in capitals, and host names are the same then (https://www.rfc-editor.org/rfc/rfc1035#section-2.3.3).
 */
export async function membersNamed(
  cloud: CloudClient,
  runner: string,
  fleets: readonly string[],
): Promise<Instance[]> {
  const named = runner.toLowerCase();
  const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
  // A machine that has no other name has its id for one.
  const filter = INSTANCE_ID.test(named) ? { ids: [named] } : { tags, many: true };
  return (await describeInstances(cloud, filter)).filter(
    (one) =>
      [one.id, one.name, one.hostName].some((name) => name?.toLowerCase() === named) &&
      fleets.some((fleet) => isMember(cloud, one, fleet)),
  );
}
