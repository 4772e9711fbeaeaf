/** What a fleet owns, as far as its limits care. */
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import type { Member } from "./grant.ts";
import { pricesOf } from "./price.ts";

/** Every instance of the fleet, running or stopped, with what of it may be started instead of bought. */
export async function membersOf(fleet: Fleet, imageId: string, cloud: Ports["cloud"]): Promise<Member[]> {
  const { wake, idle } = fleet;
  const instances = await describeInstances(cloud, {
    tags: { [TAG.fleet]: fleet.name, [TAG.role]: "member" },
    many: true,
  });
  const optOut = idle?.optOutTag;
  const wakeable = ({ status, imageId: own, locks, tags }: Instance): boolean =>
    wake.enabled &&
    status === "Stopped" &&
    locks.length === 0 &&
    (wake.olderImages || own === imageId) &&
    (optOut === undefined || !(optOut in tags));
  const prices = await pricesOf(fleet, instances, cloud);
  return instances.map((instance) => ({
    id: instance.id,
    run: instance.tags[TAG.run],
    wakeable: wakeable(instance),
    ...(instance.hostName !== undefined && { hostName: instance.hostName }),
    ...(prices !== undefined && { price: prices(instance) }),
  }));
}
