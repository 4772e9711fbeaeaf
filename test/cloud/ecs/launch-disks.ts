/** The disks of a launch: category, size and what is on them. Source: RunInstances, disk categories. */
import { CloudFault } from "../core/kernel.ts";
import { CATEGORIES, checkCombination, checkTypeTakes, checkZoneSells, UNSAID } from "./disk-offers.ts";
import type { Category } from "./disk-offers.ts";
import { blankDisk } from "../machine/disk.ts";
import type { GuestDisk } from "../machine/disk.ts";
import { invalid } from "../core/params.ts";
import type { Params } from "../core/params.ts";
import type { Image, ImageDisk, InstanceType, Snapshot } from "./records.ts";
import type { World } from "./world.ts";

export interface DiskPlan {
  readonly type: "system" | "data";
  readonly category: Category;
  readonly performanceLevel: string | undefined;
  readonly sizeGb: number;
  readonly name: string;
  readonly device: string;
  readonly key: string | undefined;
  readonly sourceSnapshotId: string | undefined;
  readonly deleteWithInstance: boolean;
  readonly content: GuestDisk;
}

const SIZES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  cloud: [20, 500],
  PL0: [1, 2048],
  PL1: [20, 2048],
  PL2: [461, 2048],
  PL3: [1261, 2048],
  cloud_auto: [1, 2048],
  cloud_essd_entry: [10, 2048],
};
/** https://help.aliyun.com/en/ecs/api-runinstances, DataDisk.N.Size */
const DATA_SIZES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  cloud: [5, 2000],
  cloud_efficiency: [20, 32_768],
  cloud_ssd: [20, 32_768],
  PL0: [1, 65_536],
  PL1: [20, 65_536],
  PL2: [461, 65_536],
  PL3: [1261, 65_536],
  cloud_auto: [1, 65_536],
  cloud_essd_entry: [10, 32_768],
};
const MAX_DATA_DISKS = 16;

/** What the disks of a launch go with. */
export interface DiskPlace {
  readonly regionId: string;
  readonly zoneId: string;
  readonly type: InstanceType;
}

/** The system disk first. @throws CloudFault for a category, level or size that cannot be, or not here. */
export function readDisks(world: World, place: DiskPlace, params: Params, image: Image): DiskPlan[] {
  const plans = planDisks(world, place.regionId, params, image);
  checkCombination(plans);
  for (const { type, category } of plans) checkTypeTakes(place.type, type, category);
  for (const { type, category } of plans) checkZoneSells(world, place.zoneId, type, category);
  return plans;
}

function planDisks(world: World, regionId: string, params: Params, image: Image): DiskPlan[] {
  const system = image.disks.find((disk) => disk.type === "system");
  const given = params.struct("SystemDisk");
  const kind = readKind(given, "InvalidSystemDiskCategory.ValueNotSupported");
  const first: DiskPlan = {
    type: "system",
    ...kind,
    sizeGb: readSystemSize(given, kind, system?.sizeGb ?? 20),
    name: given.text("DiskName") ?? "",
    device: "/dev/xvda",
    key: keyOf(given, system?.key),
    sourceSnapshotId: system?.snapshotId,
    deleteWithInstance: true,
    content: system?.content ?? blankDisk(),
  };
  return [first, ...readDataDisks(world, regionId, params, image)];
}

/**
 * Encryption can be added or get another key, and not be taken away.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/encrypt-custom-images-1
 */
export const keyOf = (given: Params | undefined, inherited: string | undefined): string | undefined =>
  given?.bool("Encrypted") === true ? (given.text("KMSKeyId") ?? "") : inherited;

function readSystemSize(given: Params, kind: DiskKind, imageSizeGb: number): number {
  const sizeGb =
    given.int("Size", { min: 1, code: "InvalidSystemDiskSize.ValueNotSupported" }) ??
    Math.max(40, imageSizeGb);
  if (sizeGb < imageSizeGb) {
    throw new CloudFault(
      404,
      "InvalidSystemDiskSize.LessThanImageSize",
      "The specified parameter SystemDisk.Size is less than the image size.",
    );
  }
  const [min, max] = SIZES[kind.performanceLevel ?? kind.category] ?? [20, 2048];
  if (sizeGb < min || sizeGb > max)
    throw invalid("SystemDisk.Size", "InvalidSystemDiskSize.ValueNotSupported");
  return sizeGb;
}

