/** Rules that several image actions share: names, quotas, families. Source: their error tables. */
import { CloudFault } from "../core/kernel.ts";
import type { World } from "./world.ts";

/** ≤100 images per family and ≤100 families per region. Source: an older page on image families. */
const FAMILY_LIMIT = 100;

/** @throws CloudFault 400 InvalidImageName.Duplicated: names are unique per account and region. */
export function checkNameIsFree(world: World, regionId: string, name: string, exceptId?: string): void {
  for (const image of world.images.values()) {
    if (
      image.ownerAlias === "self" &&
      image.regionId === regionId &&
      image.name === name &&
      image.imageId !== exceptId
    ) {
      throw new CloudFault(
        400,
        "InvalidImageName.Duplicated",
        "The specified Image name has already bean used.",
      );
    }
  }
}

/** @throws CloudFault 403 QuotaExceed.Image. */
export function checkImageQuota(world: World, regionId: string): void {
  let own = 0;
  for (const image of world.images.values())
    if (image.ownerAlias === "self" && image.regionId === regionId) own++;
  if (own >= world.quotas.images) throw new CloudFault(403, "QuotaExceed.Image", "The Image Quota exceeds.");
}

/** The two limits of families; CreateImage and ModifyImageAttribute spell them differently. */
export function checkFamilyQuota(
  world: World,
  regionId: string,
  family: string,
  codes: readonly [full: string, many: string],
): void {
  const families = new Set<string>();
  let members = 0;
  for (const image of world.images.values()) {
    if (image.ownerAlias !== "self" || image.regionId !== regionId || image.family === "") continue;
    families.add(image.family);
    if (image.family === family) members++;
  }
  if (members >= FAMILY_LIMIT) throw new CloudFault(400, codes[0], "The image family has too many images.");
  if (!families.has(family) && families.size >= FAMILY_LIMIT)
    throw new CloudFault(400, codes[1], "There are too many image families.");
}
