/** Images: make, copy, import, look, publish, delete. All of it asynchronous; read to see it through. */
import {
  CancelCopyImage,
  CopyImage,
  CreateImage,
  DeleteImage,
  DescribeImageFromFamily,
  DescribeImages,
  ImportImage,
  ModifyImageAttribute,
} from "./actions.ts";
import * as z from "zod/mini";
import { done, tagList } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { goneIsDone } from "./gone.ts";
import { toImage, wireImage, type Image } from "./image.ts";
import { batches, byNumber } from "./pages.ts";

export type { Image };

/** One disk of an image made from snapshots; `/dev/xvda` is the system disk. */
export interface ImageDisk {
  /** Left out for an empty data disk. */
  readonly snapshotId?: string;
  readonly kind: "system" | "data";
  readonly device?: string;
  readonly sizeGb?: number;
}

/** The source of an image: exactly one. The cloud silently ignores a second. */
export type ImageSource =
  | { readonly instanceId: string }
  | { readonly snapshotId: string }
  | { readonly disks: readonly ImageDisk[] };

export interface ImageAttributes {
  readonly name: string;
  /** Left out until the image has passed its test: membership in a family counts at once. */
  readonly family?: string | undefined;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly platform?: string | undefined;
  readonly architecture?: string | undefined;
  readonly bootMode?: string | undefined;
  /** "Standard" lets the cloud check the finished image. */
  readonly detection?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly resourceGroupId?: string | undefined;
}

const imageIdAnswer = () => z.looseObject({ ImageId: z.string() });

/** Begins an image; it is there at once in state Creating. Answers its id. */
export async function createImage(
  client: CloudClient,
  source: ImageSource,
  attributes: ImageAttributes,
  clientToken: string,
): Promise<string> {
  const params = {
    ...sourceParams(source),
    ImageName: attributes.name,
    ImageFamily: attributes.family,
    ImageVersion: attributes.version,
    Description: attributes.description,
    Platform: attributes.platform,
    Architecture: attributes.architecture,
    BootMode: attributes.bootMode,
    DetectionStrategy: attributes.detection,
    Tag: tagList(attributes.tags),
    ResourceGroupId: attributes.resourceGroupId,
    ClientToken: clientToken,
  };
  return (await send(client, { action: CreateImage, params }, imageIdAnswer)).ImageId;
}

function sourceParams(source: ImageSource): Readonly<Record<string, unknown>> {
  if ("instanceId" in source) return { InstanceId: source.instanceId };
  if ("snapshotId" in source) return { SnapshotId: source.snapshotId };
  const toWire = ({ snapshotId, kind, device, sizeGb }: ImageDisk): Readonly<Record<string, unknown>> => ({
    SnapshotId: snapshotId,
    DiskType: kind,
    Device: device,
    Size: sizeGb,
  });
  return { DiskDeviceMapping: source.disks.map(toWire) };
}

export type ImageFilter =
  | { readonly ids: readonly string[] }
  | { readonly tags: Readonly<Record<string, string>> }
  | { readonly name: string }
  | { readonly family: string };

const pageAnswer = () =>
  z.looseObject({
    Images: z.looseObject({ Image: z.array(wireImage()) }),
    TotalCount: z.optional(z.number()),
  });

/** All images that fit, in every state: without asking, the cloud shows only finished ones. */
export async function describeImages(
  client: CloudClient,
  filter: ImageFilter,
  region?: string,
): Promise<Image[]> {
  if ("ids" in filter) {
    const found: Image[] = [];
    for (const batch of batches(filter.ids, 100)) {
      found.push(...(await imagePages(client, { ImageId: batch.join(",") }, region)));
    }
    return found;
  }
  if ("tags" in filter) return imagePages(client, { Tag: tagList(filter.tags) }, region);
  if ("family" in filter) return imagePages(client, { ImageFamily: filter.family }, region);
  // The cloud's own name filter also finds names that only contain the text.
  const named = await imagePages(client, { ImageName: filter.name }, region);
  return named.filter(({ name }) => name === filter.name);
}

async function imagePages(
  client: CloudClient,
  params: Readonly<Record<string, unknown>>,
  region: string | undefined,
): Promise<Image[]> {
  const action = "DescribeImages";
  const wire = await byNumber(action, 100, async (PageNumber) => {
    const asked = { ...params, Status: "ALL", PageNumber, PageSize: 100 };
    const page = await send(client, { action: DescribeImages, params: asked, region }, pageAnswer);
    return { items: page.Images.Image, total: page.TotalCount ?? Number.POSITIVE_INFINITY };
  });
  return wire.map(toImage);
}

