/** Images and their snapshots are deleted together: a snapshot outlives its image and is charged on. */
import { deleteImage, type Image } from "./cloud/ecs/images.ts";
import { tagResources } from "./cloud/ecs/tags.ts";
import { inRegion, type CloudClient } from "./cloud/client.ts";
import { ownTags, ROLE, TAG } from "./tags.ts";

/** Tags the snapshots of an image, so that they are still found when the image is gone. CreateImage tags only the image. */
export async function tagSnapshots(
  cloud: CloudClient,
  image: Pick<Image, "snapshotIds">,
  tags: Readonly<Record<string, string>>,
  region?: string,
): Promise<void> {
  if (image.snapshotIds.length === 0) return;
  const all = ownTags(cloud, { ...tags, [TAG.role]: ROLE.snapshot });
  await tagResources(inRegion(cloud, region), "snapshot", image.snapshotIds, all);
}

/** Deletes an image of a run; its snapshots stay, tagged with the run, and are deleted next. */
export async function deleteImageOf(
  cloud: CloudClient,
  run: string,
  image: Pick<Image, "id" | "snapshotIds">,
  region?: string,
): Promise<void> {
  await tagSnapshots(cloud, image, { [TAG.run]: run }, region);
  await deleteImage(cloud, image.id, region === undefined ? {} : { region });
}