function readDataDisks(world: World, regionId: string, params: Params, image: Image): DiskPlan[] {
  const given = params.structs("DataDisk");
  if (given.length > MAX_DATA_DISKS) throw invalid("DataDisk", "InvalidDataDisk.ExceedLimit");
  const fromImage = image.disks.filter((disk) => disk.type === "data");
  // Source: RunInstances, DataDisk.N.Device: naming the device of a disk in the image changes that disk.
  const plans = fromImage.map((disk) =>
    imageDataDisk(
      disk,
      given.find((each) => each.text("Device") === disk.device),
    ),
  );
  const known = new Set(fromImage.map(({ device }) => device));
  for (const disk of given.filter((each) => !known.has(each.text("Device") ?? ""))) {
    const device = `/dev/xvd${String.fromCodePoint(98 + plans.length)}`;
    plans.push({ ...newDataDisk(world, regionId, disk), device });
  }
  return plans;
}

/** A data disk of the image. @param over the parameters that change it. */
function imageDataDisk(disk: ImageDisk, over: Params | undefined): DiskPlan {
  return {
    type: "data",
    ...(over === undefined ? { category: UNSAID, performanceLevel: undefined } : readKind(over)),
    sizeGb: Math.max(over?.int("Size") ?? 0, disk.sizeGb),
    name: over?.text("DiskName") ?? "",
    device: disk.device,
    key: keyOf(over, disk.key),
    sourceSnapshotId: disk.snapshotId,
    deleteWithInstance: over?.bool("DeleteWithInstance") ?? true,
    content: disk.content,
  };
}

/** A data disk that the image does not have. */
function newDataDisk(world: World, regionId: string, disk: Params): Omit<DiskPlan, "device"> {
  const kind = readKind(disk);
  const snapshot = readSnapshot(world, regionId, disk);
  const sizeGb = readDataSize(disk, kind, snapshot);
  return {
    type: "data",
    ...kind,
    sizeGb,
    name: disk.text("DiskName") ?? "",
    key: keyOf(disk, snapshot?.key),
    sourceSnapshotId: snapshot?.snapshotId,
    deleteWithInstance: disk.bool("DeleteWithInstance") ?? true,
    content: snapshot?.content ?? blankDisk(),
  };
}

function readDataSize(disk: Params, kind: DiskKind, snapshot: Snapshot | undefined): number {
  const given = disk.int("Size", { min: 1, code: "InvalidDataDiskSize.ValueNotSupported" }) ?? 0;
  const sizeGb = Math.max(given, snapshot?.sourceDiskSizeGb ?? 0);
  const [min, max] = DATA_SIZES[kind.performanceLevel ?? kind.category] ?? [1, 65_536];
  if (sizeGb < min || sizeGb > max) throw invalid("DataDisk.n.Size", "InvalidDataDiskSize.ValueNotSupported");
  return sizeGb;
}

function readSnapshot(world: World, regionId: string, disk: Params): Snapshot | undefined {
  const snapshotId = disk.text("SnapshotId");
  if (snapshotId === undefined) return undefined;
  const snapshot = world.snapshots.get(snapshotId);
  if (snapshot?.regionId === regionId) return snapshot;
  throw new CloudFault(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.");
}

interface DiskKind {
  readonly category: Category;
  readonly performanceLevel: string | undefined;
}

function readKind(disk: Params, code = "InvalidDiskCategory.ValueNotSupported"): DiskKind {
  const category = disk.oneOf("Category", CATEGORIES, code) ?? UNSAID;
  const level = disk.oneOf(
    "PerformanceLevel",
    ["PL0", "PL1", "PL2", "PL3"],
    "InvalidPerformanceLevel.Malformed",
  );
  return { category, performanceLevel: category === "cloud_essd" ? (level ?? "PL1") : undefined };
}
