/** The instances a run launched, as the cloud lists them, and the images they may have. */
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { minutes } from "../../../shared/duration.ts";
import { ownedByRun } from "../../../shared/ownership.ts";
import { isForeign, ROLE, TAG } from "../../../shared/tags.ts";
import type { PlannedEvent } from "./events.ts";

/** An instance that was answered and is not listed this long after is lost. */
export const ABSENT_MS = minutes(2);

/** Everything a run launched, by tag: instances of a call whose answer was lost are included. */
export async function launchedBy(run: string, cloud: CloudClient): Promise<Instance[]> {
  const tags = { [TAG.run]: run, [TAG.role]: ROLE.member };
  // ListTagResources: the tag filter of DescribeInstances ends at a thousand.
  const found = await describeInstances(cloud, { tags, many: true });
  return found.filter((instance) => !isForeign(cloud, instance));
}

/** The images the family served while this run launched, the current one included. */
export async function servedImages({ input, progress }: PlannedEvent, cloud: CloudClient): Promise<string[]> {
  const now = await familyImage(cloud, input.document.family);
  return [...new Set([...progress.images, ...(now ? [now.id] : [])])];
}

/** A subscription is paid to its end, and a user protected the others on purpose. */
export const canRelease = ({ chargeType, deletionProtection }: Instance): boolean =>
  chargeType !== "PrePaid" && !deletionProtection;

/** The instances that a run may release, right before it does (OWN-3). */
export async function releasableBy(
  run: string,
  instances: readonly Instance[],
  cloud: CloudClient,
): Promise<Instance[]> {
  const releasable: Instance[] = [];
  for (const instance of instances.filter(canRelease)) {
    const own = await ownedByRun(cloud, { kind: "instance" }, instance, run);
    if (own.ok) releasable.push(instance);
  }
  return releasable;
}

/** The first ids of a list, for a message. */
export const summarize = (ids: readonly string[]): string =>
  ids.length <= 5 ? ids.join(", ") : `${ids.slice(0, 5).join(", ")} and ${ids.length - 5} more`;
