/** Rules that several image actions share: names, quotas, families. Source: their error tables. */
import { CloudFault } from "../core/kernel.ts";
import type { Params } from "../core/params.ts";
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

const LINUX = [
  "Aliyun",
  "Anolis",
  "CentOS",
  "Ubuntu",
  "CoreOS",
  "SUSE",
  "Debian",
  "OpenSUSE",
  "FreeBSD",
  "RedHat",
  "Kylin",
  "UOS",
  "Fedora",
  "Fedora CoreOS",
  "CentOS Stream",
  "AlmaLinux",
  "Rocky Linux",
  "Gentoo",
  "Customized Linux",
  "Others Linux",
];
const WINDOWS = ["2022", "2019", "2016", "2012", "2008", "2003"].map((year) => `Windows Server ${year}`);

/** ImportImage, Platform. */
export const IMPORT_PLATFORMS: ReadonlySet<string> = new Set([...LINUX, ...WINDOWS, "Other Windows"]);
/** CreateImage, Platform; the last two are names of 2019. */
export const PLATFORMS: ReadonlySet<string> = new Set([...LINUX, ...WINDOWS, "Aliyun Linux", "Windows 7"]);

/** @throws CloudFault 400 InvalidPlatform.Malformed. */
export function checkPlatform(platform: string | undefined, known: ReadonlySet<string>): void {
  if (platform !== undefined && !known.has(platform)) {
    throw new CloudFault(400, "InvalidPlatform.Malformed", "The specified Platform is wrongly formed.");
  }
}

/**
 * Whether the cloud checks the image when it is ready. There is one strategy; the code for another is our guess.
 * @throws CloudFault 400 InvalidParameter.
 */
export const wantsDetection = (params: Params): boolean =>
  params.oneOf("DetectionStrategy", ["Standard"]) !== undefined;

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
