/**
 * The checksums that lie beside an uploaded disk.
 *
 * CHECKSUM-1. They are its own, such as `<file>.md5` and `<file>.sha256`, and lines about it in the lists of a release:
 *     SHA256SUMS and MD5SUMS (Ubuntu), SHA512SUMS (Debian), CHECKSUM (Rocky Linux, AlmaLinux, CentOS Stream), …-CHECKSUM
 *     (Fedora), <file>.sha256 (openSUSE). Each is compared, whatever the others say.
 *     https://cloud-images.ubuntu.com/noble/current/  https://cloud.debian.org/images/cloud/bookworm/latest/
 *     https://dl.rockylinux.org/pub/rocky/9/images/x86_64/  https://docs.fedoraproject.org/en-US/quick-docs/verify-downloads/
 * CHECKSUM-2. OSS keeps the MD5 of an object that was written in one call, which is compared at once. For all others the disk
 *     is read whole, by the phase `hash`. What it is compared with, and the ETag of the disk, are read here and travel.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/headobject
 * CHECKSUM-3. A checksum that cannot be compared refuses the bake: whoever put it there wants the comparison.
 * CHECKSUM-4. An upload of a folder may put a checksum after its disk. So they are looked for again when the image is made:
 *     those that are new or corrected are compared before anything uses the image. The upload of a checksum starts the bake
 *     of its disk, if that has no image yet: a corrected one is news of the disk that was refused.
 */
import { tagDigest } from "../../../shared/baked.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import {
  getSmallObject,
  headObject,
  listObjects,
  type ObjectInfo,
} from "../../../shared/cloud/oss/objects.ts";
import { recipeOfDisk } from "../../../shared/keys.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { isChecksumFile } from "../../../shared/unread.ts";
import { checksumsIn, HASHED } from "./checksum-file.ts";

/** The list of a release has a line for each of its files. */
const MOST_BYTES = 64 * 1024;

const GB = 1e9;
/** The most that is read of the disks of one bake: at 5 MB/s it takes less than the limit of the phase (HASH-3). */
const HASHED_MAX_BYTES = 100 * GB;

type Hashed = (typeof HASHED)[number];
const isHashed = (kind: string): kind is Hashed => HASHED.some((one) => one === kind);

/** A disk, by its place among those of the import, whose checksum is known. */
export interface Checksum {
  readonly disk: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly kind: Hashed;
  /** Hexadecimal, small letters. */
  readonly expected: string;
  /** The key of the file that says so. */
  readonly from: string;
}

interface Found {
  /** Those that the disk is read for. */
  readonly toRead: readonly Checksum[];
  /** Short names of all that are compared once the disk is read. */
  readonly compared: readonly string[];
}

/**
 * The checksums of disks, in their order, but those that are compared already. A problem: one that differs, or that says
 * nothing. @throws CloudError
 */
export async function checksumsOf(
  keys: readonly string[],
  cloud: CloudClient,
  before: readonly string[] = [],
): Promise<Result<Found>> {
  const files = await filesBeside(keys[0] ?? "", cloud);
  if (!files.ok) return files;
  const toRead: Checksum[] = [];
  const compared = new Set(before);
  for (const [disk, key] of keys.entries()) {
    const said = saidOf(key, files.value);
    if (!said.ok) return said;
    const fresh = said.value.filter(({ kind, hash }) => !compared.has(nameOf(disk, kind, hash)));
    const read = fresh.length === 0 ? ok([]) : await toReadOf({ disk, key }, fresh, cloud);
    if (!read.ok) return read;
    toRead.push(...read.value);
    for (const { kind, hash } of fresh) compared.add(nameOf(disk, kind, hash));
  }
  return withinLimit(keys, { toRead, compared: [...compared] });
}

/** Of checksums of one disk, those that it is read for, each once. */
async function toReadOf(
  of: { readonly disk: number; readonly key: string },
  lines: readonly Line[],
  cloud: CloudClient,
): Promise<Result<readonly Checksum[]>> {
  const head = await headObject(cloud, of.key);
  if (head === undefined) return problem(`the bucket has no object ${of.key}`);
  const read = new Map<string, Checksum>();
  for (const line of lines) {
    const one = compare({ ...of, ...line }, head);
    if (!one.ok) return one;
    if (one.value !== undefined) read.set(`${line.kind} ${line.hash}`, one.value);
  }
  return ok([...read.values()]);
}

