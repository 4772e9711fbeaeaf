/** DescribeDisks and ReplaceSystemDisk. */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { COMMON_TOKENS, incorrectStatus, matches, needInstance, refuseLocked, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { copyDisk } from "../../machine/disk.ts";
import { tagView } from "../instance-view.ts";
import { toSecond } from "../instant.ts";
import { inOrder, pageByNumber, pageByToken, usesTokens } from "../../core/paging.ts";
import type { Disk, Image, Instance } from "../records.ts";

export const DescribeDisks: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const keep = filterOf(call);
    stopIfDry(params);
    const ids = params.jsonList("DiskIds");
    const instanceId = params.text("InstanceId");
    const own = instanceId === undefined ? undefined : (world.instances.get(instanceId)?.diskIds ?? []);
    const named = ids ?? own;
    const candidates =
      named === undefined ? world.disks.values() : inOrder(named.flatMap((id) => world.disks.get(id) ?? []));
    if (usesTokens(params)) {
      const { items, nextToken } = pageByToken(params, candidates, keep);
      return {
        Disks: { Disk: items.map((disk) => view(call, disk)) },
        NextToken: nextToken,
        TotalCount: 0,
        PageNumber: 0,
        PageSize: 0,
      };
    }
    const page = pageByNumber(params, [...candidates].filter(keep), { max: 100 });
    return { Disks: { Disk: page.items.map((disk) => view(call, disk)) }, NextToken: "", ...page.members };
  },
};

/** The old system disk is released, the instance keeps its id and its addresses. */
export const ReplaceSystemDisk: EcsAction = {
  region: "optional",
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params } = call;
    const instance = needInstance(call);
    refuseLocked(instance);
    if (instance.status !== "Stopped") throw incorrectStatus();
    const image = fittingImage(call, instance);
    const old = instance.diskIds.map((id) => world.disks.get(id)).find((disk) => disk?.type === "system");
    const system = image.disks.find((disk) => disk.type === "system");
    if (old === undefined || system === undefined)
      throw new CloudFault(403, "OperationDenied", "The instance has no system disk.");
    const smallest = Math.max(old.sizeGb, system.sizeGb);
    const sizeGb =
      params.int("SystemDisk.Size", {
        min: smallest,
        max: 2048,
        code: "InvalidSystemDiskSize.ValueNotSupported",
      }) ?? smallest;
    stopIfDry(params);
    const disk: Disk = {
      ...old,
      diskId: world.kernel.id("d-"),
      seq: world.nextSeq(),
      createdAt: world.now(),
      attachedAt: world.now(),
      imageId: image.imageId,
      sourceSnapshotId: system.snapshotId,
      sizeGb,
      content: copyDisk(system.content),
    };
    world.imaging.breakSnapshots(instance);
    world.disks.delete(old.diskId);
    world.disks.set(disk.diskId, disk);
    world.tags.put("disk", disk.diskId, world.tags.of("disk", old.diskId));
    world.tags.remove("disk", old.diskId);
    instance.diskIds = [disk.diskId, ...instance.diskIds.filter((id) => id !== old.diskId)];
    world.useImage(instance, image.imageId);
    instance.keyPairName = params.text("KeyPairName") ?? instance.keyPairName;
    return { DiskId: disk.diskId };
  },
};

function fittingImage({ world, params }: Call, { regionId, type }: Instance): Image {
  const image = world.image(regionId, params.need("ImageId"));
  if (image === undefined)
    throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
  if (image.status !== "Available" && image.status !== "Deprecated")
    throw new CloudFault(403, "OperationDenied", "The image is not available.");
  if (image.architecture !== type.architecture) {
    throw new CloudFault(
      403,
      "ImageNotSupportInstanceType",
      "The specified image does not support the specified instance type.",
    );
  }
  return image;
}

function filterOf({ world, params, regionId }: Call): (disk: Disk) => boolean {
  const type = params.oneOf("DiskType", ["all", "system", "data"]);
  const status = params.oneOf("Status", [
    "In_use",
    "Available",
    "Attaching",
    "Detaching",
    "Creating",
    "ReIniting",
    "All",
  ]);
  const category = params.text("Category");
  const wanted: Partial<Record<keyof Disk, unknown>> = {
    type: type === "all" ? undefined : type,
    status: status === "All" ? undefined : status,
    zoneId: params.text("ZoneId"),
    category: category === "all" ? undefined : category,
    name: params.text("DiskName"),
    sourceSnapshotId: params.text("SnapshotId"),
    deleteWithInstance: params.bool("DeleteWithInstance"),
  };
  const tagged = world.tags.filter("disk", params.tagFilters());
  return (disk) => disk.regionId === regionId && matches(disk, wanted) && (tagged?.has(disk.diskId) ?? true);
}

function view({ world }: Call, disk: Disk): JsonObject {
  const attachedAt = disk.attachedAt === undefined ? "" : toSecond(disk.attachedAt);
  const attachment = { InstanceId: disk.instanceId ?? "", Device: disk.device, AttachedTime: attachedAt };
  return {
    DiskId: disk.diskId,
    DiskName: disk.name,
    Description: "",
    RegionId: disk.regionId,
    ZoneId: disk.zoneId,
    Type: disk.type,
    Category: disk.category,
    PerformanceLevel: disk.performanceLevel ?? "",
    Size: disk.sizeGb,
    Status: disk.status,
    Device: disk.instanceId === undefined ? "" : disk.device,
    InstanceId: disk.instanceId ?? "",
    ImageId: disk.imageId ?? "",
    SourceSnapshotId: disk.sourceSnapshotId ?? "",
    Encrypted: disk.key !== undefined,
    KMSKeyId: disk.key ?? "",
    Portable: disk.type === "data",
    DeleteWithInstance: disk.deleteWithInstance,
    DeleteAutoSnapshot: true,
    DiskChargeType: "PostPaid",
    CreationTime: toSecond(disk.createdAt),
    AttachedTime: attachedAt,
    DetachedTime: "",
    Attachments: { Attachment: disk.instanceId === undefined ? [] : [attachment] },
    OperationLocks: { OperationLock: [] },
    Tags: { Tag: tagView(world, "disk", disk.diskId) },
  };
}
