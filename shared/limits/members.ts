/** The members of a fleet, and the part of them that its limits depend on. */
import type { CloudClient } from "../cloud/client.ts";
import { describeInstances, type Instance } from "../cloud/ecs/instances.ts";
import { ROLE, TAG } from "../tags.ts";
import { pricesOf, type PricedFleet } from "./price.ts";
import type { Member } from "./reservation.ts";

/** Every instance of a fleet, running or stopped. */
export const membersOf = (cloud: CloudClient, fleet: string): Promise<Instance[]> =>
  describeInstances(cloud, { tags: { [TAG.fleet]: fleet, [TAG.role]: ROLE.member }, many: true });

/** Whether an instance that was found by its id belongs to the fleet. */
export const isMember = ({ tags }: Instance, fleet: string): boolean =>
  tags[TAG.fleet] === fleet && tags[TAG.role] === ROLE.member;

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
      price: priceOf?.(instance),
    }));
}
