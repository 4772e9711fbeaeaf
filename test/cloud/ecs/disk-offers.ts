/**
 * Which disks an instance type takes and a zone sells. Source: "Overview of instance families" of ECS (each family
 * names its disks) and the error table of RunInstances.
 *
 * A launch that names no category gets `cloud_efficiency` (RunInstances, SystemDisk.Category), which types of the
 * seventh generation and later refuse. The China site has fallen back to `cloud_essd` PL0 there since 2026-01-30,
 * the international site has not; this is the international one.
 */
import { CloudFault } from "../core/kernel.ts";
import type { InstanceType } from "./records.ts";
import type { World } from "./world.ts";

export const CATEGORIES = [
  "cloud_efficiency",
  "cloud_ssd",
  "cloud_essd",
  "cloud",
  "cloud_auto",
  "cloud_essd_entry",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** The category of a disk of which nothing is said. */
export const UNSAID: Category = "cloud_efficiency";

const OLD: readonly Category[] = ["cloud_efficiency", "cloud_ssd"];
const ESSD: readonly Category[] = ["cloud_essd", "cloud_auto"];
const ENTRY: readonly Category[] = [...ESSD, "cloud_essd_entry"];

/** By the generation in the name of the family: the fifth knows no ESSD, the seventh nothing else. */
export function categoriesOf(family: string): readonly Category[] {
  if (family === "ecs.e" || family === "ecs.u1") return ENTRY;
  const generation = Number(/\d/.exec(family.slice("ecs.".length))?.[0] ?? 0);
  if (family.startsWith("ecs.i")) return [...OLD, ...ESSD];
  if (generation >= 7) return ESSD;
  return generation === 6 ? [...OLD, ...ESSD] : OLD;
}

/** The key of `world.closedDisks`. */
export const diskInZone = (category: string, zoneId: string): string => `${category} ${zoneId}`;

export const isDiskSold = (world: World, category: string, zoneId: string): boolean =>
  !world.closedZones.has(zoneId) && !world.closedDisks.has(diskInZone(category, zoneId));

/** @throws CloudFault when the type does not take the category. A data disk of which nothing is said has one that is not valid. */
export function checkTypeTakes(type: InstanceType, use: "system" | "data", category: Category): void {
  if (type.diskCategories.includes(category)) return;
  if (use === "data" && category !== UNSAID)
    throw new CloudFault(
      403,
      "InvalidDiskCategory.NotSupported",
      "The specified disk category is not support the specified instance type.",
    );
  const what = use === "system" ? "SystemDisk" : "DataDisk";
  throw new CloudFault(
    400,
    `Invalid${what}Category.ValueNotSupported`,
    `The specified parameter ${what}.Category is not valid.`,
  );
}

/**
 * The basic disks of instances that are not I/O optimized go with no others.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createinstance (DataDisk.N.Category)
 * @throws CloudFault 400 InvalidDiskCategory.Mismatch
 */
export function checkCombination(disks: readonly { readonly category: Category }[]): void {
  const isBasic = new Set(disks.map(({ category }) => category === "cloud"));
  if (isBasic.size > 1)
    throw new CloudFault(
      400,
      "InvalidDiskCategory.Mismatch",
      "The specified disk categories' combination is not supported.",
    );
}

/** @throws CloudFault when the zone does not sell the category. */
export function checkZoneSells(
  world: World,
  zoneId: string,
  use: "system" | "data",
  category: Category,
): void {
  if (isDiskSold(world, category, zoneId)) return;
  throw use === "system"
    ? new CloudFault(
        403,
        "OperationDenied.ZoneSystemCategoryNotMatch",
        "The specified Zone or cluster does not offer the specified disk category or the specified zone and cluster do not match.",
      )
    : new CloudFault(
        403,
        "CategoryNotSupported",
        "The specified zone does not offer the specified disk category.",
      );
}
