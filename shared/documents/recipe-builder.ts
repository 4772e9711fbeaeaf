/** `source.builder`: the temporary machine an image is made on. */
import * as z from "zod/mini";
import { hours } from "../duration.ts";
import {
  DATA_CATEGORIES,
  diskSizeProblem,
  PERFORMANCE_LEVELS,
  SYSTEM_CATEGORIES,
  type PerformanceLevel,
} from "./disk-sizes.ts";
import {
  closed,
  duration,
  finding,
  type Finding,
  inMs,
  oneLine,
  oneOrMany,
  orEmpty,
  price,
  rule,
  short,
  text,
  whole,
} from "./fields.ts";
import { offeringFindings, SELECTED, Size } from "./offerings.ts";
import {
  instanceType,
  kmsKeyId,
  ramRole,
  securityGroupId,
  snapshotId,
  userDataProblem,
  vSwitchId,
} from "./names.ts";

/** RunInstances.DataDisk.N. */
const MAX_DATA_DISKS = 16;
/** RunInstances.InternetMaxBandwidthOut, Mbit/s. */
const MAX_INTERNET_MBPS = 100;
/** RunInstances.ImageId and ImageFamily. */
const MAX_IMAGE_NAME = 128;

interface Disk {
  readonly sizeGb?: number;
  readonly category?: string;
  readonly performanceLevel?: PerformanceLevel;
  readonly snapshotId?: string;
  readonly device?: string;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

const levelRule = rule<Disk>(["category", "performanceLevel"], (disk) =>
  finding(
    disk.performanceLevel !== undefined && disk.category !== "cloud_essd",
    ["performanceLevel"],
    "must be used with category: cloud_essd",
  ),
);

/** Without it a data disk follows the system disk, so an image is encrypted on all its disks or on none (CIPHER-1). */
const cipher = {
  encrypted: z.exactOptional(
    z.literal(true, { error: "must be true; a data disk without it is encrypted like the system disk" }),
  ),
  kmsKeyId: z.exactOptional(kmsKeyId()),
};
const cipherRule = rule<Disk>(["encrypted", "kmsKeyId"], ({ encrypted, kmsKeyId: key }) =>
  finding(key !== undefined && encrypted !== true, ["kmsKeyId"], "must be used with encrypted: true"),
);

/** Rules a system and a data disk share: the level needs an ESSD, the size its category's range. */
const diskRules = (use: "system" | "data") => [
  levelRule,
  cipherRule,
  rule<Disk>(["sizeGb", "category", "performanceLevel"], ({ sizeGb, category, performanceLevel }) => {
    const message = sizeGb && diskSizeProblem(use, sizeGb, category, performanceLevel);
    return message ? [{ at: ["sizeGb"], message }] : [];
  }),
];

const size = z.exactOptional(whole(1, 65_536, " GiB"));
const performanceLevel = z.exactOptional(z.enum(PERFORMANCE_LEVELS));

export const SystemDisk = closed({
  sizeGb: size,
  category: z.exactOptional(z.enum(SYSTEM_CATEGORIES)),
  performanceLevel,
  ...cipher,
}).check(...diskRules("system"));

const device = z.exactOptional(
  text(/^\/dev\/xvd[b-z]$/, "be /dev/xvdb to /dev/xvdz for a data disk; /dev/xvda is the system disk"),
);
const dataCategory = z.exactOptional(z.enum(DATA_CATEGORIES));

const DataDisk = closed({
  sizeGb: size,
  category: dataCategory,
  performanceLevel,
  snapshotId: z.exactOptional(snapshotId()),
  device,
  ...cipher,
}).check(
  ...diskRules("data"),
  rule<Disk>(["sizeGb", "snapshotId"], (disk) =>
    finding(!disk.sizeGb && !disk.snapshotId, ["sizeGb"], "is missing; give a size or a snapshotId"),
  ),
);

/** A list of data disks on different devices. */
const disks = <T extends z.core.$ZodType<{ readonly device?: string }>>(one: T) =>
  z.array(one).check(
    z.maxLength(MAX_DATA_DISKS),
    rule<Disk[]>(["*"], (all) =>
      all.flatMap(({ device }, index) =>
        finding(
          device !== undefined && all.findIndex((disk) => disk.device === device) !== index,
          [index, "device"],
          "is used by an earlier disk; give each its own",
        ),
      ),
    ),
  );

/** Categories of the data disks that the image of a test instance brings, by device or in order. */
export const TestedDisks = disks(
  closed(
    { category: dataCategory, performanceLevel, device },
    {
      sizeGb: "is the image's; remove it",
      snapshotId: "is the image's; remove it",
    },
  ).check(levelRule),
);

const Spot = short(
  (value) => (typeof value === "boolean" ? { wanted: value } : value),
  closed({ wanted: z._default(z.boolean(), true), maxPricePerHour: z.exactOptional(price()) }),
);

const shape = {
  image: z.exactOptional(
    oneLine(1, MAX_IMAGE_NAME).check(
      z.regex(/^[\w.-]*$/, "must be the id of an image, letters, digits, _ . and -, like m-…"),
    ),
  ),
  family: z.exactOptional(
    oneLine(1, MAX_IMAGE_NAME).check(
      z.regex(
        /^[\w:.\p{Script=Han}-]*$/u,
        "must be the name of an image family, letters, Chinese characters, digits, : _ . and -",
      ),
    ),
  ),
  instanceTypes: z.exactOptional(oneOrMany(instanceType())),
  instance: z.exactOptional(Size),
  vSwitchIds: oneOrMany(vSwitchId()),
  securityGroupId: securityGroupId(),
  systemDisk: orEmpty(SystemDisk, {}),
  dataDisks: orEmpty(disks(DataDisk), []),
  spot: z._default(Spot, { wanted: false }),
  internetMbps: z._default(whole(0, MAX_INTERNET_MBPS), 0),
  ramRole: z.exactOptional(ramRole()),
  userData: z.exactOptional(z.string()),
  expireAfter: z._default(duration("1h", "1d"), hours(2)),
};

type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** Names of types or a size, and not both. */
const typesFindings = ({ instanceTypes, instance }: Written): readonly Finding[] => [
  ...finding(
    instanceTypes === undefined && instance === undefined,
    ["instanceTypes"],
    "is missing; write instanceTypes: [ecs.g7.large], or instance: { vcpu: 2, memoryGiB: 8 }",
  ),
  ...finding(
    instanceTypes !== undefined && instance !== undefined,
    ["instance"],
    "must not stand beside instanceTypes; keep one of the two",
  ),
];

/** A builder as bake-image launches it: complete, with lists where one value was written. */
export const Builder = z.pipe(
  closed(shape, { types: "is not known; write instanceTypes" }).check(
    rule<Written>(["image", "family"], ({ image, family }) => {
      const count = [image, family].filter((base) => base !== undefined).length;
      return finding(
        count !== 1,
        [],
        `must have exactly one of image and family, has ${count === 0 ? "none" : "both"}`,
      );
    }),
    rule<Written>(["instanceTypes", "instance"], typesFindings),
    rule<Written>(["instanceTypes", "vSwitchIds", "spot"], ({ instanceTypes, vSwitchIds, spot }) =>
      offeringFindings(instanceTypes ?? SELECTED, vSwitchIds, spot.wanted ? 2 : 1, ["instanceTypes"]),
    ),
    rule<Written>(["userData"], ({ userData }) => {
      const message = userData === undefined ? undefined : userDataProblem(userData);
      return message ? [{ at: ["userData"], message }] : [];
    }),
  ),
  z.transform(({ instanceTypes = [], ...value }: Written) => ({
    kind: "builder" as const,
    /** Empty until those of `instance` are selected. */
    instanceTypes,
    ...inMs(value, "expireAfter"),
  })),
);
