/** An image as DescribeImages and DescribeImageFromFamily show it. */
import type { JsonObject } from "../core/rpc.ts";
import { tagView } from "./instance-view.ts";
import { toSecond } from "./instant.ts";
import type { Image } from "./records.ts";
import type { World } from "./world.ts";

/** How far the work on an image is: a percentage as text. */
export function progressOf(world: World, image: Image): string {
  if (image.status === "Available" || image.status === "Deprecated") return "100%";
  if (image.status !== "Creating" || image.startedAt === undefined) return "0%";
  return percent(world.now() - image.startedAt, image.durationMs);
}

/** Never 100 before it is done. */
export function percent(elapsedMs: number, durationMs: number): string {
  return `${Math.min(99, Math.floor((elapsedMs / Math.max(durationMs, 1)) * 100))}%`;
}

/** Members that both calls have. */
export function imageView(world: World, image: Image): JsonObject {
  const system = image.disks.find((disk) => disk.type === "system");
  return {
    ImageId: image.imageId,
    ImageName: image.name,
    ImageFamily: image.family,
    ImageVersion: image.version,
    ImageOwnerAlias: image.ownerAlias,
    Description: image.description,
    Status: image.status,
    Progress: progressOf(world, image),
    CreationTime: toSecond(image.createdAt),
    Size: system?.sizeGb ?? 0,
    Architecture: image.architecture,
    OSName: image.osName,
    OSType: image.osType,
    Platform: image.platform,
    Usage: (world.imageUsers.get(`${image.regionId}:${image.imageId}`)?.size ?? 0) > 0 ? "instance" : "none",
    IsCopied: image.isCopied,
    IsSelfShared: image.ownerAlias === "self" ? String(image.sharedWith.size > 0) : "",
    IsSubscribed: false,
    IsSupportCloudinit: true,
    IsSupportIoOptimized: true,
    ProductCode: "",
    DiskDeviceMappings: {
      DiskDeviceMapping: image.disks.map((disk) => ({
        Device: disk.device,
        Type: disk.type,
        Size: String(disk.sizeGb),
        SnapshotId: disk.snapshotId ?? "",
        Format: disk.format,
        ImportOSSBucket: disk.ossBucket ?? "",
        ImportOSSObject: disk.ossObject ?? "",
      })),
    },
    Tags: { Tag: tagView(world, "image", image.imageId) },
  };
}

/** DescribeImages shows more than DescribeImageFromFamily. */
export function fullImageView(world: World, image: Image): JsonObject {
  return {
    ...imageView(world, image),
    OSNameEn: image.osName,
    ImageOwnerId: Number(image.ownerId),
    IsPublic: image.isPublic,
    BootMode: image.bootMode,
    Usable: image.isUsable,
    ResourceGroupId: image.resourceGroupId,
    LoginAsNonRootSupported: false,
    Features: { NvmeSupport: "supported", ImdsSupport: image.imdsSupport },
  };
}
