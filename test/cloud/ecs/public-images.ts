/** Base images the cloud itself publishes, under families that start with `acs:`. */
import { systemDisk } from "../machine/disk.ts";
import type { World } from "./world.ts";

/** What to know about a new public base image; the rest has sensible values. */
export interface PublicImage {
  readonly imageId: string;
  readonly name?: string;
  readonly regionId?: string;
  readonly architecture?: "x86_64" | "arm64";
  /** Epoch milliseconds; now when left out. */
  readonly createdAt?: number;
}

const UBUNTU = {
  osName: "Ubuntu 24.04 64 bit",
  platform: "Ubuntu",
  os: { id: "ubuntu", version: "24.04", packager: "deb", kernel: "6.8.0-generic" },
} as const;
const ALINUX = {
  osName: "Alibaba Cloud Linux 3.2104 LTS 64 bit",
  platform: "Aliyun",
  os: { id: "alinux", version: "3", packager: "rpm", kernel: "5.10.134-19.1.al8" },
} as const;

/** Adds the image to one region, or to all of them. */
export function publishImage(world: World, family: string, given: PublicImage): void {
  const { imageId, name = imageId, createdAt = world.now(), architecture = "x86_64" } = given;
  const { osName, platform, os } = family.includes("ubuntu") ? UBUNTU : ALINUX;
  const regionIds = given.regionId === undefined ? [...world.regions.keys()] : [given.regionId];
  for (const regionId of regionIds) {
    const disk = { device: "/dev/xvda", type: "system", sizeGb: 20, format: "" } as const;
    world.addImage({
      imageId,
      seq: world.nextSeq(),
      regionId,
      ownerAlias: "system",
      ownerId: "0",
      createdAt,
      startedAt: createdAt,
      architecture,
      osName,
      osType: "linux",
      platform,
      version: "",
      isCopied: false,
      resourceGroupId: "",
      copiedFrom: undefined,
      disks: [{ ...disk, snapshotId: undefined, content: systemDisk(os) }],
      durationMs: 0,
      name,
      family,
      description: "",
      status: "Available",
      bootMode: architecture === "arm64" ? "UEFI" : "BIOS",
      imdsSupport: "v1",
      isPublic: true,
      importing: false,
      failure: undefined,
      isUsable: true,
      sharedWith: new Map(),
    });
  }
}
