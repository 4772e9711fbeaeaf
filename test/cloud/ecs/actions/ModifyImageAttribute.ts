/** Changes of an own image: name, family, description, Deprecated and back, in one call. */
import { CloudFault } from "../../kernel.ts";
import { NOTHING, needImage, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { checkFamilyQuota, checkNameIsFree } from "../image-rules.ts";
import { checkDescription, checkImageFamily, checkImageName } from "../names.ts";
import type { Image } from "../records.ts";

export const ModifyImageAttribute: EcsAction = {
  run: (call) => {
    const { world, params, regionId } = call;
    const image = needOwnImage(call);
    const [name, family, description] = [
      params.text("ImageName"),
      params.text("ImageFamily"),
      params.text("Description"),
    ];
    if (name !== undefined) checkImageName(name);
    if (family !== undefined) checkImageFamily(family);
    checkDescription(description);
    if (name !== undefined) checkNameIsFree(world, regionId, name, image.imageId);
    if (family !== undefined && family !== image.family) {
      checkFamilyQuota(world, regionId, family, ["ImageQuotaFull.ImageFamily", "ImageFamilyQuotaFull"]);
    }
    const status = params.oneOf("Status", ["Deprecated", "Available"]);
    if (status !== undefined) checkStatus(image, status);
    const bootMode = params.oneOf("BootMode", ["BIOS", "UEFI", "UEFI-Preferred"]);
    const imds = params.struct("Features").oneOf("ImdsSupport", ["v1", "v2"]);
    if (imds === "v1" && image.imdsSupport === "v2") {
      throw new CloudFault(
        403,
        "InvalidOperation.FeaturesImdsSupportNotMatch",
        "The IMDS support of the image cannot go back to v1.",
      );
    }
    stopIfDry(params);
    image.name = name ?? image.name;
    image.family = family ?? image.family;
    image.description = description ?? image.description;
    image.status = status ?? image.status;
    image.bootMode = bootMode ?? image.bootMode;
    image.imdsSupport = imds ?? image.imdsSupport;
    return NOTHING;
  },
};

/** Somebody else's image is as good as none. @throws CloudFault 404 InvalidImageId.NotFound. */
export function needOwnImage(call: Call): Image {
  const image = needImage(call);
  if (image.ownerAlias === "self") return image;
  throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
}

/** Deprecating twice is an error, and a shared image cannot be deprecated at all. */
function checkStatus(image: Image, status: "Deprecated" | "Available"): void {
  if (image.status === "Creating" || image.status === "Waiting") {
    throw new CloudFault(403, "InvalidStatus.ImageIsCreating", "The image is being created.");
  }
  if (status === "Available") {
    if (image.status === "Deprecated") return;
    throw new CloudFault(403, "ImageStatus.NotDeprecated", "The image is not deprecated.");
  }
  if (image.status !== "Available")
    throw new CloudFault(403, "ImageStatus.NotAvailable", "The image is not available.");
  if (image.sharedWith.size > 0 || image.isPublic)
    throw new CloudFault(403, "ImageUseShared", "The image is shared.");
}
