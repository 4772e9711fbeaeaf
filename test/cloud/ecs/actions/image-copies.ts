/** CopyImage, CancelCopyImage, DeleteImage: copies have no family, and what is in use is not deleted. */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { COMMON_TOKENS, NOTHING, needImage, readResourceGroup, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { checkImageQuota, checkNameIsFree } from "../image-rules.ts";
import { keyOf } from "../launch-disks.ts";
import { checkDescription, checkImageName } from "../names.ts";
import type { Image, ImageDisk } from "../records.ts";

export const CopyImage: EcsAction = {
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params, regionId } = call;
    const destination = readDestination(call);
    const source = needImage(call);
    refuseIf(
      source.ownerAlias !== "self",
      403,
      "OperationDenied.SameRegionOnly",
      "The image cannot be copied to another region.",
    );
    if (source.status !== "Available") throw incorrectImageStatus();
    const name = params.text("DestinationImageName");
    if (name !== undefined) checkImageName(name);
    checkDescription(params.text("DestinationDescription"));
    if (name !== undefined) checkNameIsFree(world, destination, name);
    checkImageQuota(world, destination);
    const tags = params.tags();
    const resourceGroupId = readResourceGroup(call);
    stopIfDry(params);
    const copy = world.imaging.copy({
      regionId: destination,
      name: name ?? "",
      family: "",
      description: params.text("DestinationDescription") ?? "",
      version: source.version,
      architecture: source.architecture,
      osName: source.osName,
      platform: source.platform,
      bootMode: source.bootMode,
      imdsSupport: source.imdsSupport,
      resourceGroupId,
      disks: source.disks.map((disk) => copiedDisk(disk, call)),
      durationMs: world.delays.copyMs,
      copiedFrom: { regionId, imageId: source.imageId },
    });
    world.tags.put("image", copy.imageId, tags);
    return { ImageId: copy.imageId };
  },
};

/**
 * The copy's own snapshots appear with it in the destination; this world does not list them. What is encrypted stays so, and
 * a key is of one region: without another one the copy has the service key.
 */
const copiedDisk = (disk: ImageDisk, { params }: Call): ImageDisk => ({
  ...disk,
  snapshotId: undefined,
  key: keyOf(params, disk.key === undefined ? undefined : ""),
});

const incorrectImageStatus = (): CloudFault =>
  new CloudFault(
    400,
    "IncorrectImageStatus",
    "The current status of the image does not support this operation.",
  );

/** Within one region, only a copy that is encrypted is allowed. */
function readDestination({ world, params, regionId }: Call): string {
  const destination = params.text("DestinationRegionId") ?? regionId;
  const isKnown = world.regions.has(destination);
  refuseIf(!isKnown, 400, "DestinationRegion.NotFound", "The specified destination region does not exist.");
  refuseIf(
    destination === regionId && params.bool("Encrypted") !== true,
    403,
    "IncorrectDestinationRegion",
    "The destination region must differ from the source region.",
  );
  return destination;
}

/** RegionId is the destination, ImageId the copy; it is deleted. */
export const CancelCopyImage: EcsAction = {
  run: (call) => {
    const image = needImage(call);
    if (!image.isCopied) throw new CloudFault(400, "CancelNotSupported", "The image is not a copy.");
    if (image.status !== "Creating" && image.status !== "Waiting") throw incorrectImageStatus();
    call.world.imaging.remove(image);
    return NOTHING;
  },
};

export const DeleteImage: EcsAction = {
  run: (call) => {
    const { world, params, regionId } = call;
    const image = world.image(regionId, params.need("ImageId"));
    // The remark says an unknown image is ignored, the table says 404; we take the table for images.
    if (image === undefined)
      throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
    checkDelete(call, image);
    stopIfDry(params);
    world.imaging.remove(image);
    return NOTHING;
  },
};

function checkDelete({ world, params }: Call, image: Image): void {
  if (image.ownerAlias !== "self" || image.isPublic)
    throw new CloudFault(403, "ImageIsPublic", "The image is public.");
  if (image.importing)
    throw new CloudFault(403, "ImageIsImporting", "The image is being imported; cancel its task instead.");
  if (image.sharedWith.size > 0) throw new CloudFault(403, "ImageUseShared", "The image is shared.");
  if (world.imaging.isBeingCopied(image))
    throw new CloudFault(403, "OperationDenied.ImageCopying", "The image is being copied.");
  const users = world.imageUsers.get(`${image.regionId}:${image.imageId}`)?.size ?? 0;
  if (users > 0 && !params.bool("Force")) {
    throw new CloudFault(
      403,
      "ImageUsingByInstance",
      "The specified image has been used to create instances; use Force to delete it.",
    );
  }
}
