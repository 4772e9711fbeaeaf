/** What a fleet owns, as far as its limits care. */
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { optedOutUntil } from "../../shared/marks.ts";
import type { Member } from "./grant.ts";
import { pricesOf } from "./price.ts";

/** Every instance of the fleet, running or stopped, with what of it may be started instead of bought. */
export async function membersOf(fleet: Fleet, imageId: string, { cloud, clock }: Ports): Promise<Member[]> {
  const { wake, idle } = fleet;
  const now = clock.now();
  const instances = await describeInstances(cloud, {
    tags: { [TAG.fleet]: fleet.name, [TAG.role]: "member" },
    many: true,
  });
  const wakeable = (instance: Instance): boolean =>
    wake.enabled &&
    instance.status === "Stopped" &&
    instance.locks.length === 0 &&
    (wake.olderImages || instance.imageId === imageId) &&
    (idle === undefined || optedOutUntil(instance, idle.optOutTag, now) === undefined);
  const prices = await pricesOf(fleet, instances, cloud);
  return instances.map((instance) => ({
    id: instance.id,
    run: instance.tags[TAG.run],
    wakeable: wakeable(instance),
    ...(instance.hostName !== undefined && { hostName: instance.hostName }),
    ...(prices !== undefined && { price: prices(instance) }),
  }));
}
