/** The base of a bake: the thing its image is made from, as it is in the cloud now. Changes nothing. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import { placedDisks, snapshotSizeProblems, type ImageDisk } from "../../../shared/documents/recipe-disks.ts";
import { cipherIn } from "../../../shared/encryption.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { otherOwnerProblem } from "../../../shared/ownership.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { tagDigest } from "../../../shared/baked.ts";
import { checksumsOf, type Checksum } from "./checksum.ts";
import { dataDiskFiles, dataDiskKeys } from "./data-disks.ts";
import { readDiskFormat } from "./disk-format.ts";
import type { ImportFile } from "./import.ts";
import type { BaseImage, LockedInput } from "./input.ts";

type Source<K extends Recipe["source"]["kind"]> = Extract<Recipe["source"], { readonly kind: K }>;

export type Base =
  | {
      readonly kind: "builder";
      readonly source: Source<"builder">;
      readonly image: BaseImage;
      readonly architecture: string;
    }
  /** `running`: it is stopped for its image, and started again. */
  | { readonly kind: "instance"; readonly source: Source<"instance">; readonly running: boolean }
  | { readonly kind: "snapshot"; readonly source: Source<"snapshot"> }
  | { readonly kind: "disks"; readonly disks: readonly ImageDisk[] }
  /** `toRead`: checksums for which disks are read before the import (hash.ts); `compared`: the names of all (CHECKSUM-4). */
  | {
      readonly kind: "upload";
      readonly file: ImportFile;
      readonly toRead: readonly Checksum[];
      readonly compared: readonly string[];
    };

/** A base, and the text by which bakes compare it. */
export interface Identified {
  readonly base: Base;
  readonly identity: string;
}

/** CreateImage, Tag.N.Value: 128 characters, less those of the word before it (see digests.ts). */
const IDENTITY_MAX = 128 - "from ".length;

const found = (identity: string, base: Base) => ok({ identity: identity.slice(0, IDENTITY_MAX), base });

/** The base that the recipe names. A problem says which key of the recipe names nothing usable. */
export async function findBase(
  input: LockedInput,
  run: string,
  cloud: CloudClient,
): Promise<Result<Identified>> {
  const { source } = input.document;
  switch (source.kind) {
    case "builder":
      return builderImage(encryptedBuilder(input.document, source, cloud.access.region), cloud);
    case "instance":
      return sourceInstance(source, run, cloud);
    case "snapshot":
      return found(source.id, { kind: "snapshot", source });
    case "disks":
      return sourceDisks(source, cloud);
    case "upload":
      return uploadedDisk(source, input, cloud);
  }
}

/** With the key that the recipe names for this region (CIPHER-1). */
function encryptedBuilder(document: Recipe, source: Source<"builder">, home: string): Source<"builder"> {
  const cipher = cipherIn(document, home, home);
  if (cipher === undefined) return source;
  return { ...source, systemDisk: { ...source.systemDisk, encrypted: true, ...cipher } };
}

async function builderImage(source: Source<"builder">, cloud: CloudClient): Promise<Result<Identified>> {
  const { family, image: imageId = "" } = source;
  const { region } = cloud.access;
  const [image] =
    family === undefined
      ? await describeImages(cloud, { ids: [imageId] })
      : [await baseOfFamily(cloud, family)];
  if (image?.status === "Available" && image.usable) return linuxBase(source, image);
  if (family !== undefined) {
    const nothing = `family ${family} has no available image in ${region}`;
    // Names of public families look like those of an account, and begin with acs:. Ids of public images hold alibase.
    const isPublic =
      !family.startsWith("acs:") && /_(?:x64|arm64|x86_64|x86)(?:$|_(?!.*alibase))/.test(family);
    const advice = isPublic
      ? `; a public family begins with acs:, so write acs:${family.replace(/^acs:/i, "")}`
      : "";
    return problem(`source.builder.family: ${nothing}; check its name, owner and region${advice}`);
  }
  const unusable = image?.usable === false ? "not usable, " : "";
  const state = image ? `is ${unusable}${image.status}` : `does not exist in ${region}`;
  return problem(`source.builder.image: ${imageId} ${state}; name an available image`);
}

/** A base may be shared by all stages: the family of this stage comes first, then the one of exactly that name. */
async function baseOfFamily(cloud: CloudClient, family: string): Promise<Image | undefined> {
  const own = stagedFamily(cloud.access.stage, family);
  const image = await familyImage(cloud, own);
  return image === undefined && own !== family ? familyImage(cloud, family) : image;
}

