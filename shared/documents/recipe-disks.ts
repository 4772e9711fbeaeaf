/**
 * `source.disks`: an image put together from snapshots (CreateImage, method 3):
 * RECIPE-DISK-1. Exactly one system disk, on /dev/xvda, from a snapshot.
 * RECIPE-DISK-2. At most 16 data disks, on /dev/xvdb to /dev/xvdz, each device once; the cloud hands out the free
 *     ones in order, and so does Kiln, so that the recipe says what the image will have.
 * RECIPE-DISK-3. 5–32768 GiB, not below its snapshot; an empty data disk has 5 GiB by default. The cloud checks the
 *     limits of a category. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createimage
 * RECIPE-DISK-4. A disk without type and device has the type of the disk its snapshot was taken of, which only the cloud
 *     knows: then the bake places the disks.
 */
import * as z from "zod/mini";
import type { Problem } from "../errors.ts";
import { finding, closed, rule, text, whole, type Finding } from "./fields.ts";
import { snapshotId } from "./names.ts";

// CreateImage.DiskDeviceMapping.N, document 003.
const SYSTEM_DEVICE = "/dev/xvda";
const DATA_DEVICES = Array.from("bcdefghijklmnopqrstuvwxyz", (letter) => `/dev/xvd${letter}`);
const MAX_DATA_DISKS = 16;
const DISK_GB = { least: 5, most: 32_768, empty: 5 };

const Written = closed({
  snapshotId: z.exactOptional(snapshotId()),
  sizeGb: z.exactOptional(whole(DISK_GB.least, DISK_GB.most, " GiB")),
  device: z.exactOptional(text(/^\/dev\/xvd[a-z]$/, "be /dev/xvda to /dev/xvdz")),
  type: z.exactOptional(z.enum(["system", "data"])),
});
type Written = z.infer<typeof Written>;

/** One disk of the image; without `sizeGb` it has the size of its snapshot. */
export interface ImageDisk extends Omit<Written, "type" | "device"> {
  readonly type: DiskType;
  readonly device: string;
}

type DiskType = "system" | "data";

/** Types of the disks that snapshots were taken of, by the id of the snapshot. */
type SnapshotTypes = ReadonlyMap<string, DiskType>;

function typeOf({ type, device, snapshotId }: Written, types?: SnapshotTypes): DiskType | undefined {
  if (type !== undefined) return type;
  if (device !== undefined) return device === SYSTEM_DEVICE ? "system" : "data";
  return snapshotId === undefined ? "data" : types?.get(snapshotId);
}

function findings(disks: readonly Written[], types?: SnapshotTypes): Finding[] {
  const found = disks.map((disk) => typeOf(disk, types));
  const systems = found.filter((type) => type === "system").length;
  const data = found.filter((type) => type === "data").length;
  const unknown = disks.length - systems - data;
  return [
    ...finding(
      systems > 1 || systems + unknown === 0,
      [],
      `must have exactly one disk of type system, has ${systems}`,
    ),
    ...finding(data > MAX_DATA_DISKS, [], `must have at most ${MAX_DATA_DISKS} data disks, has ${data}`),
    ...disks.flatMap((disk, index) => placeFindings(disk, index, disks)),
  ];
}

function placeFindings(disk: Written, index: number, disks: readonly Written[]): Finding[] {
  const { device } = disk;
  const isSystem = typeOf(disk) === "system";
  const earlier = device !== undefined && disks.findIndex((other) => other.device === device) !== index;
  const misplaced = device !== undefined && isSystem !== (device === SYSTEM_DEVICE);
  const rightPlace = isSystem
    ? `${SYSTEM_DEVICE} for the system disk`
    : "/dev/xvdb to /dev/xvdz for a data disk";
  return [
    ...finding(misplaced, [index, "device"], `must be ${rightPlace}; ${SYSTEM_DEVICE} is the system disk's`),
    ...finding(earlier, [index, "device"], "is used by an earlier disk; give each its own"),
    ...finding(
      isSystem && !disk.snapshotId,
      [index, "snapshotId"],
      "is missing; a system disk is made from a snapshot",
    ),
  ];
}

/** Disks with their devices, in the order of these; as they are where a type is not known yet (RECIPE-DISK-4). */
function complete(disks: readonly Written[]): { kind: "disks"; disks: (ImageDisk | Written)[] } {
  return { kind: "disks", disks: placed(disks) ?? [...disks] };
}

function placed(disks: readonly Written[], types?: SnapshotTypes): ImageDisk[] | undefined {
  if (disks.some((disk) => typeOf(disk, types) === undefined)) return undefined;
  const taken = new Set(disks.map((disk) => disk.device));
  const free = DATA_DEVICES.filter((device) => !taken.has(device));
  const all = disks.map((disk): ImageDisk => {
    const type = typeOf(disk, types) ?? "data";
    const device = disk.device ?? (type === "system" ? SYSTEM_DEVICE : free.shift()) ?? "";
    return { ...disk, type, device, ...(disk.snapshotId ? {} : { sizeGb: disk.sizeGb ?? DISK_GB.empty }) };
  });
  return all.toSorted((a, b) => (a.device < b.device ? -1 : 1));
}

/** The disks with the types of their snapshots (RECIPE-DISK-4), or what is wrong with them. */
export function placedDisks(
  disks: readonly Written[],
  types: SnapshotTypes,
): { readonly disks: readonly ImageDisk[] } | { readonly problem: Problem } {
  const [wrong] = findings(disks, types);
  const all = placed(disks, types);
  if (wrong === undefined && all !== undefined) return { disks: all };
  const message = wrong?.message ?? "names a snapshot of an unknown type; write type: system or type: data";
  return { problem: { path: ["source.disks", ...(wrong?.at ?? [])].join("."), message } };
}

/** The disks of the image in the order of their devices, every device assigned. */
export const Disks = z.pipe(
  z.array(Written).check(rule<Written[]>(["*"], (disks) => findings(disks))),
  z.transform((disks: Written[]) => complete(disks)),
);

/** RECIPE-DISK-3 against the snapshots as they are; ask before the first change. `sizesGb` holds what was found. */
export function snapshotSizeProblems(
  disks: readonly ImageDisk[],
  sizesGb: ReadonlyMap<string, number>,
): Problem[] {
  return disks.flatMap(({ device, snapshotId, sizeGb }) => {
    const least = snapshotId === undefined ? undefined : sizesGb.get(snapshotId);
    if (least === undefined || sizeGb === undefined || sizeGb >= least) return [];
    const message = `must be at least ${least} GiB, the size of ${snapshotId} (it is ${sizeGb})`;
    return [{ path: `source.disks (${device}).sizeGb`, message }];
  });
}
