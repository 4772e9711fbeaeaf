/** An image as DescribeImages and DescribeImageFromFamily show it. */
import type { JsonObject } from "../core/rpc.ts";
import { tagView } from "./instance-view.ts";
import { toSecond } from "./instant.ts";
import type { Image, ImageDisk } from "./records.ts";
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
    DiskDeviceMappings: { DiskDeviceMapping: image.disks.map(diskView) },
    Tags: { Tag: tagView(world, "image", image.imageId) },
  };
}

const diskView = (disk: ImageDisk): JsonObject => ({
  Device: disk.device,
  Type: disk.type,
  Size: String(disk.sizeGb),
  SnapshotId: disk.snapshotId ?? "",
  Format: disk.format,
  ImportOSSBucket: disk.ossBucket ?? "",
  ImportOSSObject: disk.ossObject ?? "",
});

/** How long a check takes is documented nowhere; an estimate. */
const DETECTION_MS = 5 * 60_000;

/** https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimages */
function detectionView(world: World, { status, detection, createdAt, durationMs }: Image): JsonObject {
  if (detection === undefined) return {};
  const isOver = status !== "Creating" && world.now() >= createdAt + durationMs + DETECTION_MS;
  if (!isOver) return { DetectionOptions: { Status: "Processing" } };
  const items = detection.map(({ name, value, riskLevel, riskCode }) => ({
    Name: name,
    Value: value,
    ...(riskLevel !== undefined && { RiskLevel: riskLevel, RiskCode: riskCode ?? "" }),
  }));
  return { DetectionOptions: { Status: "Finished", Items: { Item: items } } };
}

/** DescribeImages shows more than DescribeImageFromFamily. */
export function fullImageView(world: World, image: Image): JsonObject {
  return {
    ...imageView(world, image),
    DiskDeviceMappings: {
      DiskDeviceMapping: image.disks.map((disk) => ({
        ...diskView(disk),
        Encrypted: disk.key !== undefined,
      })),
    },
    OSNameEn: image.osName,
    ImageOwnerId: Number(image.ownerId),
    IsPublic: image.isPublic,
    BootMode: image.bootMode,
    Usable: image.isUsable,
    ResourceGroupId: image.resourceGroupId,
    ...detectionView(world, image),
    LoginAsNonRootSupported: false,
    Features: { NvmeSupport: "supported", ImdsSupport: image.imdsSupport },
  };
}
