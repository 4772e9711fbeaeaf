/** Takes back what Kiln has shared. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { imageShares, shareImage } from "../../../shared/cloud/ecs/shares.ts";
import { forgetShares } from "../../../shared/delivered.ts";
import { ok } from "../../../shared/result.ts";
import { NO_CHANGE, placed, type Change, type Place } from "./deprecate.ts";

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
