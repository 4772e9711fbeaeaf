/** CreateSnapshot, DescribeSnapshots, DeleteSnapshot. */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { NOTHING, incorrectStatus, stopIfDry, matches } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { percent } from "../image-view.ts";
import { tagView } from "../instance-view.ts";
import { checkSnapshotable } from "../image-material.ts";
import { toSecond } from "../instant.ts";
import { inOrder, pageByNumber, pageByToken, usesTokens } from "../../core/paging.ts";
import { invalid } from "../../core/params.ts";
import type { Snapshot } from "../records.ts";

export const CreateSnapshot: EcsAction = {
  region: "optional",
  tokens: {
    mismatch: [403, "IdempotentParameterMismatch"],
    malformed: [403, "InvalidClientToken.Malformed"],
  },
  run: ({ world, params }) => {
    const disk = world.disks.get(params.need("DiskId"));
    if (disk === undefined)
      throw new CloudFault(404, "InvalidDiskId.NotFound", "The specified DiskId does not exist.");
    const name = params.text("SnapshotName") ?? "";
    if (name.startsWith("auto")) throw invalid("SnapshotName", "InvalidSnapshotName.Malformed");
    const instance = disk.instanceId === undefined ? undefined : world.instances.get(disk.instanceId);
    if (instance?.status === "Starting" || instance?.status === "Stopping" || instance?.status === "Pending")
      throw incorrectStatus();
    checkSnapshotable(world, disk);
    const tags = params.tags();
    const retentionDays = params.int("RetentionDays", {
      min: 1,
      max: 65_536,
      code: "InvalidRetentionDays.Malformed",
    });
    const snapshot = world.imaging.snapshot(disk, {
      name,
      description: params.text("Description") ?? "",
      retentionDays,
    });
    world.tags.put("snapshot", snapshot.snapshotId, tags);
    return { SnapshotId: snapshot.snapshotId };
  },
};

export const DescribeSnapshots: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const keep = filterOf(call);
    stopIfDry(params);
    const ids = params.jsonList("SnapshotIds");
    const candidates =
      ids === undefined
        ? world.snapshots.values()
        : inOrder(ids.flatMap((id) => world.snapshots.get(id) ?? []));
    if (usesTokens(params)) {
      const { items, nextToken } = pageByToken(params, candidates, keep);
      return {
        Snapshots: { Snapshot: items.map((each) => view(call, each)) },
        NextToken: nextToken,
        TotalCount: 0,
        PageNumber: 0,
        PageSize: 0,
      };
    }
    const page = pageByNumber(params, [...candidates].filter(keep), { max: 100 });
    return {
      Snapshots: { Snapshot: page.items.map((each) => view(call, each)) },
      NextToken: "",
      ...page.members,
    };
  },
};

export const DeleteSnapshot: EcsAction = {
  region: "optional",
  run: ({ world, params }) => {
    const snapshot = world.snapshots.get(params.need("SnapshotId"));
    // The remark says an unknown id is ignored, the table says 404; we take the remark.
    if (snapshot === undefined) return NOTHING;
    if (snapshot.imageIds.size > 0) {
      throw new CloudFault(
        403,
        "SnapshotCreatedImage",
        "The snapshot has been used to create custom images; delete them first.",
      );
    }
    // A disk that is being made of it: the table says "retry later" without saying when.
    const isRead = [...world.disks.values()].some(
      ({ sourceSnapshotId, instanceId = "" }) =>
        sourceSnapshotId === snapshot.snapshotId && world.instances.get(instanceId)?.status === "Pending",
    );
    if (isRead) throw new CloudFault(403, "Operation.Conflict", "The operation may conflicts with others.");
    const isSource = [...world.disks.values()].some((disk) => disk.sourceSnapshotId === snapshot.snapshotId);
    if (isSource && !params.bool("Force")) {
      throw new CloudFault(
        403,
        "SnapshotCreatedDisk",
        "The snapshot has been used to create disks; use Force to delete it.",
      );
    }
    world.imaging.dropSnapshot(snapshot);
    return NOTHING;
  },
};

function filterOf({ world, params, regionId }: Call): (snapshot: Snapshot) => boolean {
  const status = params.oneOf("Status", ["progressing", "accomplished", "failed", "all"]);
  const usage = params.oneOf("Usage", ["image", "disk", "image_disk", "none"]);
  const wanted = {
    regionId,
    status: status === "all" ? undefined : status,
    sourceDiskType: params.text("SourceDiskType")?.toLowerCase(),
    sourceDiskId: params.text("DiskId"),
    name: params.text("SnapshotName"),
  };
  const instanceId = params.text("InstanceId");
  const disks = instanceId === undefined ? undefined : (world.instances.get(instanceId)?.diskIds ?? []);
  const tagged = world.tags.filter("snapshot", params.tagFilters());
  return (snapshot) =>
    matches(snapshot, wanted) &&
    (usage === undefined || usageOf(snapshot) === usage) &&
    (disks === undefined || disks.includes(snapshot.sourceDiskId)) &&
    (tagged?.has(snapshot.snapshotId) ?? true);
}

function usageOf(snapshot: Snapshot): string {
  return snapshot.imageIds.size > 0 ? "image" : "none";
}

function view({ world }: Call, snapshot: Snapshot): JsonObject {
  const elapsedMs = world.now() - snapshot.createdAt;
  const isDone = snapshot.status === "accomplished";
  return {
    SnapshotId: snapshot.snapshotId,
    SnapshotName: snapshot.name,
    Description: snapshot.description,
    RegionId: snapshot.regionId,
    Status: snapshot.status,
    Progress: isDone ? "100%" : snapshot.status === "failed" ? "0%" : percent(elapsedMs, snapshot.durationMs),
    RemainTime: isDone ? 0 : Math.max(0, Math.ceil((snapshot.durationMs - elapsedMs) / 1000)),
    Available: isDone,
    CreationTime: toSecond(snapshot.createdAt),
    LastModifiedTime: toSecond(snapshot.createdAt),
    SnapshotType: "user",
    Category: snapshot.category,
    Usage: usageOf(snapshot),
    Encrypted: snapshot.key !== undefined,
    KMSKeyId: snapshot.key ?? "",
    SourceDiskId: snapshot.sourceDiskId,
    SourceDiskSize: String(snapshot.sourceDiskSizeGb),
    SourceDiskType: snapshot.sourceDiskType,
    RetentionDays: snapshot.retentionDays,
    Tags: { Tag: tagView(world, "snapshot", snapshot.snapshotId) },
  };
}
