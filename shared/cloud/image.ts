/** An image in the cloud's spelling and in ours. */
import * as z from "zod/mini";
import { instant, percent, toTags, wireTags } from "./answers.ts";

export interface Image {
  readonly id: string;
  readonly name: string;
  /** "" when it is in none. A copy never is, until it is told. */
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

const optional = z.nullish(z.string());

export const wireImage = () =>
  z.looseObject({
    ImageId: z.string(),
    ImageName: optional,
    ImageFamily: optional,
    ImageVersion: optional,
    Description: optional,
    Status: z.string(),
    Usable: z.nullish(z.boolean()),
    Progress: optional,
    CreationTime: optional,
    Size: z.nullish(z.number()),
    Architecture: optional,
    Platform: optional,
    OSType: optional,
    BootMode: optional,
    ImageOwnerAlias: optional,
    Usage: optional,
    // Text in every sample, though it means yes or no.
    IsSelfShared: z.nullish(z.union([z.string(), z.boolean()])),
    IsCopied: z.nullish(z.boolean()),
    DiskDeviceMappings: z.optional(
      z.looseObject({
        DiskDeviceMapping: z.optional(
          z.array(z.looseObject({ SnapshotId: optional, Type: optional, Device: optional })),
        ),
      }),
    ),
    DetectionOptions: z.nullish(z.looseObject({ Status: optional })),
    Tags: wireTags(),
  });

export function toImage(wire: z.infer<ReturnType<typeof wireImage>>): Image {
  const disks = wire.DiskDeviceMappings?.DiskDeviceMapping ?? [];
  return {
    id: wire.ImageId,
    name: wire.ImageName ?? "",
    family: wire.ImageFamily ?? "",
    version: wire.ImageVersion ?? "",
    description: wire.Description ?? "",
    status: wire.Status,
    usable: wire.Usable ?? wire.Status === "Available",
    progress: percent(wire.Progress ?? ""),
    createdAt: instant(wire.CreationTime ?? "") ?? 0,
    sizeGb: wire.Size ?? undefined,
    architecture: wire.Architecture ?? "",
    platform: wire.Platform ?? "",
    osType: wire.OSType ?? "",
    bootMode: wire.BootMode ?? "",
    owner: wire.ImageOwnerAlias ?? "",
    usage: wire.Usage ?? "",
    shared: String(wire.IsSelfShared ?? "") === "true",
    copied: wire.IsCopied ?? false,
    snapshotIds: disks.flatMap(({ SnapshotId }) => (SnapshotId ? [SnapshotId] : [])),
    dataDisks: disks.flatMap(({ Type, Device }) => (Type === "data" && Device ? [Device] : [])).toSorted(),
    detection: wire.DetectionOptions?.Status ?? "",
    tags: toTags(wire.Tags),
  };
}
