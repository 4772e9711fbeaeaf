/**
 * Reads the zip files that code arrives in. With node:zlib, because Node has all that is hard about it (inflate, CRC-32)
 * and a package would be a further one for two records to parse.
 *
 * ZIP-1. Files are those of the central directory, stored or deflated; their CRC-32 must hold.
 * ZIP-2. A name that leaves the folder, an encrypted file, several disks and ZIP64 are refused.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { CloudFault } from "../core/kernel.ts";

export interface ZipEntry {
  /** With `/` between folders. */
  readonly name: string;
  readonly body: Buffer;
}

const END = { signature: 0x06054b50, size: 22 } as const;
const ENTRY = { signature: 0x02014b50, size: 46 } as const;
const LOCAL_SIZE = 30;
const MAX_COMMENT = 0xffff;

const refuse = (what: string): CloudFault =>
  new CloudFault(400, "InvalidArgument", `the code package cannot be unzipped: ${what}`);

/** The files of an archive, folders left out. @throws CloudFault 400 InvalidArgument when it cannot be read. */
export function unzip(archive: Buffer): ZipEntry[] {
  try {
    return [...entriesOf(archive)];
  } catch (error) {
    if (error instanceof CloudFault) throw error;
    throw refuse("it is damaged");
  }
}

function* entriesOf(archive: Buffer): Generator<ZipEntry> {
  const end = endOf(archive);
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== ENTRY.signature) throw refuse("its directory is damaged");
    const lengths = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const [nameLength = 0] = lengths;
    const name = archive.toString("utf8", at + ENTRY.size, at + ENTRY.size + nameLength);
    if (!name.endsWith("/")) yield { name: checked(name), body: bodyOf(archive, at, name) };
    at += lengths.reduce((sum, length) => sum + length, ENTRY.size);
  }
}

/** Where the record at the end begins; only a comment may follow it. */
function endOf(archive: Buffer): number {
  const first = Math.max(0, archive.length - END.size - MAX_COMMENT);
  for (let at = archive.length - END.size; at >= first; at--) {
    if (archive.readUInt32LE(at) === END.signature) return at;
  }
  throw refuse("it is not a zip file");
}

function checked(name: string): string {
  const isOutside = name.startsWith("/") || name.includes("\\") || name.split("/").includes("..");
  if (isOutside) throw refuse(`${name} is outside of its folder`);
  return name;
}

function bodyOf(archive: Buffer, entry: number, name: string): Buffer {
  const [flags, method] = [archive.readUInt16LE(entry + 8), archive.readUInt16LE(entry + 10)];
  const [crc, packed] = [archive.readUInt32LE(entry + 16), archive.readUInt32LE(entry + 20)];
  const local = archive.readUInt32LE(entry + 42);
  if ((flags & 1) === 1) throw refuse(`${name} is encrypted`);
  if (packed === 0xffffffff || local === 0xffffffff) throw refuse("ZIP64 is not simulated");
  const start = local + LOCAL_SIZE + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + packed);
  if (method !== 0 && method !== 8) throw refuse(`${name} is packed by method ${method}`);
  const body = method === 8 ? inflateRawSync(bytes) : bytes;
  if (crc32(body) !== crc) throw refuse(`${name} is damaged`);
  return body;
}
