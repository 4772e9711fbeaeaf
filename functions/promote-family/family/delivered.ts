/**
 * Everything that the promotions of a recipe have left in the cloud, one empty object each: regions with copies, and accounts that an
 * image was shared with.
 *
 * DELIVERED-1. An object is written before the change it is about, so nothing that Kiln shared or copied is missing.
 * DELIVERED-2. Sharing without an object was not made by Kiln: it is never taken back, and it protects its image.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { imageShares, shareImage } from "../../../shared/cloud/ecs/shares.ts";
import { deleteObject, listObjects, putObject } from "../../../shared/cloud/oss/objects.ts";
import { deliveredFolder } from "../../../shared/keys.ts";
import { ok } from "../../../shared/result.ts";
import { NO_CHANGE, placed, type Change, type Place } from "./deprecate.ts";

interface Share extends Place {
  readonly account: string;
}

const regionKey = (recipe: string, region: string): string => `${deliveredFolder(recipe)}regions/${region}`;

const sharesKey = (recipe: string, { region, imageId }: Place, account = ""): string =>
  `${deliveredFolder(recipe)}shares/${region}/${imageId}/${account}`;

const put = (cloud: CloudClient, key: string): Promise<unknown> =>
  putObject(cloud, key, "", { contentType: "text/plain" });

/** Before a copy is made (DELIVERED-1). */
export const noteRegion = (cloud: CloudClient, recipe: string, region: string): Promise<unknown> =>
  put(cloud, regionKey(recipe, region));

export const forgetRegion = (cloud: CloudClient, recipe: string, region: string): Promise<void> =>
  deleteObject(cloud, regionKey(recipe, region));

/** Before an image is shared (DELIVERED-1). */
export async function noteShares(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts) await put(cloud, sharesKey(recipe, place, account));
}

/** After an image was taken back, or is gone. */
export async function forgetShares(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts) await deleteObject(cloud, sharesKey(recipe, place, account));
}

/** Everything that promotions of a recipe have noted. */
export async function deliveredOf(cloud: CloudClient, recipe: string) {
  const folder = deliveredFolder(recipe);
  const regions: string[] = [];
  const shares: Share[] = [];
  for (const { key } of await listObjects(cloud, folder)) {
    const [kind, region = "", imageId = "", account = ""] = key.slice(folder.length).split("/");
    if (kind === "regions") regions.push(region);
    else if (kind === "shares") shares.push({ region, imageId, account });
  }
  return { regions, shares };
}

export type Delivered = Awaited<ReturnType<typeof deliveredOf>>;

/** Accounts that Kiln shared an image with. */
export const accountsOf = ({ shares }: Delivered, { region, imageId }: Place): string[] =>
  shares.flatMap((one) => (one.region === region && one.imageId === imageId ? [one.account] : []));

/** Regions with copies that the recipe does not name. */
export const formerRegions = (
  { regions }: Delivered,
  { promote }: { readonly promote: { readonly regions: readonly string[] } },
  home: string,
): readonly string[] => regions.filter((region) => region !== home && !promote.regions.includes(region));

/** Takes an image back from those of `accounts` that Kiln shared it with, and forgets the others. */
export async function takeBack(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<Change> {
  if (accounts.length === 0) return NO_CHANGE;
  const shared = await imageShares(cloud, place.imageId, place.region);
  const remove = accounts.filter((account) => shared.includes(account));
  if (remove.length > 0) {
    await shareImage(cloud, place.imageId, { remove }, place.region);
    return ok(`${placed(place)} is no longer shared with ${remove.join(", ")}`);
  }
  await forgetShares(cloud, recipe, place, accounts);
  return NO_CHANGE;
}
