/** Changes of an own image: name, family, description, Deprecated and back, in one call. */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { NOTHING, needImage, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { checkFamilyQuota, checkNameIsFree } from "../image-rules.ts";
import { checkDescription, checkImageFamily, checkImageName } from "../names.ts";
import type { Image } from "../records.ts";

export const ModifyImageAttribute: EcsAction = {
  run: (call) => {
    const { params } = call;
    const image = needOwnImage(call);
    const words = readWords(call, image);
    const status = params.oneOf("Status", ["Deprecated", "Available"]) ?? image.status;
    if (params.has("Status")) checkStatus(image, status);
    const bootMode = params.oneOf("BootMode", ["BIOS", "UEFI", "UEFI-Preferred"]) ?? image.bootMode;
    const imdsSupport = params.struct("Features").oneOf("ImdsSupport", ["v1", "v2"]) ?? image.imdsSupport;
    refuseIf(
      imdsSupport === "v1" && image.imdsSupport === "v2",
      403,
      "InvalidOperation.FeaturesImdsSupportNotMatch",
      "The IMDS support of the image cannot go back to v1.",
    );
    stopIfDry(params);
    Object.assign(image, { ...words, status, bootMode, imdsSupport });
    return NOTHING;
  },
};

function readWords(
  { world, params, regionId }: Call,
  image: Image,
): Pick<Image, "name" | "family" | "description"> {
  const { imageId, name: oldName, family: oldFamily } = image;
  const [name = oldName, family = oldFamily] = [params.text("ImageName"), params.text("ImageFamily")];
  const description = params.text("Description");
  if (params.has("ImageName")) checkImageName(name);
  if (params.has("ImageFamily")) checkImageFamily(family);
  checkDescription(description);
  if (params.has("ImageName")) checkNameIsFree(world, regionId, name, imageId);
  if (family !== oldFamily) {
    checkFamilyQuota(world, regionId, family, ["ImageQuotaFull.ImageFamily", "ImageFamilyQuotaFull"]);
  }
  return { name, family, description: description ?? image.description };
}

/** Somebody else's image is as good as none. @throws CloudFault 404 InvalidImageId.NotFound. */
export function needOwnImage(call: Call): Image {
  const image = needImage(call);
  if (image.ownerAlias === "self") return image;
  throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
}

/** Deprecating twice is an error, and a shared image cannot be deprecated at all. */
function checkStatus(image: Image, status: Image["status"]): void {
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
