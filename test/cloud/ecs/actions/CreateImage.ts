/** An image, at once by id and a while later in fact; what goes into it is read in image-sources.ts. */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { readResourceGroup, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import {
  checkFamilyQuota,
  checkImageQuota,
  checkNameIsFree,
  checkPlatform,
  PLATFORMS,
  wantsDetection,
} from "../image-rules.ts";
import { checkImageAccount } from "../image-material.ts";
import { ARCHITECTURES, readSource } from "../image-sources.ts";
import { checkCreatedName, checkDescription, checkImageFamily } from "../names.ts";
import type { Image } from "../records.ts";

export const CreateImage: EcsAction = {
  tokens: {
    mismatch: [403, "InvalidParamter.Conflict"],
    malformed: [400, "InvalidClientToken.ValueNotSupported"],
  },
  run: (call) => {
    const { world, params, regionId } = call;
    const words = readWords(call);
    const resourceGroupId = readResourceGroup(call);
    const tags = params.tags();
    // Stricter than elsewhere (CreateImage of 2019, Tag.N.Value).
    if (tags.some(({ value }) => /^aliyun/i.test(value)))
      throw new CloudFault(400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.");
    checkImageAccount(world);
    const source = readSource(call);
    const isDetected = wantsDetection(params);
    const imdsSupport = params.struct("Features").oneOf("ImdsSupport", ["v1", "v2"]) ?? "v1";
    stopIfDry(params);
    const image = world.imaging.create({
      ...words,
      regionId,
      architecture: source.architecture,
      osName: source.osName,
      platform: params.text("Platform") ?? source.platform,
      durationMs: source.durationMs,
      disks: source.snapshots?.() ?? source.disks,
      imdsSupport,
      resourceGroupId,
    });
    world.tags.put("image", image.imageId, tags);
    if (isDetected) world.imaging.detect(image);
    world.imaging.develop(image);
    return { ImageId: image.imageId };
  },
};

function checkArchitecture(given: string | undefined): void {
  if (given !== undefined && !ARCHITECTURES.some((known) => known === given)) {
    throw new CloudFault(
      400,
      "InvalidArchitecture.Malformed",
      "The specified Architecture is wrongly formed.",
    );
  }
}

function readWords({
  world,
  params,
  regionId,
}: Call): Pick<Image, "name" | "family" | "description" | "version" | "bootMode"> {
  const [name, family] = [params.text("ImageName"), params.text("ImageFamily")];
  if (name !== undefined) checkCreatedName(name);
  if (family !== undefined) checkImageFamily(family);
  checkDescription(params.text("Description"));
  const version = params.text("ImageVersion") ?? "";
  const versionFault = [
    "InvalidImageVersion.Malformed",
    "The specified ImageVersion is wrongly formed.",
  ] as const;
  refuseIf(version.length > 40, 400, ...versionFault);
  checkPlatform(params.text("Platform"), PLATFORMS);
  checkArchitecture(params.text("Architecture"));
  const bootMode = params.oneOf("BootMode", ["BIOS", "UEFI", "UEFI-Preferred"], "InvalidBootMode.NotSupport");
  if (name !== undefined) checkNameIsFree(world, regionId, name);
  checkImageQuota(world, regionId);
  if (family !== undefined)
    checkFamilyQuota(world, regionId, family, ["ImageQuotaExceed.ImageFamily", "ImageFamilyQuotaExceed"]);
  return {
    name: name ?? "",
    family: family ?? "",
    description: params.text("Description") ?? "",
    version,
    bootMode: bootMode ?? "BIOS",
  };
}
