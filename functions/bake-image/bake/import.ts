/** The disks of an import, and the event of the phase that compares them with their checksums. */
import * as z from "zod/mini";
import { ARCHITECTURES } from "../../../shared/documents/platforms.ts";
import { eventsWith } from "../../../shared/workflow/envelope.ts";
import { HASHED } from "./checksum-file.ts";
import { dataDiskKeys } from "./data-disks.ts";
import { PlannedInput } from "./input.ts";

const DISK_FILE = {
  key: z.string(),
  format: z.enum(["RAW", "VHD", "QCOW2"]),
  sizeGb: z.exactOptional(z.int()),
};
/** A disk file to import, and the attributes of its image. */
export const ImportFile = z.strictObject({
  ...DISK_FILE,
  dataDisks: z.exactOptional(z.array(z.strictObject(DISK_FILE))),
  architecture: z.enum(ARCHITECTURES),
  bootMode: z.exactOptional(z.string()),
  platform: z.exactOptional(z.string()),
  licenseType: z.exactOptional(z.string()),
  nvme: z.boolean(),
});
export type ImportFile = z.infer<typeof ImportFile>;

/** The keys of the disks of an import, the system disk first; none for an image of another kind. */
export function diskKeys({ document: { source }, upload }: PlannedInput): readonly string[] {
  if (source.kind !== "upload" || upload === undefined) return [];
  return [upload.key, ...dataDiskKeys(source, upload.key)];
}

/** The names of the checksums that the disks were compared with (CHECKSUM-4). */
export const Compared = z.array(z.string());

const Disk = z.strictObject({
  disk: z.int().check(z.gte(0)),
  etag: z.string(),
  size: z.int(),
  /** A version before knew no other. */
  kind: z._default(z.enum(HASHED), "SHA-256"),
  expected: z.string(),
  from: z.optional(z.string()),
});

export const Hash = eventsWith(PlannedInput)("hash", {
  /** What is imported then; left out once it is, with the image that it became. */
  file: z.optional(ImportFile),
  imageId: z.optional(z.string()),
  /** Those that are not compared yet; the first of them is being read. */
  disks: z.array(Disk),
  compared: z.optional(Compared),
  /** How much of it is hashed, and the state of its hash. */
  read: z.int().check(z.gte(0)),
  state: z.optional(z.string()),
  /** When the first byte was read, epoch ms. */
  begunAt: z.int(),
});
