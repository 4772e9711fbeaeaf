/**
 * Everything that the promotions of a recipe have left in the cloud, one empty object each: regions with copies, and accounts that an
 * image was shared with.
 *
 * DELIVERED-1. An object is written before the change it is about, so nothing that Kiln shared or copied is missing.
 * DELIVERED-2. Sharing without an object was not made by Kiln, but by hand: it is taken back only where its image is deprecated,
 *     which the cloud allows for no shared image. An object of its own remembers it until the image is restored.
 */
import type { CloudClient } from "./cloud/client.ts";
import { deleteObject, listObjects, putObject } from "./cloud/oss/objects.ts";
import { deliveredFolder } from "./keys.ts";

interface Place {
  readonly region: string;
  readonly imageId: string;
}

interface Share extends Place {
  readonly account: string;
}

/** `regions`: with copies. `left`: withdrawn, and not delivered to since. */
const regionKey = (recipe: string, region: string, kind: "regions" | "left" = "regions"): string =>
  `${deliveredFolder(recipe)}${kind}/${region}`;

/** `shares`: made by Kiln. `taken`: made by hand, and taken back with the image. */
const shareKey = (kind: "shares" | "taken", recipe: string, { region, imageId, account }: Share): string =>
  `${deliveredFolder(recipe)}${kind}/${region}/${imageId}/${account}`;

const put = (cloud: CloudClient, key: string): Promise<unknown> =>
  putObject(cloud, key, "", { contentType: "text/plain" });

/** Before a copy is made or used again (DELIVERED-1). */
export async function noteRegion(cloud: CloudClient, recipe: string, region: string): Promise<void> {
  await put(cloud, regionKey(recipe, region));
  await deleteObject(cloud, regionKey(recipe, region, "left"));
}

/** Before a copy is withdrawn. */
export const noteLeft = (cloud: CloudClient, recipe: string, region: string): Promise<unknown> =>
  put(cloud, regionKey(recipe, region, "left"));

export const forgetRegion = (cloud: CloudClient, recipe: string, region: string): Promise<void> =>
  deleteObject(cloud, regionKey(recipe, region));

/** Before an image is shared (DELIVERED-1). */
export async function noteShares(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts) await put(cloud, shareKey("shares", recipe, { ...place, account }));
}

/** After an image was taken back, or is gone. */
export async function forgetShares(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts)
    await deleteObject(cloud, shareKey("shares", recipe, { ...place, account }));
}

/** Before an image is taken back from accounts, to be deprecated (DELIVERED-2). */
export async function noteTaken(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  const own = accountsOf(await deliveredOf(cloud, recipe), place);
  for (const account of accounts)
    if (!own.includes(account)) await put(cloud, shareKey("taken", recipe, { ...place, account }));
}

/** After a deprecated image was restored. */
export async function forgetTaken(
  cloud: CloudClient,
  recipe: string,
  place: Place,
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts) await deleteObject(cloud, shareKey("taken", recipe, { ...place, account }));
}

/** Everything that promotions of a recipe have noted. */
export async function deliveredOf(cloud: CloudClient, recipe: string) {
  const folder = deliveredFolder(recipe);
  const regions: string[] = [];
  const left: string[] = [];
  const shares: Share[] = [];
  const taken: Share[] = [];
  for (const { key } of await listObjects(cloud, folder)) {
    const [kind, region = "", imageId = "", account = ""] = key.slice(folder.length).split("/");
    if (kind === "regions") regions.push(region);
    else if (kind === "left") left.push(region);
    else if (kind === "shares") shares.push({ region, imageId, account });
    else if (kind === "taken") taken.push({ region, imageId, account });
  }
  return { regions, left, shares, taken };
}

export type Delivered = Awaited<ReturnType<typeof deliveredOf>>;

const accountsIn = (all: readonly Share[], { region, imageId }: Place): string[] =>
  all.flatMap((one) => (one.region === region && one.imageId === imageId ? [one.account] : []));

/** Accounts that Kiln shared an image with. */
export const accountsOf = ({ shares }: Delivered, place: Place): string[] => accountsIn(shares, place);

/** Accounts that an image was shared with by hand until it was deprecated. */
export const takenFrom = ({ taken }: Delivered, place: Place): string[] => accountsIn(taken, place);

/** Regions with copies that the recipe does not name. */
export const formerRegions = (
  { regions }: Delivered,
  { promote }: { readonly promote: { readonly regions: readonly string[] } },
  home: string,
): readonly string[] => regions.filter((region) => region !== home && !promote.regions.includes(region));
