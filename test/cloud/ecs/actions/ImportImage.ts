/** An image out of files in a bucket of the same region. It cannot be deleted while it is being imported. */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { COMMON_TOKENS, readResourceGroup, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { readDiskFile } from "../disk-file.ts";
import { blankDisk, systemDisk } from "../../machine/disk.ts";
import type { GuestOs } from "../../machine/disk.ts";
import {
  checkImageQuota,
  checkNameIsFree,
  checkPlatform,
  IMPORT_PLATFORMS,
  wantsDetection,
} from "../image-rules.ts";
import { checkDescription, checkImageName } from "../names.ts";
import type { Params } from "../../core/params.ts";
import type { ImageDisk } from "../records.ts";

/** One system disk and sixteen more; what comes after is ignored. */
const MAX_DISKS = 17;
const BYTES_PER_GB = 2 ** 30;

export const ImportImage: EcsAction = {
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params, regionId } = call;
    const name = params.text("ImageName");
    if (name !== undefined) checkImageName(name);
    checkDescription(params.text("Description"));
    const mappings = readMappings(params);
    const architecture =
      params.oneOf("Architecture", ["x86_64", "i386", "arm64"], "InvalidArchitecture.Malformed") ?? "x86_64";
    const { platform, osType } = readSystem(params);
    const isDetected = wantsDetection(params);
    const resourceGroupId = readResourceGroup(call);
    checkRole(call);
    const disks = mappings.map((mapping, index) => readDisk(call, mapping, index, osOf(platform)));
    if (name !== undefined) checkNameIsFree(world, regionId, name);
    checkImageQuota(world, regionId);
    const tags = params.tags();
    // Unlike elsewhere, keys that differ only in case are duplicates here.
    const isDouble = new Set(tags.map((tag) => tag.key.toLowerCase())).size !== tags.length;
    refuseIf(isDouble, 403, "TagKey.Duplication", "The tag keys are duplicates but for their case.");
    stopIfDry(params);
    const { image, task } = world.imaging.import({
      regionId,
      name: name ?? "",
      family: "",
      description: params.text("Description") ?? "",
      version: "",
      architecture,
      osName: platform,
      platform,
      bootMode: params.oneOf("BootMode", ["BIOS", "UEFI"]) ?? "BIOS",
      imdsSupport: params.struct("Features").oneOf("ImdsSupport", ["v1", "v2"]) ?? "v1",
      resourceGroupId,
      osType,
      disks,
      durationMs: world.delays.importMs,
      failure: disks.map((disk) => fileProblem(call, disk)).find((problem) => problem !== undefined),
    });
    world.tags.put("image", image.imageId, tags);
    if (isDetected) world.imaging.detect(image);
    return { ImageId: image.imageId, TaskId: task.taskId, RegionId: regionId };
  },
};

/** The codes of these refusals are our guess, but for the platform's, which CreateImage has. */
function readSystem(params: Params): { platform: string; osType: "linux" | "windows" } {
  const osType = params.oneOf("OSType", ["linux", "windows"], "InvalidOSType.Malformed") ?? "linux";
  const platform = params.text("Platform") ?? "Others Linux";
  checkPlatform(platform, IMPORT_PLATFORMS);
  const isWindows = platform.includes("Windows");
  // "windows. You must also set LicenseType": https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-importimage
  if (osType === "windows") params.need("LicenseType");
  params.oneOf("LicenseType", ["Aliyun", "BYOL"], "InvalidLicenseType.ValueNotSupported");
  refuseIf(
    isWindows !== (osType === "windows") && params.has("Platform"),
    400,
    "InvalidOSType.Malformed",
    "The specified OSType does not go with the Platform.",
  );
  return { platform, osType };
}

/** The file is only looked into once the task runs. */
function fileProblem({ objects }: Call, disk: ImageDisk): string | undefined {
  const { ossBucket = "", ossObject = "", format, type } = disk;
  const bytes = objects.find(ossBucket, ossObject)?.body;
  const found = bytes && readDiskFile(bytes, type === "system");
  if (found?.format === format) return undefined;
  return `${ossObject} is not ${format}: ${found === undefined ? "its header is none of a disk" : `it is ${found.format}`}.`;
}

function readMappings(params: Params): Params[] {
  const mappings = params.structs("DiskDeviceMapping").slice(0, MAX_DISKS);
  refuseIf(
    mappings.length === 0,
    400,
    "MissingParameter",
    "The input parameter DiskDeviceMapping that is mandatory for processing this request is not supplied.",
  );
  return mappings;
}

/** The service reads the bucket by a role of this exact name. */
function checkRole({ world, params }: Call): void {
  if (world.account.mayImport && (params.text("RoleName") ?? "AliyunECSImageImportDefaultRole") !== "")
    return;
  throw new CloudFault(
    403,
    "NoSetRoletoECSServiceAccount",
    "ECS service account has no role AliyunECSImageImportDefaultRole to read your bucket.",
  );
}

function readDisk({ objects }: Call, mapping: Params, index: number, os: GuestOs): ImageDisk {
  const [bucket, key] = [mapping.text("OSSBucket"), mapping.text("OSSObject")];
  if (bucket === undefined || key === undefined) {
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter OSSBucket or OSSObject that is mandatory for processing this request is not supplied.",
    );
  }
  const object = objects.find(bucket, key);
  if (object === undefined)
    throw new CloudFault(404, "InvalidOSSObject.NotFound", "The specified OSS object does not exist.");
  const format =
    mapping.oneOf(
      "Format",
      ["RAW", "VHD", "QCOW2", "VMDK", "raw", "vhd", "qcow2", "vmdk"],
      "InvalidImageFormat.Malformed",
    ) ?? suffixOf(key);
  const asked =
    mapping.int("DiskImageSize", { min: 1, max: 2048, code: "InvalidDiskImageSize.ValueNotSupported" }) ??
    mapping.int("DiskImSize");
  return {
    device: `/dev/xvd${String.fromCodePoint(97 + index)}`,
    type: index === 0 ? "system" : "data",
    sizeGb: asked ?? Math.max(5, Math.ceil(diskBytes(object.body, index) / BYTES_PER_GB)),
    snapshotId: undefined,
    format: format.toUpperCase(),
    // What the file holds is unknown; a plain system of the platform it claims to be is assumed.
    content: index === 0 ? systemDisk(os) : blankDisk(),
    ossBucket: bucket,
    ossObject: key,
  };
}

const diskBytes = (bytes: Buffer, index: number): number =>
  readDiskFile(bytes, index === 0)?.size ?? bytes.length;

function suffixOf(key: string): string {
  const suffix = key.split(".").at(-1)?.toLowerCase() ?? "";
  if (["raw", "vhd", "qcow2", "vmdk"].includes(suffix)) return suffix;
  throw new CloudFault(
    400,
    "InvalidImageFormat.Malformed",
    "The format of the image is not given and its name does not tell.",
  );
}

function osOf(platform: string): GuestOs {
  return /ubuntu|debian/i.test(platform)
    ? { id: "ubuntu", version: "24.04", packager: "deb", kernel: "6.8.0-generic" }
    : { id: "alinux", version: "3", packager: "rpm", kernel: "5.10.134-19.1.al8" };
}
