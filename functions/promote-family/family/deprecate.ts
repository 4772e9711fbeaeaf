/**
 * Takes images out of their family's choice and back into it. An image must be unshared before it is deprecated, and
 * a second deprecation is refused; so each call reads and makes the one change that is due.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyimageattribute
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { goneIsDone } from "../../../shared/cloud/ecs/gone.ts";
import { describeImages, modifyImage } from "../../../shared/cloud/ecs/images.ts";
import { imageShares, shareImage } from "../../../shared/cloud/ecs/shares.ts";

/** An image in a region that a run deprecates, and the accounts it was shared with until then. */
export const Deprecation = z.strictObject({
  region: z.string(),
  imageId: z.string(),
  accounts: z.array(z.string()),
});
export type Deprecation = z.infer<typeof Deprecation>;

/** An image id and its region. */
export type Place = Pick<Deprecation, "region" | "imageId">;

/** Region → image id. */
export const ImageIn = z.record(z.string(), z.string());

/** An image and its region, in words. */
export const placed = ({ imageId, region }: Place): string => `${imageId} in ${region}`;

/** What deprecating would change: the images, and the accounts that lose one by it. */
export function deprecationPlan(images: readonly Deprecation[]) {
  const wouldUnshare = images.flatMap((image) =>
    image.accounts.length === 0 ? [] : [`${placed(image)} from ${image.accounts.join(", ")}`],
  );
  return { images: images.map(placed), unshared: wouldUnshare.length > 0 && { wouldUnshare } };
}

/** The first change that `change` makes to one of `items`, as a sentence; undefined when none is due any more. */
export async function firstChange<T>(
  items: Iterable<T>,
  change: (item: T) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const item of items) {
    const note = await change(item);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** Those of `accounts` that the image is not shared with. */
export async function missingShares(
  cloud: CloudClient,
  accounts: readonly string[],
  { region, imageId }: Place,
): Promise<string[]> {
  const shared = accounts.length === 0 ? [] : await imageShares(cloud, imageId, region);
  return accounts.filter((account) => !shared.includes(account));
}

/** Makes one change towards Deprecated and says which; undefined when the image is there or gone. */
export async function deprecate(cloud: CloudClient, place: Place): Promise<string | undefined> {
  const { region, imageId } = place;
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  if (image?.status !== "Available") return undefined;
  const remove = await imageShares(cloud, imageId, region);
  if (remove.length > 0) {
    await shareImage(cloud, imageId, { remove }, region);
    return `${placed(place)} is no longer shared with ${remove.join(", ")}`;
  }
  await goneIsDone(modifyImage(cloud, imageId, { status: "Deprecated" }, region));
  return `${placed(place)} is deprecated`;
}

/** The reverse: makes the image Available first, then shares it as before. */
export async function restore(cloud: CloudClient, image: Deprecation): Promise<string | undefined> {
  const { region, imageId, accounts } = image;
  const [found] = await describeImages(cloud, { ids: [imageId] }, region);
  if (found === undefined) return undefined;
  if (found.status === "Deprecated") {
    await goneIsDone(modifyImage(cloud, imageId, { status: "Available" }, region));
    return `${placed(image)} is available again`;
  }
  const add = await missingShares(cloud, accounts, image);
  if (add.length === 0) return undefined;
  await shareImage(cloud, imageId, { add }, region);
  return `${placed(image)} is shared again with ${add.join(", ")}`;
}
