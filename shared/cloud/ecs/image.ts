/** An image in the cloud's spelling and in ours. */
import * as z from "zod/mini";
import { instant, percent, toTags, wireTags, textOr } from "../answers.ts";

export interface Image {
  readonly id: string;
  readonly name: string;
  /** "" without a family. A copy has none until it is given one. */
  readonly family: string;
  readonly version: string;
  readonly description: string;
  /** Creating, Waiting, Available, UnAvailable, CreateFailed or Deprecated. */
  readonly status: string;
  /** Whether instances can be made from it already; the cloud may say so before the status is Available. */
  readonly usable: boolean;
  /** 0 to 100; undefined when the cloud does not say, which it does not for finished ones. */
  readonly progress: number | undefined;
  readonly createdAt: number;
  readonly sizeGb: number | undefined;
  readonly architecture: string;
  readonly platform: string;
  readonly osType: string;
  readonly bootMode: string;
  /** self, system, others or marketplace. */
  readonly owner: string;
  /** `instance` while instances run from it. */
  readonly usage: string;
  readonly shared: boolean;
  readonly copied: boolean;
  readonly snapshotIds: readonly string[];
  /** Devices of its data disks, in order. */
  readonly dataDisks: readonly string[];
  readonly detection: string;
  readonly tags: Readonly<Record<string, string>>;
}

export const wireImage = () =>
  z.looseObject({
    ImageId: z.string(),
    ImageName: textOr(),
    ImageFamily: textOr(),
    ImageVersion: textOr(),
    Description: textOr(),
    Status: z.string(),
    Usable: z.nullish(z.boolean()),
    Progress: textOr(),
    CreationTime: textOr(),
    Size: z.nullish(z.number()),
    Architecture: textOr(),
    Platform: textOr(),
    OSType: textOr(),
    BootMode: textOr(),
    ImageOwnerAlias: textOr(),
    Usage: textOr(),
    // Text in every sample, though it means yes or no.
    IsSelfShared: z.nullish(z.union([z.string(), z.boolean()])),
    IsCopied: z.nullish(z.boolean()),
    DiskDeviceMappings: z.optional(
      z.looseObject({
        DiskDeviceMapping: z.optional(
          z.array(z.looseObject({ SnapshotId: textOr(), Type: textOr(), Device: textOr() })),
        ),
      }),
    ),
    DetectionOptions: z.nullish(z.looseObject({ Status: textOr() })),
    Tags: wireTags(),
  });

export function toImage(wire: z.infer<ReturnType<typeof wireImage>>): Image {
  const disks = wire.DiskDeviceMappings?.DiskDeviceMapping ?? [];
  return {
    id: wire.ImageId,
    name: wire.ImageName,
    family: wire.ImageFamily,
    version: wire.ImageVersion,
    description: wire.Description,
    status: wire.Status,
    usable: wire.Usable ?? wire.Status === "Available",
    progress: percent(wire.Progress),
    createdAt: instant(wire.CreationTime) ?? 0,
    sizeGb: wire.Size ?? undefined,
    architecture: wire.Architecture,
    platform: wire.Platform,
    osType: wire.OSType,
    bootMode: wire.BootMode,
    owner: wire.ImageOwnerAlias,
    usage: wire.Usage,
    shared: String(wire.IsSelfShared) === "true",
    copied: wire.IsCopied ?? false,
    snapshotIds: disks.flatMap(({ SnapshotId }) => (SnapshotId ? [SnapshotId] : [])),
    dataDisks: disks.flatMap(({ Type, Device }) => (Type === "data" && Device ? [Device] : [])).toSorted(),
    detection: wire.DetectionOptions?.Status ?? "",
    tags: toTags(wire.Tags),
  };
}
