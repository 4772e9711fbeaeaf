/** What a fleet owns, with what of it may be started instead of bought. */
import type { Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { Ports } from "../../shared/handler.ts";
import type { Member } from "../../shared/limits/grant.ts";
import { asMembers, membersOf } from "../../shared/limits/members.ts";
import { optedOutUntil } from "../../shared/marks.ts";

/** The members of a fleet as a scale-out asks the ledger about them. */
export async function readMembers(fleet: Fleet, imageId: string, { cloud, clock }: Ports): Promise<Member[]> {
  const { wake, idle } = fleet;
  const now = clock.now();
  const wakeable = (instance: Instance): boolean =>
    wake.enabled &&
    instance.status === "Stopped" &&
    instance.locks.length === 0 &&
    (wake.olderImages || instance.imageId === imageId) &&
    (idle === undefined || optedOutUntil(instance, idle.optOutTag, now) === undefined);
  return asMembers(fleet, await membersOf(cloud, fleet.name), imageId, wakeable, cloud);
}
