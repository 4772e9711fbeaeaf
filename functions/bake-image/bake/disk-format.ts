/**
 * The format of an uploaded disk by its bytes, because endings of names say little: cloud images called .img are QCOW2
 * more often than raw.
 *
 * DISK-FORMAT-1. What is no disk is refused here: the cloud takes minutes to refuse it, and a checksum file becomes an image.
 *     https://www.alibabacloud.com/help/en/ecs/user-guide/import-custom-images
 * DISK-FORMAT-2. It says nothing about the recipe, whose other disks may be good: it is reported, and is no failure of a bake.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { readTail } from "../../../shared/cloud/oss/append.ts";
import { getObject } from "../../../shared/cloud/oss/objects.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";

const SECTOR = 512;

/** The first volume descriptor of ISO 9660, in sector 16 of 2 KB each. https://wiki.osdev.org/ISO_9660 */
const [ISO_AT, ISO_MARK] = [16 * 2048, "\u0001CD001"];
const HEAD_BYTES = ISO_AT + ISO_MARK.length;

export type DiskFormat = "RAW" | "VHD" | "QCOW2";

/** The use of the disk in a file. */
export type DiskUse = "system" | "data";

/** First bytes of files that hold no disk that can be imported, and what to do with them. */
const OTHERS: readonly (readonly [string, string])[] = [
  [
    "KDMV",
    "a VMDK, which the cloud imports in a preview only; convert it, for example with qemu-img convert -O qcow2",
  ],
  [
    "vhdxfile",
    "a VHDX, which the cloud does not import; convert it, for example with qemu-img convert -O vpc",
  ],
  ["\u001f\u008b", "compressed with gzip; unpack it"],
  ["\u00fd7zXZ", "compressed with xz; unpack it"],
  ["\u0028\u00b5\u002f\u00fd", "compressed with zstd; unpack it"],
  ["BZh", "compressed with bzip2; unpack it"],
  ["PK", "a ZIP archive; unpack it"],
  ["7z\u00bc\u00af", "a 7z archive; unpack it"],
];

/**
 * The format of the disk under `key`. A problem: what the object is instead.
 * @param expected the format that the recipe names, of the system disk
 * @throws CloudError
 */
export async function readDiskFormat(
  key: string,
  { use, expected }: { readonly use: DiskUse; readonly expected?: DiskFormat | undefined },
  cloud: CloudClient,
): Promise<Result<DiskFormat>> {
  const format = await formatIn(key, use, cloud);
  if (format === undefined) return problem(`the bucket has no object ${key}`);
  if (!format.ok) return format;
  if (expected === undefined || expected === format.value) return format;
  return problem(
    `${key} is ${format.value}, and source.upload.format is ${expected}; leave the key out, or upload a ${expected} file`,
  );
}

/** What the object under `key` is instead of a system disk (DISK-FORMAT-2); undefined for a disk and when there is none. */
export async function noDisk(key: string, cloud: CloudClient): Promise<string | undefined> {
  const format = await formatIn(key, "system", cloud);
  return format === undefined || format.ok ? undefined : format.problem;
}

async function formatIn(
  key: string,
  use: DiskUse,
  cloud: CloudClient,
): Promise<Result<DiskFormat> | undefined> {
  const head = await getObject(cloud, key, HEAD_BYTES);
  if (head === undefined) return undefined;
  const tail = await readTail(cloud, key, SECTOR);
  const format = formatOf(head.bytes, tail?.bytes ?? Buffer.alloc(0), use);
  return format.ok ? format : problem(`${key} ${format.problem}; upload a disk as RAW, VHD or QCOW2`);
}

/** @param head the first sector or more, up to the descriptor of ISO 9660 @param tail the last one */
export function formatOf(head: Buffer, tail: Buffer, use: DiskUse = "system"): Result<DiskFormat> {
  const begins = (text: string, bytes = head): boolean =>
    bytes.subarray(0, text.length).toString("latin1") === text;
  if (begins("QFI\u00fb")) return ok("QCOW2");
  // The footer of a VHD; one that grows has a copy of it at its beginning.
  if ([head, tail].some((bytes) => begins("conectix", bytes))) return ok("VHD");
  const other = OTHERS.find(([text]) => begins(text));
  if (other !== undefined) return problem(`is ${other[1]}`);
  // A hybrid has a boot sector as well, so it would be imported, and boots an installer.
  if (use === "system" && begins(ISO_MARK, head.subarray(ISO_AT)))
    return problem("is an ISO 9660 image, which installs a system and is none");
  // The mark of a boot sector, which a disk with a GPT has too.
  if (head.length >= SECTOR && head.readUInt16BE(SECTOR - 2) === 0x55aa) return ok("RAW");
  // A raw data disk need not have a partition.
  if (use === "data" && tail.length >= SECTOR && !isText(head.subarray(0, SECTOR))) return ok("RAW");
  return problem(insteadOf(head));
}

function insteadOf(head: Buffer): string {
  if (head.length === 0) return "is empty";
  return isText(head.subarray(0, SECTOR)) ? "is a text" : "has no boot sector, so it is no disk that boots";
}

const isText = (bytes: Buffer): boolean => !/[^\t\n\r -~\u0080-\u00ff]/.test(bytes.toString("latin1"));
