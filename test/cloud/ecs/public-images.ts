/** Base images the cloud itself publishes, under families that start with `acs:`. */
import { systemDisk } from "./guest-disk.ts";
import type { World } from "./world.ts";

/** What to know about a new public base image; the rest has sensible values. */
export interface PublicImage {
  readonly imageId: string;
  readonly name?: string;
  readonly regionId?: string;
  readonly architecture?: "x86_64" | "arm64";
}

/** Adds the image to one region, or to all of them. */
export function publishImage(
  world: World,
  family: string,
  given: PublicImage,
  createdAt = world.now(),
): void {
  const ubuntu = family.includes("ubuntu");
  const arm = given.architecture === "arm64";
  const os = ubuntu
    ? ({ id: "ubuntu", version: "24.04", packager: "deb", kernel: "6.8.0-generic" } as const)
    : ({ id: "alinux", version: "3", packager: "rpm", kernel: "5.10.134-19.1.al8" } as const);
  const regionIds = given.regionId === undefined ? [...world.regions.keys()] : [given.regionId];
  for (const regionId of regionIds) {
    world.addImage({
      imageId: given.imageId,
      seq: world.nextSeq(),
      regionId,
      ownerAlias: "system",
      ownerId: "0",
      createdAt,
      startedAt: createdAt,
      architecture: arm ? "arm64" : "x86_64",
      osName: ubuntu ? "Ubuntu 24.04 64 bit" : "Alibaba Cloud Linux 3.2104 LTS 64 bit",
      osType: "linux",
      platform: ubuntu ? "Ubuntu" : "Aliyun",
      version: "",
      isCopied: false,
      copiedFrom: undefined,
      disks: [
        {
          device: "/dev/xvda",
          type: "system",
          sizeGb: 20,
          snapshotId: undefined,
          format: "",
          content: systemDisk(os),
        },
      ],
      durationMs: 0,
      name: given.name ?? given.imageId,
      family,
      description: "",
      status: "Available",
      bootMode: arm ? "UEFI" : "BIOS",
      imdsSupport: "v1",
      isPublic: true,
      importing: false,
      failure: undefined,
      sharedWith: new Map(),
    });
  }
}
