/**
 * What an image is made of: an instance, mapped snapshots, or one system snapshot. Source: CreateImage.
 * They rank InstanceId > DiskDeviceMapping > SnapshotId; a lower one is ignored without a word.
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import { incorrectStatus, refuseLocked } from "./action.ts";
import type { Call } from "./action.ts";
import { checkDataAsSystem, checkSnapshotable, needSnapshot } from "./image-material.ts";
import { blankDisk } from "../machine/disk.ts";
import type { ImagePlan } from "./imaging.ts";
import type { Params } from "../core/params.ts";
import type { Architecture, Disk, ImageDisk, Instance, Snapshot } from "./records.ts";

export type ImageSource = Pick<ImagePlan, "disks" | "durationMs" | "architecture" | "osName" | "platform"> & {
  /** Takes the snapshots an instance's image is made of, once everything is checked. */
  readonly snapshots?: () => readonly ImageDisk[];
};

export const ARCHITECTURES = ["i386", "x86_64", "arm64"] as const;
const MAX_DATA_DISKS = 16;

/** The source a call names. @throws CloudFault with the codes of the CreateImage table. */
export function readSource(call: Call): ImageSource {
  const { params } = call;
  const instanceId = params.text("InstanceId");
  if (instanceId !== undefined) return ofInstance(call, instanceId);
  const mappings = params.structs("DiskDeviceMapping");
  if (mappings.length > 0) return ofMappings(call, mappings);
  const snapshotId = params.text("SnapshotId");
  if (snapshotId !== undefined) return ofSnapshot(call, snapshotId);
  throw new CloudFault(
    400,
    "MissingParameter",
    "The input parameter SnapshotId or InstanceId or DiskDeviceMapping that is mandatory for processing this request is not supplied.",
  );
}

