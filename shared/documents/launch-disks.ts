/** `launch.SystemDisk` and `launch.DataDisk` under the names of RunInstances. */
import * as z from "zod/mini";
import {
  DATA_CATEGORIES,
  diskSizeProblem,
  PERFORMANCE_LEVELS,
  SYSTEM_CATEGORIES,
  type PerformanceLevel,
} from "./disk-sizes.ts";
import { closed, finding, oneLine, rule, short, text, whole, type Finding } from "./fields.ts";
import { description, snapshotId } from "./names.ts";

/** RunInstances.DataDisk.N. */
const MAX_DATA_DISKS = 16;
/** Provisioned IOPS of an AutoPL disk: at most the rest of 50,000 and of 1,000 per GiB. */
const MAX_IOPS = 50_000;
const BASELINE = { least: 1800, perGb: 50 };
const IOPS_PER_GB = 1000;

interface Disk {
  readonly Category?: string;
  readonly Size?: number;
  readonly PerformanceLevel?: PerformanceLevel;
  readonly BurstingEnabled?: boolean;
  readonly ProvisionedIops?: number;
  readonly Encrypted?: boolean;
  readonly KMSKeyId?: string;
  readonly SnapshotId?: string;
  readonly Device?: string;
}

/** RunInstances takes the size of a system disk as text, so documents copied from a request write it so. */
const size = short(
  (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
  whole(1, 65_536, " GiB"),
);

const shared = {
  Size: z.exactOptional(size),
  PerformanceLevel: z.exactOptional(z.enum(PERFORMANCE_LEVELS)),
  DiskName: z.exactOptional(
    text(/^(?!https?:\/\/)[\p{L}\p{N}:_.-]{2,128}$/u, "be 2 to 128 letters, digits, : _ . and -"),
  ),
  Description: z.exactOptional(description()),
  AutoSnapshotPolicyId: z.exactOptional(text(/^sp-/, "be the id of a snapshot policy, sp-…")),
  BurstingEnabled: z.exactOptional(z.boolean()),
  ProvisionedIops: z.exactOptional(whole(0, MAX_IOPS)),
  Encrypted: z.exactOptional(z.boolean()),
  KMSKeyId: z.exactOptional(oneLine(1, 255)),
  StorageClusterId: z.exactOptional(text(/^dbsc-/, "be the id of a dedicated block storage cluster, dbsc-…")),
};
const withheld = { EncryptAlgorithm: "is not offered by the cloud yet; remove it" };

function levelFindings({
  Category,
  PerformanceLevel: level,
  BurstingEnabled,
  ProvisionedIops,
}: Disk): Finding[] {
  const auto = "must be used with Category: cloud_auto";
  const notAuto = Category !== "cloud_auto";
  return [
    ...finding(
      level !== undefined && Category !== "cloud_essd",
      ["PerformanceLevel"],
      "must be used with Category: cloud_essd",
    ),
    ...finding(BurstingEnabled !== undefined && notAuto, ["BurstingEnabled"], auto),
    ...finding(ProvisionedIops !== undefined && notAuto, ["ProvisionedIops"], auto),
  ];
}

function sizeFindings(use: "system" | "data", { Size, Category, PerformanceLevel: level }: Disk): Finding[] {
  const message = Size === undefined ? undefined : diskSizeProblem(use, Size, Category, level);
  return message === undefined ? [] : [{ at: ["Size"], message }];
}

function iopsFindings({ Size, ProvisionedIops = 0 }: Disk): Finding[] {
  if (Size === undefined) return [];
  const baseline = Math.min(BASELINE.least + BASELINE.perGb * Size, MAX_IOPS);
  const most = Math.max(0, Math.min(MAX_IOPS, IOPS_PER_GB * Size - baseline));
  return [...finding(ProvisionedIops > most, ["ProvisionedIops"], `must be at most ${most} for ${Size} GiB`)];
}

const rules = (use: "system" | "data") => [
  rule<Disk>(["Category", "PerformanceLevel", "BurstingEnabled", "ProvisionedIops"], levelFindings),
  rule<Disk>(["Size", "Category", "PerformanceLevel"], (disk) => sizeFindings(use, disk)),
  rule<Disk>(["Size", "ProvisionedIops"], iopsFindings),
  rule<Disk>(["Encrypted", "KMSKeyId"], ({ Encrypted, KMSKeyId }) =>
    finding(KMSKeyId !== undefined && Encrypted !== true, ["KMSKeyId"], "must be used with Encrypted: true"),
  ),
];

export const SystemDisk = closed(
  { Category: z.exactOptional(z.enum(SYSTEM_CATEGORIES)), ...shared },
  withheld,
).check(...rules("system"));

const One = closed(
  {
    Category: z.exactOptional(z.enum(DATA_CATEGORIES)),
    ...shared,
    SnapshotId: z.exactOptional(snapshotId()),
    Device: z.exactOptional(
      text(/^\/dev\/xvd([b-z]|[a-z]{2})$/, "be /dev/xvdb to /dev/xvdz; /dev/xvda is the system disk"),
    ),
    DeleteWithInstance: z._default(z.boolean(), true),
  },
  withheld,
).check(
  ...rules("data"),
  rule<Disk>(["Size", "SnapshotId", "Device"], ({ Size, SnapshotId, Device }) => {
    const said = Size ?? SnapshotId ?? Device;
    return finding(
      said === undefined,
      ["Size"],
      "is missing; give a Size, a SnapshotId, or the Device of a disk in the image",
    );
  }),
);

export const DataDisk = z.array(One).check(
  z.maxLength(MAX_DATA_DISKS),
  rule<Disk[]>(["*"], (disks) =>
    disks.flatMap(({ Device }, index) =>
      finding(
        Device !== undefined && disks.findIndex((disk) => disk.Device === Device) !== index,
        [index, "Device"],
        "is used by an earlier disk; give each its own",
      ),
    ),
  ),
);
