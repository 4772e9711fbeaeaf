/**
 * What instances cost an hour at most, for limits.maxPricePerHour.
 *
 * P1. Asked of the cloud (DescribePrice) before anything is bought, never guessed; a price that cannot be
 *     had stops the request.
 * P2. Spot counts at its limit, or at the list price where it has none: it can rise that far.
 * P3. A subscription counts at the hourly list price, which it never exceeds.
 * P4. A type that cannot be had with the fleet's disks is never bought, so it counts for nothing.
 */
import type { Instance } from "../cloud/instances.ts";
import { launchPrice } from "../cloud/price.ts";
import type { Fleet } from "../documents/fleet.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../handler.ts";

/** The dearest rung of the ladder, as any of them may be the one that has stock; undefined without a ceiling. */
export async function priceOf(
  fleet: Fleet,
  imageId: string | undefined,
  cloud: Ports["cloud"],
): Promise<number | undefined> {
  if (fleet.limits.maxPricePerHour === undefined) return undefined;
  const { launch, ladder } = fleet;
  const spotOnly = ladder.every((payment) => payment === "spot");
  if (spotOnly && launch.SpotPriceLimit !== undefined) return launch.SpotPriceLimit;
  const asked = launch.InstanceType.map((type) => listPrice({ fleet, type, imageId }, cloud));
  const listed = await Promise.allSettled(asked);
  const prices = listed.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refused = listed.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const unknown = prices.length === 0 ? refused[0] : refused.find((reason) => !isNotOffered(reason));
  if (unknown !== undefined) throw unknown;
  return Math.max(...prices);
}

/** Tells the price of each instance the fleet has; undefined without a ceiling. */
export async function pricesOf(
  fleet: Fleet,
  instances: readonly Instance[],
  imageId: string | undefined,
  cloud: Ports["cloud"],
): Promise<((instance: Instance) => number) | undefined> {
  if (fleet.limits.maxPricePerHour === undefined) return undefined;
  const types = [...new Set(instances.map(({ type }) => type))];
  const listed = new Map(
    await Promise.all(
      types.map(async (type) => [type, await memberPrice({ fleet, type, imageId }, cloud)] as const),
    ),
  );
  const { SpotPriceLimit: limit } = fleet.launch;
  return ({ type, spotStrategy }) => {
    const list = listed.get(type) ?? 0;
    return spotStrategy === "SpotWithPriceLimit" && limit !== undefined ? Math.min(limit, list) : list;
  };
}

interface Priced {
  readonly fleet: Fleet;
  readonly type: string;
  /** Without it the cloud prices no system disk. */
  readonly imageId: string | undefined;
}

const isNotOffered = (error: unknown): boolean => error instanceof CloudError && error.kind === "change";

/** A member may be older than the document, with a type its disks of today do not go with: then by itself. */
async function memberPrice(priced: Priced, cloud: Ports["cloud"]): Promise<number> {
  try {
    return await listPrice(priced, cloud);
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    return launchPrice(cloud, { InstanceType: priced.type, PriceUnit: "Hour" });
  }
}

/** The list price (P3) of one instance of this type with the fleet's disks and bandwidth. */
async function listPrice(
  { fleet: { launch }, type, imageId }: Priced,
  cloud: Ports["cloud"],
): Promise<number> {
  const { SystemDisk, DataDisk = [], InternetMaxBandwidthOut, InternetChargeType } = launch;
  const disk = (one: Readonly<Record<string, unknown>>) => ({
    ...("Category" in one && { Category: one["Category"] }),
    ...("Size" in one && { Size: one["Size"] }),
    ...("PerformanceLevel" in one && { PerformanceLevel: one["PerformanceLevel"] }),
  });
  // A disk out of a snapshot or an image has its size from there, and no price without one.
  const sized = DataDisk.filter(({ Size }) => Size !== undefined);
  return launchPrice(cloud, {
    InstanceType: type,
    ...(imageId && { ImageId: imageId }),
    ...(SystemDisk && imageId && { SystemDisk: disk(SystemDisk) }),
    ...(sized.length > 0 && { DataDisk: sized.map(disk) }),
    ...(InternetMaxBandwidthOut !== undefined && { InternetMaxBandwidthOut }),
    ...(InternetChargeType !== undefined && { InternetChargeType }),
    PriceUnit: "Hour",
  });
}
