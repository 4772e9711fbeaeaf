/**
 * `source.upload`: disk files put under `disks/<recipe>/` become an image (ImportImage). The upload of the system disk
 * begins the bake; the recipe names its data disks, which are there by then.
 */
import * as z from "zod/mini";
import { closed, finding, rule, short, text, whole } from "./fields.ts";
import { ARCHITECTURES, IMPORT_PLATFORMS } from "./platforms.ts";

/** ImportImage.DiskDeviceMapping.N.Format; VMDK is in invitational preview. */
const IMPORT_FORMATS = ["RAW", "VHD", "QCOW2"] as const;
/** ImportImage knows no UEFI-Preferred. */
const IMPORT_BOOT_MODES = ["BIOS", "UEFI"] as const;
/** ImportImage.DiskDeviceMapping.N.DiskImageSize. */
const MAX_IMPORT_GB = 2048;
/** ImportImage.DiskDeviceMapping.N takes 17 and ignores more; the first is the system disk. */
const MAX_DATA_DISKS = 16;

const sizeGb = z.exactOptional(whole(1, MAX_IMPORT_GB, " GiB"));

/** A file beside the system disk. Its format is read from its bytes. */
const DataDisk = short(
  (value) => (typeof value === "string" ? { file: value } : value),
  closed({
    file: text(/^(?!\.)[^/]{1,200}$/, "be the name of a file in disks/<recipe>/, without a folder"),
    sizeGb,
  }),
);

const DataDisks = z.array(DataDisk).check(
  z.maxLength(MAX_DATA_DISKS),
  rule<z.infer<typeof DataDisk>[]>(["*"], (all) =>
    all.flatMap(({ file }, index) =>
      finding(
        all.findIndex((disk) => disk.file === file) !== index,
        [index, "file"],
        "is listed twice; keep one of them",
      ),
    ),
  ),
);

const shape = {
  format: z.exactOptional(z.enum(IMPORT_FORMATS)),
  architecture: z.exactOptional(z.enum(ARCHITECTURES)),
  bootMode: z.exactOptional(z.enum(IMPORT_BOOT_MODES)),
  platform: z.exactOptional(z.enum(IMPORT_PLATFORMS)),
  licenseType: z.exactOptional(z.enum(["Aliyun", "BYOL"])),
  sizeGb,
  /** In the order of their devices, from /dev/xvdb. */
  dataDisks: z.exactOptional(DataDisks),
  nvme: z._default(z.boolean(), false),
  keepObject: z._default(z.boolean(), true),
};

type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** Missing fields are read from the object's name and from the cloud's detection. */
export const Upload = z.pipe(
  closed(shape).check(
    rule<Written>(["architecture", "bootMode"], ({ architecture, bootMode }) =>
      finding(architecture === "arm64" && bootMode === "BIOS", ["bootMode"], "must be UEFI for arm64"),
    ),
    rule<Written>(["platform", "licenseType"], ({ platform, licenseType }) => {
      const windows = platform?.includes("Windows") ?? false;
      return [
        ...finding(windows && !licenseType, ["licenseType"], "is missing; Windows needs Aliyun or BYOL"),
        ...finding(
          !windows && licenseType !== undefined,
          ["licenseType"],
          "must be used with a Windows platform only",
        ),
      ];
    }),
  ),
  z.transform((value: Written) => ({ kind: "upload" as const, ...value })),
);
