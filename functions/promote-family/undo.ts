/**
 * A promotion that cannot be finished is taken back, one change a step, each decided by what is there.
 *
 * U1. First what was deprecated for it comes back, so that every family serves again what it served before.
 * U2. The image itself is deprecated where this run put it into the family: a family can be changed but not
 *     left, and a deprecated member is never chosen.
 * U3. A join that was abandoned may have happened all the same; then the image's own family says so.
 * U4. Copies this run made are deleted, then their snapshots; one that instances already run from is deprecated.
 *     Found by tag as well as by id, so that a copy whose answer was lost is not missed.
 */
import { release } from "../../shared/claim.ts";
import {
  cancelCopyImage,
  deleteImage,
  describeImages,
  familyImage,
  type Image,
} from "../../shared/cloud/images.ts";
import { imageShares, shareImage } from "../../shared/cloud/shares.ts";
import { deleteSnapshot, describeSnapshots } from "../../shared/cloud/snapshots.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { seconds } from "../../shared/duration.ts";
import type { At, PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { failed, wait, type Outcome } from "../../shared/machine.ts";
import { demote, reinstate } from "./demote.ts";
import { claimOf, copyRegions, homeOf, imageIn, joinOrder } from "./regions.ts";
import { standingTag } from "./standing.ts";

async function undo(given: At<"undo">, ports: Ports): Promise<Outcome<PromoteEvent>> {
  const { cloud } = ports;
  const { job, run } = given;
  const event = { ...given, joined: await joinedRegions(given, ports) };
  const change =
    (await bringBack(event, ports)) ?? (await takeOut(event, ports)) ?? (await removeCopies(event, ports));
  if (change !== undefined) return wait(seconds(3), change);
  await tagResources(cloud, "image", [job.imageId], standingTag("failed", run));
  await release(cloud, claimOf(job.family), run);
  return failed(`${event.reason}. ${await account(event, ports)}`);
}

async function joinedRegions(event: At<"undo">, ports: Ports): Promise<string[]> {
  const { job, joined, members, copies, stray = false } = event;
  const home = homeOf(ports);
  const found = [...joined];
  for (const region of stray ? joinOrder(job, home) : []) {
    if (found.includes(region) || members.includes(region)) continue;
    if (region !== home && copies[region] === undefined) continue;
    const [image] = await describeImages(ports.cloud, { ids: [imageIn(region, job, event, home)] }, region);
    if (image?.family === job.family) found.push(region);
  }
  return found;
}

async function bringBack(event: At<"undo">, { cloud }: Ports): Promise<string | undefined> {
  for (const demoted of event.cleared.toReversed()) {
    const change = await reinstate(cloud, demoted);
    if (change !== undefined) return change;
  }
  return undefined;
}

async function takeOut(event: At<"undo">, ports: Ports): Promise<string | undefined> {
  const { cloud } = ports;
  const { job } = event;
  const home = homeOf(ports);
  const own = new Set(copyRegions(job, home).filter((region) => !event.adopted.includes(region)));
  for (const region of event.joined.filter((joined) => !own.has(joined))) {
    const change = await demote(cloud, { region, imageId: imageIn(region, job, event, home) });
    if (change !== undefined) return change;
  }
  // Shared by this run for a promotion that did not come: only where the family never had it.
  if (event.joined.includes(home) || event.members.includes(home)) return undefined;
  const { accounts } = job.document.promote;
  const shared = accounts.length === 0 ? [] : await imageShares(cloud, job.imageId);
  const remove = shared.filter((account) => accounts.includes(account));
  if (remove.length === 0) return undefined;
  await shareImage(cloud, job.imageId, { remove });
  return `${job.imageId} is no longer shared with ${remove.join(", ")}`;
}

async function removeCopies(event: At<"undo">, ports: Ports): Promise<string | undefined> {
  const { cloud } = ports;
  const tags = { [TAG.run]: event.run, [TAG.role]: "copy" };
  for (const region of copyRegions(event.job, homeOf(ports))) {
    for (const image of await describeImages(cloud, { tags }, region)) {
      const change = await removeCopy(image, region, event.run, ports);
      if (change !== undefined) return change;
    }
    const left = await describeSnapshots(
      cloud,
      { tags: { [TAG.run]: event.run, [TAG.role]: "snapshot" } },
      region,
    );
    // Snapshots of a copy that had to stay are still its own.
    const snapshot = left.find(({ usage }) => !usage.startsWith("image"));
    if (snapshot === undefined) continue;
    await deleteSnapshot(cloud, snapshot.id, { region });
    return `${snapshot.id} in ${region} is removed`;
  }
  return undefined;
}

async function removeCopy(
  image: Image,
  region: string,
  run: string,
  { cloud }: Ports,
): Promise<string | undefined> {
  if (image.status === "Creating" || image.status === "Waiting") {
    await cancelCopyImage(cloud, image.id, region);
    return `the copy ${image.id} in ${region} is cancelled`;
  }
  if (image.usage === "instance") return demote(cloud, { region, imageId: image.id });
  const accounts = image.shared ? await imageShares(cloud, image.id, region) : [];
  if (accounts.length > 0) {
    await shareImage(cloud, image.id, { remove: accounts }, region);
    return `${image.id} in ${region} is no longer shared`;
  }
  // Told first, so that the snapshots are still found when the image is gone.
  const tags = { [TAG.run]: run, [TAG.role]: "snapshot" };
  if (image.snapshotIds.length > 0) await tagResources(cloud, "snapshot", image.snapshotIds, tags, region);
  await deleteImage(cloud, image.id, { region });
  return `the copy ${image.id} in ${region} is removed`;
}

/** What is true now, in the record's words. */
async function account(event: At<"undo">, ports: Ports): Promise<string> {
  const { job, joined } = event;
  const order = joinOrder(job, homeOf(ports));
  if (joined.length === 0) return order.length === 1 ? "The family did not move." : "No region moved.";
  const serves: string[] = [];
  for (const region of order) {
    const image = await familyImage(ports.cloud, job.family, region);
    serves.push(`${region} ${image?.id ?? "nothing"}`);
  }
  return `Moved in ${joined.join(", ")} and taken back; ${job.family} answers: ${serves.join(", ")}`;
}

export const undoSteps = { undo };