const nameOf = (disk: number, kind: string, hash: string): string =>
  tagDigest(`${disk} ${kind} ${hash}`).slice(0, 8);

interface Line {
  readonly kind: string;
  readonly hash: string;
  readonly from: string;
}

/** Compares what OSS knows; a checksum that the disk is to be read for. */
function compare(
  { disk, key, kind, hash, from }: Line & { readonly disk: number; readonly key: string },
  { etag, size, md5 }: ObjectInfo,
): Result<Checksum | undefined> {
  if (!isHashed(kind))
    return problem(
      `${from} has a ${kind} of ${key}, which is not compared; give its SHA-256, or delete the file`,
    );
  if (kind !== "MD5" || md5 === undefined) return ok({ disk, etag, size, kind, expected: hash, from });
  return md5 === hash ? ok(undefined) : problem(differs(key, { kind, from, is: md5, said: hash }));
}

/** In words: a disk is not the one that its checksum is of. */
export const differs = (
  key: string,
  { kind, from, is, said }: Readonly<Record<"kind" | "from" | "is" | "said", string>>,
): string =>
  `${key} has the ${kind} ${is}, and ${from} says ${said}; upload the file again, or correct its checksum`;

interface File {
  readonly key: string;
  readonly text: string;
}

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/") + 1);
const nameIn = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

/** The files of checksums in the folder of a disk. */
async function filesBeside(disk: string, cloud: CloudClient): Promise<Result<readonly File[]>> {
  const keys = (await listObjects(cloud, folderOf(disk)))
    .map(({ key }) => key)
    .filter((key) => folderOf(key) === folderOf(disk) && isChecksumFile(key));
  const objects = await inBatches(keys, async (key) => ({
    key,
    found: await getSmallObject(cloud, key, MOST_BYTES),
  }));
  const files: File[] = [];
  for (const { key, found } of objects) {
    if (!found.ok) return found;
    if (found.value !== undefined) files.push({ key, text: found.value.text });
  }
  return ok(files);
}

function saidOf(disk: string, files: readonly File[]): Result<readonly Line[]> {
  const lines: Line[] = [];
  for (const { key, text } of files) {
    const said = checksumsIn(text, nameIn(key), nameIn(disk));
    if (!said.ok) return problem(`${key} ${said.problem}`);
    lines.push(...said.value.map((one) => ({ ...one, from: key })));
  }
  return ok(lines);
}

function withinLimit(keys: readonly string[], found: Found): Result<Found> {
  const bytes = found.toRead.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= HASHED_MAX_BYTES) return ok(found);
  const disks = [...new Set(found.toRead.map(({ disk }) => keys[disk]))].join(", ");
  return problem(
    `${disks}: ${(bytes / GB).toFixed(1)} GB to read for checksums, and a bake reads ${HASHED_MAX_BYTES / GB} GB at most; compare them before the upload, and delete the checksums`,
  );
}

/** A disk, and the recipe that makes it an image. */
export type Beside = Pick<ObjectInfo, "key" | "etag"> & { readonly recipe: string };

/**
 * The disk that a file of checksums may be uploaded for: the newest one in its folder, when the file is about a disk there.
 * An older disk has its image, or a newer one in its place.
 */
export async function diskBeside(file: string, cloud: CloudClient): Promise<Beside | undefined> {
  const objects = await listObjects(cloud, folderOf(file));
  const disks = objects
    .flatMap((object) => {
      const recipe = recipeOfDisk(object.key);
      return recipe === undefined ? [] : [{ ...object, recipe }];
    })
    .toSorted((a, b) => b.lastModifiedAt - a.lastModifiedAt);
  if (disks.length === 0) return undefined;
  const found = await getSmallObject(cloud, file, MOST_BYTES);
  if (!found.ok || found.value === undefined) return found.ok ? undefined : disks[0];
  const { text } = found.value;
  const isAbout = ({ key }: ObjectInfo): boolean => {
    const said = checksumsIn(text, nameIn(file), nameIn(key));
    return !said.ok || said.value.length > 0;
  };
  return disks.some(isAbout) ? disks[0] : undefined;
}
