/** Sizes of disks in GiB by use, category and performance level (RunInstances, SystemDisk and DataDisk). */

export const PERFORMANCE_LEVELS = ["PL0", "PL1", "PL2", "PL3"] as const;
export type PerformanceLevel = (typeof PERFORMANCE_LEVELS)[number];

export const SYSTEM_CATEGORIES = [
  "cloud_efficiency",
  "cloud_ssd",
  "cloud_essd",
  "cloud",
  "cloud_auto",
  "cloud_essd_entry",
] as const;

export const DATA_CATEGORIES = [
  ...SYSTEM_CATEGORIES,
  "cloud_regional_disk_auto",
  "elastic_ephemeral_disk_standard",
  "elastic_ephemeral_disk_premium",
  "ephemeral_ssd", // document 001 only
] as const;

type Range = readonly [least: number, most: number];

/** Largest system disk, of every category but `cloud`. */
const MAX_SYSTEM_DISK_GB = 2048;

// Smallest size of each ESSD level; PL1 is the default.
const ESSD_LEAST: Readonly<Record<PerformanceLevel, number>> = { PL0: 1, PL1: 20, PL2: 461, PL3: 1261 };

const SYSTEM: Readonly<Record<string, Range>> = {
  cloud: [20, 500],
  cloud_auto: [1, MAX_SYSTEM_DISK_GB],
  other: [20, MAX_SYSTEM_DISK_GB],
  // The default category depends on the type and the date, so only the outermost limits are certain.
  unsaid: [1, MAX_SYSTEM_DISK_GB],
};

const DATA: Readonly<Record<string, Range>> = {
  cloud_efficiency: [20, 32_768],
  cloud_ssd: [20, 32_768],
  cloud: [5, 2000],
  cloud_auto: [1, 65_536],
  cloud_essd_entry: [10, 32_768],
  ephemeral_ssd: [5, 800],
  other: [1, 65_536],
  unsaid: [1, 65_536],
};

/** The problem of this size, with the limits and their condition, or undefined. */
export function diskSizeProblem(
  use: "system" | "data",
  sizeGb: number,
  category: string | undefined,
  level: PerformanceLevel = "PL1",
): string | undefined {
  const [least, most] = rangeOf(use, category, level);
  if (sizeGb >= least && sizeGb <= most && Number.isInteger(sizeGb)) return undefined;
  const kind = category === "cloud_essd" ? `${category} ${level}` : (category ?? "any category");
  return `must be a whole number from ${least} to ${most} GiB (${use} disk, ${kind})`;
}

function rangeOf(use: "system" | "data", category: string | undefined, level: PerformanceLevel): Range {
  const table = use === "system" ? SYSTEM : DATA;
  if (category === "cloud_essd") return [ESSD_LEAST[level], use === "system" ? MAX_SYSTEM_DISK_GB : 65_536];
  return table[category ?? "unsaid"] ?? table["other"] ?? [1, MAX_SYSTEM_DISK_GB];
}