/** Provisioning and generalizing are shell scripts; Windows is generalized by Sysprep. */
const linuxBase = (
  source: Source<"builder">,
  { id, osType, dataDisks, architecture }: Image,
): Result<Identified> =>
  osType === "windows"
    ? problem(
        `source.builder: ${id} is a Windows image, and builders run shell scripts; set an instance up by hand and use source.instance, or upload its disk`,
      )
    : found(id, { kind: "builder", source, image: { id, dataDisks: [...dataDisks] }, architecture });

async function sourceInstance(
  source: Source<"instance">,
  run: string,
  cloud: CloudClient,
): Promise<Result<Identified>> {
  const { id, stop } = source;
  const [instance] = await describeInstances(cloud, { ids: [id] });
  if (instance === undefined)
    return problem(`source.instance.id: ${id} does not exist in ${cloud.access.region}`);
  const foreign = await otherOwnerProblem(cloud, instance);
  if (foreign !== undefined) return problem(`source.instance.id: ${foreign}`);
  const running = stop && instance.status === "Running";
  // Changes inside an instance are not visible from outside, so each bake of it counts as new, but those that a change starts.
  return found(`${id} in ${run}`, { kind: "instance", source, running });
}

/** The cloud refuses a disk below its snapshot too, but only when the run has begun to change things. */
async function sourceDisks(source: Source<"disks">, cloud: CloudClient): Promise<Result<Identified>> {
  const { disks } = source;
  const ids = disks.flatMap(({ snapshotId }) => snapshotId ?? []);
  const snapshots = await describeSnapshots(cloud, { ids });
  const missing = ids.filter((id) => !snapshots.some((snapshot) => snapshot.id === id));
  if (missing.length > 0)
    return problem(`source.disks: ${missing.join(", ")} does not exist in ${cloud.access.region}`);
  const types = snapshots.flatMap(({ id, diskKind }) =>
    diskKind === "system" || diskKind === "data" ? [[id, diskKind] as const] : [],
  );
  const placed = placedDisks(disks, new Map(types));
  if ("problem" in placed) return problem(`${placed.problem.path}: ${placed.problem.message}`);
  const sizesGb = new Map(snapshots.map(({ id, sizeGb }) => [id, sizeGb]));
  const [tooSmall] = snapshotSizeProblems(placed.disks, sizesGb);
  if (tooSmall !== undefined) return problem(`${tooSmall.path}: ${tooSmall.message}`);
  const names = placed.disks.map(({ snapshotId = "empty" }: ImageDisk) => snapshotId);
  return found(names.join(" "), { kind: "disks", disks: placed.disks });
}

/** Format and architecture come from the recipe, else from the file: its bytes and its name. */
async function uploadedDisk(
  source: Source<"upload">,
  { upload, recipe }: LockedInput,
  cloud: CloudClient,
): Promise<Result<Identified>> {
  if (upload === undefined)
    return problem(
      `recipe ${recipe} is baked by uploading a disk file to disks/${recipe}/; this request has none`,
    );
  const { key, etag } = upload;
  const format = await readDiskFormat(key, { use: "system", expected: source.format }, cloud);
  if (!format.ok) return format;
  const data = await dataDiskFiles(source, key, cloud);
  if (!data.ok) return data;
  const checksums = await checksumsOf([key, ...dataDiskKeys(source, key)], cloud);
  if (!checksums.ok) return checksums;
  const { files, etags } = data.value;
  const dataDisks = files.length > 0 && { dataDisks: files };
  return found(etags.length === 0 ? etag : `${etag} ${tagDigest(etags.join(" "))}`, {
    kind: "upload",
    file: { key, format: format.value, ...traitsOf(source, key), ...dataDisks },
    ...checksums.value,
  });
}

function traitsOf(source: Source<"upload">, key: string) {
  const architecture = source.architecture ?? (/arm64|aarch64/i.test(key) ? "arm64" : "x86_64");
  // Instances of ARM types boot by UEFI only.
  const bootMode = source.bootMode ?? (architecture === "arm64" ? "UEFI" : undefined);
  const { platform, licenseType, sizeGb, nvme } = source;
  return {
    architecture,
    nvme,
    ...(bootMode !== undefined && { bootMode }),
    ...(platform !== undefined && { platform }),
    ...(licenseType !== undefined && { licenseType }),
    ...(sizeGb !== undefined && { sizeGb }),
  };
}
