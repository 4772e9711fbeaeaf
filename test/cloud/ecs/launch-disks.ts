/** The disks of a launch: category, size and what is on them. Source: RunInstances, disk categories. */
import { CloudFault } from "../kernel.ts";
import { CATEGORIES, checkTypeTakes, checkZoneSells, UNSAID } from "./disk-offers.ts";
import type { Category } from "./disk-offers.ts";
import { blankDisk } from "./guest-disk.ts";
import type { GuestDisk } from "./guest-disk.ts";
import { invalid } from "./params.ts";
import type { Params } from "./params.ts";
import type { Image, InstanceType } from "./records.ts";
import type { World } from "./world.ts";

export interface DiskPlan {
  readonly type: "system" | "data";
  readonly category: Category;
  readonly performanceLevel: string | undefined;
  readonly sizeGb: number;
  readonly name: string;
  readonly device: string;
  readonly encrypted: boolean;
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
  for (const { type, category } of plans) checkTypeTakes(place.type, type, category);
  for (const { type, category } of plans) checkZoneSells(world, place.zoneId, type, category);
  return plans;
}

function planDisks(world: World, regionId: string, params: Params, image: Image): DiskPlan[] {
  const system = image.disks.find((disk) => disk.type === "system");
  const given = params.struct("SystemDisk");
  const kind = readKind(given, "SystemDisk");
  const imageSizeGb = system?.sizeGb ?? 20;
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
  const first: DiskPlan = {
    type: "system",
    ...kind,
    sizeGb,
    name: given.text("DiskName") ?? "",
    device: "/dev/xvda",
    encrypted: given.bool("Encrypted") ?? false,
    sourceSnapshotId: system?.snapshotId,
    deleteWithInstance: true,
    content: system?.content ?? blankDisk(),
  };
  return [first, ...readDataDisks(world, regionId, params, image)];
}

function readDataDisks(world: World, regionId: string, params: Params, image: Image): DiskPlan[] {
  const given = params.structs("DataDisk");
  if (given.length > MAX_DATA_DISKS) throw invalid("DataDisk", "InvalidDataDisk.ExceedLimit");
  const fromImage = image.disks.filter((disk) => disk.type === "data");
  // Source: RunInstances, DataDisk.N.Device: naming the device of a disk in the image changes that disk.
  const over = (device: string) => given.find((disk) => disk.text("Device") === device);
  const plans: DiskPlan[] = fromImage.map((disk) => {
    const said = over(disk.device);
    return {
      type: "data",
      ...(said === undefined
        ? { category: UNSAID, performanceLevel: undefined }
        : readKind(said, "DataDisk")),
      sizeGb: Math.max(said?.int("Size") ?? 0, disk.sizeGb),
      name: said?.text("DiskName") ?? "",
      device: disk.device,
      encrypted: false,
      sourceSnapshotId: disk.snapshotId,
      deleteWithInstance: said?.bool("DeleteWithInstance") ?? true,
      content: disk.content,
    };
  });
  const known = new Set(fromImage.map(({ device }) => device));
  for (const disk of given.filter((each) => !known.has(each.text("Device") ?? ""))) {
    const kind = readKind(disk, "DataDisk");
    const snapshotId = disk.text("SnapshotId");
    const snapshot = snapshotId === undefined ? undefined : world.snapshots.get(snapshotId);
    if (snapshotId !== undefined && (snapshot === undefined || snapshot.regionId !== regionId)) {
      throw new CloudFault(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.");
    }
    const sizeGb = disk.int("Size", { min: 1, max: 65_536, code: "InvalidDataDiskSize.ValueNotSupported" });
    if (sizeGb === undefined && snapshot === undefined)
      throw invalid("DataDisk.n.Size", "InvalidDataDiskSize.ValueNotSupported");
    plans.push({
      type: "data",
      ...kind,
      sizeGb: Math.max(sizeGb ?? 0, snapshot?.sourceDiskSizeGb ?? 0),
      name: disk.text("DiskName") ?? "",
      device: `/dev/xvd${String.fromCodePoint(98 + plans.length)}`,
      encrypted: disk.bool("Encrypted") ?? false,
      sourceSnapshotId: snapshotId,
      deleteWithInstance: disk.bool("DeleteWithInstance") ?? true,
      content: snapshot?.content ?? blankDisk(),
    });
  }
  return plans;
}

function readKind(disk: Params, what: string): { category: Category; performanceLevel: string | undefined } {
  const category = disk.oneOf("Category", CATEGORIES, `Invalid${what}Category.ValueNotSupported`) ?? UNSAID;
  const level = disk.oneOf(
    "PerformanceLevel",
    ["PL0", "PL1", "PL2", "PL3"],
    "InvalidPerformanceLevel.Malformed",
  );
  return { category, performanceLevel: category === "cloud_essd" ? (level ?? "PL1") : undefined };
}
