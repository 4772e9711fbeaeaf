/** What CreateImage and ImportImage are told. Pure. */
import type { DiskFile, ImageAttributes, ImageSource } from "../../shared/cloud/images.ts";
import type { BakeEvent, BakePlan } from "../../shared/events/bake-image.ts";
import { TAG } from "../../shared/labels.ts";
import { inputTags } from "./inputs.ts";

/** Name, tags and provenance. No family (B1). */
export function attributesOf(
  { run, by, job }: BakeEvent,
  { document, imageName, inputs }: BakePlan,
): ImageAttributes {
  const { image, source } = document;
  return {
    name: imageName,
    version: image.version,
    description: image.description ?? document.description,
    platform: (source.kind === "upload" ? source.platform : undefined) ?? image.platform,
    architecture: image.architecture,
    bootMode: image.bootMode,
    detection: image.detection,
    resourceGroupId: image.resourceGroupId,
    tags: {
      ...image.tags,
      ...inputTags(inputs),
      [TAG.run]: run,
      [TAG.role]: "image",
      [TAG.recipe]: job.recipe,
      [TAG.by]: tagValue(by),
    },
  };
}

/** Whoever asked may be called anything; the cloud takes 128 characters, no link and no name of its own first. */
const tagValue = (text: string): string =>
  text
    .replaceAll(/https?:\/\//gi, "")
    .replace(/^(?=aliyun|acs:)/i, "by ")
    .slice(0, 128);

/** Exactly one source: the cloud would silently prefer one of two. */
export function sourceOf(event: BakeEvent, { document }: BakePlan): ImageSource {
  const { source } = document;
  switch (source.kind) {
    case "snapshot":
      return { snapshotId: source.id };
    case "disks":
      return { disks: source.disks.map(({ type, ...disk }) => ({ kind: type, ...disk })) };
    case "instance":
      return { instanceId: source.id };
    case "builder":
    case "upload": {
      const { instanceId } = event as { instanceId?: string };
      if (instanceId === undefined)
        throw new TypeError(`a ${source.kind} has no instance to make an image of`);
      return { instanceId };
    }
  }
}

/** What the recipe leaves open about an import and the file's name says; ARM machines only boot by UEFI. */
export function importTraits({ job }: BakeEvent, { document: { source } }: BakePlan) {
  if (source.kind !== "upload") return {};
  const named = /arm64|aarch64/i.test(job.upload?.key ?? "") ? "arm64" : undefined;
  const architecture = source.architecture ?? named ?? "x86_64";
  const bootMode = source.bootMode ?? (architecture === "arm64" ? "UEFI" : undefined);
  return {
    architecture,
    bootMode,
    ...(source.licenseType !== undefined && { licenseType: source.licenseType }),
    ...(source.nvme && { nvme: true }),
  };
}

/** What the ending of a disk file says of its format. */
export const FORMATS: Readonly<Record<string, DiskFile["format"]>> = {
  raw: "RAW",
  img: "RAW",
  vhd: "VHD",
  qcow2: "QCOW2",
};

/** The recipe's word, else the ending's; undefined when neither says it, because a guess would boot nothing. */
export const formatOf = (
  key: string,
  source: { readonly format?: DiskFile["format"] },
): DiskFile["format"] | undefined =>
  source.format ?? FORMATS[key.slice(key.lastIndexOf(".") + 1).toLowerCase()];

/** The uploaded disk file; undefined for every other source. @throws TypeError for one the plan should have refused. */
export function importOf({ job }: BakeEvent, { document }: BakePlan, bucket: string): DiskFile | undefined {
  const { source } = document;
  if (source.kind !== "upload" || job.upload === undefined) return undefined;
  const { key } = job.upload;
  const format = formatOf(key, source);
  if (format === undefined) throw new TypeError(`${key} has no known format`);
  return { bucket, key, format, ...(source.sizeGb !== undefined && { sizeGb: source.sizeGb }) };
}