const familyAnswer = () =>
  z.looseObject({ Image: z.nullish(z.looseObject({ ImageId: z.optional(z.string()) })) });

/** The image a family serves now, or undefined when it serves none: that is an empty answer, not an error. */
export async function familyImage(
  client: CloudClient,
  family: string,
  region?: string,
): Promise<Image | undefined> {
  const params = { ImageFamily: family };
  const call = { action: DescribeImageFromFamily, params, region };
  const { Image: image } = await send(client, call, familyAnswer);
  return image?.ImageId ? toImage(wireImage().parse(image)) : undefined;
}

export interface ImageChange {
  readonly family?: string;
  /** Deprecated takes an image out of its family's choice; Available brings it back. */
  readonly status?: "Available" | "Deprecated";
  readonly name?: string;
  readonly description?: string;
  readonly bootMode?: string;
}

/** Changes an image in one call; fields that are left out stay. Deprecating a deprecated image is refused (`done`). */
export async function modifyImage(
  client: CloudClient,
  imageId: string,
  change: ImageChange,
  region?: string,
): Promise<void> {
  const params = {
    ImageId: imageId,
    ImageFamily: change.family,
    Status: change.status,
    ImageName: change.name,
    Description: change.description,
    BootMode: change.bootMode,
  };
  await send(client, { action: ModifyImageAttribute, params, region }, done);
}

/** Deletes an image, not its snapshots; one that is gone is a success. `force`: although instances run from it. */
export async function deleteImage(
  client: CloudClient,
  imageId: string,
  options: { readonly force?: boolean; readonly region?: string } = {},
): Promise<void> {
  const params = { ImageId: imageId, Force: options.force };
  const call = { action: DeleteImage, params, region: options.region };
  await goneIsDone(send(client, call, done));
}

export interface CopyTarget {
  readonly region: string;
  readonly name: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly resourceGroupId?: string;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

/** Begins a copy in another region and answers its id there. A copy has no family until it is given one. */
export async function copyImage(
  client: CloudClient,
  imageId: string,
  target: CopyTarget,
  clientToken: string,
): Promise<string> {
  const params = {
    ImageId: imageId,
    DestinationRegionId: target.region,
    DestinationImageName: target.name,
    DestinationDescription: target.description,
    Tag: tagList(target.tags),
    ResourceGroupId: target.resourceGroupId,
    Encrypted: target.encrypted,
    KMSKeyId: target.kmsKeyId,
    ClientToken: clientToken,
  };
  return (await send(client, { action: CopyImage, params }, imageIdAnswer)).ImageId;
}

/** Stops a copy under way and removes it; `region` is the one copied to. */
export async function cancelCopyImage(client: CloudClient, imageId: string, region: string): Promise<void> {
  const params = { ImageId: imageId };
  await goneIsDone(send(client, { action: CancelCopyImage, params, region }, done));
}

/** A disk file in a bucket of the same region; the first is the system disk. */
export interface DiskFile {
  readonly bucket: string;
  readonly key: string;
  readonly format: "RAW" | "VHD" | "QCOW2" | "VMDK";
  readonly sizeGb?: number;
}

/** Begins an image from disk files. Cancelling goes by `taskId` (tasks.ts). */
export async function importImage(
  client: CloudClient,
  disks: readonly DiskFile[],
  attributes: ImageAttributes & {
    readonly licenseType?: string;
    /** The disk has NVMe drivers; the cloud assumes it has none. */
    readonly nvme?: boolean;
  },
  clientToken: string,
): Promise<{ readonly imageId: string; readonly taskId: string }> {
  const params = {
    DiskDeviceMapping: disks.map(({ bucket, key, format, sizeGb }) => ({
      OSSBucket: bucket,
      OSSObject: key,
      Format: format,
      DiskImageSize: sizeGb,
    })),
    ImageName: attributes.name,
    Description: attributes.description,
    Platform: attributes.platform,
    Architecture: attributes.architecture,
    BootMode: attributes.bootMode,
    DetectionStrategy: attributes.detection,
    // The cloud takes every import for Linux that does not say otherwise.
    OSType: attributes.platform?.includes("Windows") ? "windows" : undefined,
    LicenseType: attributes.licenseType,
    Features: attributes.nvme ? { NvmeSupport: "supported" } : undefined,
    Tag: tagList(attributes.tags),
    ResourceGroupId: attributes.resourceGroupId,
    ClientToken: clientToken,
  };
  const importAnswer = () => z.looseObject({ ImageId: z.string(), TaskId: z.string() });
  const answer = await send(client, { action: ImportImage, params }, importAnswer);
  return { imageId: answer.ImageId, taskId: answer.TaskId };
}
