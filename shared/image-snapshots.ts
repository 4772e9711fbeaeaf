/** Images and their snapshots are deleted together: a snapshot outlives its image and is charged on. */
import { deleteImage, type Image } from "./cloud/ecs/images.ts";
import { tagResources } from "./cloud/ecs/tags.ts";
import { inRegion, type CloudClient } from "./cloud/client.ts";
import { ownTags, ROLE, TAG } from "./tags.ts";

/**
 * The snapshots that were made with an image. An image that is made of snapshots has those instead, as its provenance
 * says: they are the user's, and are neither tagged nor deleted.
 */
export const ownSnapshots = ({ snapshotIds, tags }: Pick<Image, "snapshotIds" | "tags">): readonly string[] =>
  /^from (?:s-|empty\b)/.test(tags[TAG.base] ?? "") ? [] : snapshotIds;

/** Tags of the user on an image; others are of Kiln, or of the cloud, which alone may write them. */
const userTags = ({ tags }: Pick<Image, "tags">) =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !/^(?:kiln:|acs:|aliyun)/.test(key)));

/** Tags the snapshots of an image as the image, so that they are still found when the image is gone. CreateImage tags only the image. */
export async function tagSnapshots(
  cloud: CloudClient,
  image: Pick<Image, "snapshotIds" | "tags">,
  tags: Readonly<Record<string, string>>,
  region?: string,
): Promise<void> {
  const ids = ownSnapshots(image);
  if (ids.length === 0) return;
  const all = ownTags(cloud, { ...userTags(image), ...tags, [TAG.role]: ROLE.snapshot });
  await tagResources(inRegion(cloud, region), "snapshot", ids, all);
}

/**
 * Deletes an image of a run, as it was just read; its snapshots stay, tagged with the run, and are deleted next. One that a family
 * may serve stays, because a user put it there. @returns why it stays
 */
export async function deleteImageOf(
  cloud: CloudClient,
  run: string,
  image: Pick<Image, "id" | "snapshotIds" | "tags" | "family" | "status">,
  region?: string,
): Promise<string | undefined> {
  const { id, family, status } = image;
  if (family !== "" && status === "Available") return `${id} is in family ${family}, so it stays`;
  await tagSnapshots(cloud, image, { [TAG.run]: run }, region);
  await deleteImage(cloud, id, region === undefined ? {} : { region });
  return undefined;
}
