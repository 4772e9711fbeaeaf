/**
 * Takes images out of their family's choice and back into it. An image must be unshared before it is deprecated, and
 * a second deprecation is refused; so each call reads and makes the one change that is due.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyimageattribute
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { goneIsDone } from "../../../shared/cloud/ecs/gone.ts";
import { modifyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares, shareImage } from "../../../shared/cloud/ecs/shares.ts";
import { accountsOf, deliveredOf, forgetTaken, noteTaken, takenFrom } from "../../../shared/delivered.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import { ownImage } from "./own.ts";

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

/** The accounts that lose an image when it is deprecated, whoever shared it. */
export const unsharedBy = (images: readonly Deprecation[]): string[] =>
  images.flatMap((image) =>
    image.accounts.length === 0 ? [] : [`${placed(image)} from ${image.accounts.join(", ")}`],
  );

/** What deprecating would change: the images, and the accounts that lose one by it. */
export function deprecationPlan(images: readonly Deprecation[]) {
  const wouldUnshare = unsharedBy(images);
  return { images: images.map(placed), unshared: wouldUnshare.length > 0 && { wouldUnshare } };
}

/** A change that was made, as a sentence; undefined when none is due any more. A problem when it must not be made. */
export type Change = Result<string | undefined>;

export const NO_CHANGE = ok(undefined);

/** The first change that `change` makes to one of `items`, or the first problem. */
export async function firstChange<T>(
  items: Iterable<T>,
  change: (item: T) => Promise<Change>,
): Promise<Change> {
  for (const item of items) {
    const made = await change(item);
    if (!made.ok || made.value !== undefined) return made;
  }
  return NO_CHANGE;
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

/** A member of the family as it is now, undefined when it is gone. A problem when it is none that Kiln may change. */
async function ownMember(
  cloud: CloudClient,
  family: string,
  place: Place,
): Promise<Result<Image | undefined>> {
  const found = await ownImage(cloud, place);
  return found.ok && found.value !== undefined && found.value.family !== family
    ? problem(`${placed(place)} is not in family ${family}, so Kiln leaves it as it is`)
    : found;
}

/** Those of `images` that are there and that Kiln may change as members of the family: an event that names one is no authority. */
export async function ownMembers(
  cloud: CloudClient,
  family: string,
  images: readonly Deprecation[],
): Promise<Deprecation[]> {
  const own: Deprecation[] = [];
  for (const image of images) {
    const found = await ownMember(cloud, family, image);
    if (found.ok && found.value !== undefined) own.push(image);
  }
  return own;
}

/** Makes one change of a member towards Deprecated; none when it is there or gone. */
export async function deprecate(cloud: CloudClient, family: string, place: Place): Promise<Change> {
  const found = await ownMember(cloud, family, place);
  if (!found.ok) return found;
  return found.value === undefined ? NO_CHANGE : deprecateOwn(cloud, found.value, place.region);
}

/** As `deprecate`, of an image whose tags were just read. */
export async function deprecateOwn(cloud: CloudClient, image: Image, region: string): Promise<Change> {
  const { id: imageId, status } = image;
  const place = { region, imageId };
  if (status !== "Available") return NO_CHANGE;
  const remove = await imageShares(cloud, imageId, region);
  if (remove.length > 0) {
    const recipe = image.tags[TAG.recipe];
    if (recipe !== undefined) await noteTaken(cloud, recipe, place, remove);
    await shareImage(cloud, imageId, { remove }, region);
    return ok(`${placed(place)} is no longer shared with ${remove.join(", ")}`);
  }
  await goneIsDone(modifyImage(cloud, imageId, { status: "Deprecated" }, region));
  return ok(`${placed(place)} is deprecated`);
}

/** The accounts that the recipe still names, and those that shared the image by hand. */
async function stillGranted(
  cloud: CloudClient,
  recipe: string,
  image: Deprecation,
): Promise<readonly string[]> {
  const delivered = await deliveredOf(cloud, recipe);
  const found = await loadRecipe(cloud, recipe);
  const named = "problem" in found ? accountsOf(delivered, image) : namedIn(image, found.document, cloud);
  const byHand = takenFrom(delivered, image);
  return image.accounts.filter((account) => named.includes(account) || byHand.includes(account));
}

const namedIn = ({ region }: Place, { promote }: Recipe, { access }: CloudClient): readonly string[] =>
  region === access.region || promote.regions.includes(region) ? promote.accounts : [];

/** The reverse: makes the member Available first, then shares it as before. */
export async function restore(cloud: CloudClient, family: string, image: Deprecation): Promise<Change> {
  const { region, imageId, accounts } = image;
  const found = await ownMember(cloud, family, image);
  if (!found.ok) return found;
  if (found.value === undefined) return NO_CHANGE;
  if (found.value.status === "Deprecated") {
    await goneIsDone(modifyImage(cloud, imageId, { status: "Available" }, region));
    return ok(`${placed(image)} is available again`);
  }
  const recipe = found.value.tags[TAG.recipe];
  const granted = recipe === undefined ? accounts : await stillGranted(cloud, recipe, image);
  const add = await missingShares(cloud, granted, image);
  if (add.length === 0) {
    if (recipe !== undefined) await forgetTaken(cloud, recipe, image, accounts);
    return NO_CHANGE;
  }
  await shareImage(cloud, imageId, { add }, region);
  return ok(`${placed(image)} is shared again with ${add.join(", ")}`);
}
