/**
 * The format of an uploaded disk, by its bytes. Source: the headers of the formats, as ImportImage requires them,
 * https://help.aliyun.com/document_detail/25464.html
 */

export type DiskFormat = "RAW" | "VHD" | "QCOW2" | "VMDK";

interface DiskFile {
  readonly format: DiskFormat;
  /** The size of the disk that is in the file, in bytes. */
  readonly size: number;
}

const SECTOR = 512;

const has = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.subarray(at, at + text.length).toString("latin1") === text;

/** The disk in a file; undefined when it is none. A raw disk has no header: of a data disk nothing can be asked. */
export function readDiskFile(bytes: Buffer, isSystem: boolean): DiskFile | undefined {
  if (has(bytes, 0, "QFI\u00fb") && bytes.length >= 32)
    return { format: "QCOW2", size: Number(bytes.readBigUInt64BE(24)) };
  if (has(bytes, 0, "KDMV") && bytes.length >= 20)
    return { format: "VMDK", size: Number(bytes.readBigUInt64LE(12)) * SECTOR };
  const footer = bytes.length - SECTOR;
  if (footer >= 0 && has(bytes, footer, "conectix"))
    return { format: "VHD", size: Number(bytes.readBigUInt64BE(footer + 48)) };
  const isWhole = bytes.length > 0 && bytes.length % SECTOR === 0;
  // The mark of a boot sector; a GPT has it too.
  const isBootable = bytes.length >= SECTOR && bytes.readUInt16BE(SECTOR - 2) === 0x55aa;
  return isWhole && (isBootable || !isSystem) ? { format: "RAW", size: bytes.length } : undefined;
}