function ofInstance({ world, regionId }: Call, instanceId: string): ImageSource {
  const instance = world.instances.get(instanceId);
  if (instance === undefined || instance.regionId !== regionId) {
    throw new CloudFault(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
  }
  refuseLocked(instance, 400);
  if (instance.status !== "Running" && instance.status !== "Stopped") throw incorrectStatus(400, "instance");
  const disks = instance.diskIds.flatMap((id) => world.disks.get(id) ?? []);
  for (const disk of disks) checkSnapshotable(world, disk);
  const base = world.image(regionId, instance.imageId);
  return {
    architecture: instance.type.architecture,
    osName: base?.osName ?? "",
    platform: base?.platform ?? "Others Linux",
    durationMs: world.delays.imageMs,
    disks: [],
    snapshots: () => disks.map((disk) => snapshotOf(world, instance, disk)),
  };
}

function snapshotOf(world: Call["world"], instance: Instance, disk: Disk): ImageDisk {
  const description = `Created from ${instance.instanceId}.`;
  const snapshot = world.imaging.snapshot(disk, {
    name: `SnapshotForImage-${disk.diskId}`,
    description,
    retentionDays: undefined,
  });
  return {
    device: disk.device,
    type: disk.type,
    sizeGb: disk.sizeGb,
    snapshotId: snapshot.snapshotId,
    format: "",
    content: snapshot.content,
    key: snapshot.key,
  };
}

function ofSnapshot(call: Call, snapshotId: string): ImageSource {
  const snapshot = needSnapshot(call, snapshotId);
  if (snapshot.sourceDiskType !== "system") {
    throw new CloudFault(403, "OperationDenied", "The specified snapshot is not from system disk.");
  }
  return {
    ...guessOf(call, snapshot),
    durationMs: call.world.delays.imageFromSnapshotMs,
    disks: [imageDisk(snapshot, "/dev/xvda", "system", snapshot.sourceDiskSizeGb)],
  };
}

function ofMappings(call: Call, mappings: readonly Params[]): ImageSource {
  const disks: ImageDisk[] = [];
  let system: Snapshot | undefined;
  const taken = new Set(mappings.flatMap((mapping) => mapping.text("Device") ?? []));
  for (const mapping of mappings) {
    refuseIf(isEmpty(mapping), 400, "InvalidParameter.AllEmpty", "DiskDeviceMapping.n has no value at all.");
    const snapshotId = mapping.text("SnapshotId");
    const snapshot = snapshotId === undefined ? undefined : needSnapshot(call, snapshotId);
    const type = mapping.oneOf("DiskType", ["system", "data"]) ?? snapshot?.sourceDiskType ?? "data";
    refuseIf(
      type === "system" && system !== undefined,
      400,
      "OperationDenied",
      "The specified parameter DiskDeviceMapping.n.SnapshotId contains two or more system disk snapshots.",
    );
    if (type === "system") {
      checkDataAsSystem(call.world, snapshot);
      system = snapshot;
    }
    const sizeGb = readSize(mapping, snapshot);
    const device = deviceOf(mapping, type, disks, taken);
    disks.push(
      snapshot === undefined ? emptyDisk(device, sizeGb) : imageDisk(snapshot, device, type, sizeGb),
    );
  }
  if (system === undefined) {
    throw new CloudFault(
      400,
      "OperationDenied",
      "The specified parameter DiskDeviceMapping.n.SnapshotId does not contain system disk snapshot.",
    );
  }
  refuseIf(
    disks.length > MAX_DATA_DISKS + 1,
    400,
    "InvalidDevice.Malformed",
    "The specified parameter DiskDeviceMapping.n.Device is not valid.",
  );
  return { ...guessOf(call, system), durationMs: call.world.delays.imageFromSnapshotMs, disks };
}

/** Members that are there and have nothing in them. */
const isEmpty = ({ flat }: Params): boolean => Object.values(flat).every((value) => value === "");

function readSize(mapping: Params, snapshot: Snapshot | undefined): number {
  const code = "InvalidSize.ValueNotSupported";
  const least = snapshot?.sourceDiskSizeGb ?? 0;
  const sizeGb = mapping.int("Size", { min: 5, max: 2000, code }) ?? snapshot?.sourceDiskSizeGb ?? 5;
  const message = "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range.";
  refuseIf(sizeGb < least, 400, code, message);
  return sizeGb;
}

function deviceOf(
  mapping: Params,
  type: "system" | "data",
  disks: readonly ImageDisk[],
  taken: ReadonlySet<string>,
): string {
  const given = mapping.text("Device");
  const used = new Set(disks.map((disk) => disk.device));
  if (given === undefined) {
    if (type === "system") return "/dev/xvda";
    const letters = Array.from({ length: 25 }, (_, index) => `/dev/xvd${String.fromCodePoint(98 + index)}`);
    return letters.find((device) => !used.has(device) && !taken.has(device)) ?? "/dev/xvdz";
  }
  const isSystemName = given === "/dev/xvda";
  if (!/^\/dev\/xvd[a-z]$/.test(given) || isSystemName !== (type === "system")) {
    throw new CloudFault(
      400,
      "InvalidDevice.Malformed",
      "The specified parameter DiskDeviceMapping.n.Device is not valid.",
    );
  }
  if (used.has(given))
    throw new CloudFault(
      400,
      "InvalidDevice.InUse",
      "The specified parameter DiskDeviceMapping.n.Device has been occupied.",
    );
  return given;
}

/** Of a data snapshot made a system disk the caller must say what it is; of a system snapshot we know. */
function guessOf(
  { params }: Call,
  snapshot: Snapshot,
): { architecture: Architecture; osName: string; platform: string } {
  const asked = params.oneOf("Architecture", ARCHITECTURES);
  const isKnown = snapshot.sourceDiskType === "system";
  return {
    architecture: isKnown ? snapshot.architecture : (asked ?? "x86_64"),
    osName: snapshot.osName,
    platform:
      snapshot.content.os === undefined
        ? "Others Linux"
        : snapshot.content.os.id === "ubuntu"
          ? "Ubuntu"
          : "Aliyun",
  };
}

function imageDisk(snapshot: Snapshot, device: string, type: "system" | "data", sizeGb: number): ImageDisk {
  const { snapshotId, content, key } = snapshot;
  return { device, type, sizeGb, snapshotId, format: "", content, key };
}

function emptyDisk(device: string, sizeGb: number): ImageDisk {
  return { device, type: "data", sizeGb, snapshotId: undefined, format: "", content: blankDisk() };
}
