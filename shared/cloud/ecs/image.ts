/** An image in the cloud's spelling and in ours. */
import * as z from "zod/mini";
import { instant, percent, toTags, wireTags, textOr } from "../answers.ts";

export interface Detection {
  /** Processing or Finished. */
  readonly status: string;
  /** `High`: instances may not start from the image. Others may start slowly or with another configuration. */
  readonly risks: readonly { readonly level: string; readonly text: string }[];
}

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
  /** All its disks are; false without disks. */
  readonly encrypted: boolean;
  readonly snapshotIds: readonly string[];
  /** Devices of its data disks, in order. */
  readonly dataDisks: readonly string[];
  /** The cloud's own check of the image; undefined when there is none. */
  readonly detection: Detection | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

const wireDetection = () =>
  z.looseObject({
    Status: textOr(),
    Items: z.nullish(
      z.looseObject({
        Item: z.optional(
          z.array(
            z.looseObject({ Name: textOr(), Value: textOr(), RiskLevel: textOr(), RiskCode: textOr() }),
          ),
        ),
      }),
    ),
  });

/** https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimages */
function toDetection(
  wire: z.infer<ReturnType<typeof wireDetection>> | null | undefined,
): Detection | undefined {
  if (!wire || wire.Status === "") return undefined;
  const risks = (wire.Items?.Item ?? []).flatMap(({ Name, Value, RiskLevel: level, RiskCode }) =>
    level === "" ? [] : [{ level, text: `${Name} ${RiskCode || Value}` }],
  );
  return { status: wire.Status, risks };
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
          z.array(
            z.looseObject({
              SnapshotId: textOr(),
              Type: textOr(),
              Device: textOr(),
              Encrypted: z.nullish(z.boolean()),
            }),
          ),
        ),
      }),
    ),
    DetectionOptions: z.nullish(wireDetection()),
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
    encrypted: disks.length > 0 && disks.every(({ Encrypted }) => Encrypted === true),
    snapshotIds: disks.flatMap(({ SnapshotId }) => (SnapshotId ? [SnapshotId] : [])),
    dataDisks: disks.flatMap(({ Type, Device }) => (Type === "data" && Device ? [Device] : [])).toSorted(),
    detection: toDetection(wire.DetectionOptions),
    tags: toTags(wire.Tags),
  };
}
