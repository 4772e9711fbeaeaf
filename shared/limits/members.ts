/** What a fleet owns, and what of it its limits care about. */
import type { CloudClient } from "../cloud/client.ts";
import { describeInstances, type Instance } from "../cloud/instances.ts";
import type { Fleet } from "../documents/fleet.ts";
import { TAG } from "../labels.ts";
import type { Member } from "./grant.ts";
import { pricesOf } from "./price.ts";

/** Every instance of a fleet, running or stopped. */
export const membersOf = (cloud: CloudClient, fleet: string): Promise<Instance[]> =>
  describeInstances(cloud, { tags: { [TAG.fleet]: fleet, [TAG.role]: "member" }, many: true });

/** Whether an instance that was found by its id belongs to the fleet. */
export const isMember = ({ tags }: Instance, fleet: string): boolean =>
  tags[TAG.fleet] === fleet && tags[TAG.role] === "member";

/**
 * Instances as a grant is decided on them. Of those that may be woken the ones on `imageId`, the image that is
 * served, come first: where there is no room for all, they run.
 */
export async function asMembers(
  fleet: Fleet,
  instances: readonly Instance[],
  imageId: string | undefined,
  wakeable: (instance: Instance) => boolean,
  cloud: CloudClient,
): Promise<Member[]> {
  const prices = await pricesOf(fleet, instances, imageId, cloud);
  const served = instances.filter((instance) => instance.imageId === imageId);
  const others = instances.filter((instance) => instance.imageId !== imageId);
  return [...served, ...others].map((instance) => ({
    id: instance.id,
    run: instance.tags[TAG.run],
    asleep: instance.status === "Stopped",
    prepaid: instance.chargeType === "PrePaid",
    wakeable: wakeable(instance),
    ...(instance.hostName !== undefined && { hostName: instance.hostName }),
    ...(prices !== undefined && { price: prices(instance) }),
  }));
}
