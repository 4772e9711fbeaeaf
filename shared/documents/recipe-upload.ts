/** `source.upload`: a disk file put under `disks/<recipe>/` becomes an image (ImportImage). */
import * as z from "zod/mini";
import { closed, finding, rule, whole } from "./fields.ts";
import { ARCHITECTURES, IMPORT_PLATFORMS } from "./platforms.ts";

/** ImportImage.DiskDeviceMapping.N.Format; VMDK is in invitational preview. */
const IMPORT_FORMATS = ["RAW", "VHD", "QCOW2"] as const;
/** ImportImage knows no UEFI-Preferred. */
const IMPORT_BOOT_MODES = ["BIOS", "UEFI"] as const;
/** ImportImage.DiskDeviceMapping.N.DiskImageSize. */
const MAX_IMPORT_GB = 2048;

const shape = {
  format: z.exactOptional(z.enum(IMPORT_FORMATS)),
  architecture: z.exactOptional(z.enum(ARCHITECTURES)),
  bootMode: z.exactOptional(z.enum(IMPORT_BOOT_MODES)),
  platform: z.exactOptional(z.enum(IMPORT_PLATFORMS)),
  licenseType: z.exactOptional(z.enum(["Aliyun", "BYOL"])),
  sizeGb: z.exactOptional(whole(1, MAX_IMPORT_GB, " GiB")),
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
