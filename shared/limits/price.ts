/**
 * What instances cost an hour at most, for limits.maxPricePerHour.
 *
 * P1. Asked of the cloud (DescribePrice) before anything is bought, never guessed; a price that cannot be
 *     had stops the request.
 * P2. Spot counts at its limit, or at the list price where it has none: it can rise that far.
 * P3. A subscription counts at the hourly list price, which it never exceeds.
 */
import type { Instance } from "../cloud/instances.ts";
import { launchPrice } from "../cloud/price.ts";
import type { Fleet } from "../documents/fleet.ts";
import type { Ports } from "../handler.ts";

/** The dearest rung of the ladder, as any of them may be the one that has stock; undefined without a ceiling. */
export async function priceOf(fleet: Fleet, cloud: Ports["cloud"]): Promise<number | undefined> {
  if (fleet.limits.maxPricePerHour === undefined) return undefined;
  const { launch, ladder } = fleet;
  const spotOnly = ladder.every((payment) => payment === "spot");
  if (spotOnly && launch.SpotPriceLimit !== undefined) return launch.SpotPriceLimit;
  const listed = await Promise.all(launch.InstanceType.map((type) => listPrice(fleet, type, cloud)));
  return Math.max(...listed);
}

/** Tells the price of each instance the fleet has; undefined without a ceiling. */
export async function pricesOf(
  fleet: Fleet,
  instances: readonly Instance[],
  cloud: Ports["cloud"],
): Promise<((instance: Instance) => number) | undefined> {
  if (fleet.limits.maxPricePerHour === undefined) return undefined;
  const types = [...new Set(instances.map(({ type }) => type))];
  const listed = new Map(
    await Promise.all(types.map(async (type) => [type, await listPrice(fleet, type, cloud)] as const)),
  );
  const { SpotPriceLimit: limit } = fleet.launch;
  return ({ type, spotStrategy }) => {
    const list = listed.get(type) ?? 0;
    return spotStrategy === "SpotWithPriceLimit" && limit !== undefined ? Math.min(limit, list) : list;
  };
}

/** The list price (P3) of one instance of this type with the fleet's disks and bandwidth. */
async function listPrice({ launch }: Fleet, type: string, cloud: Ports["cloud"]): Promise<number> {
  const { SystemDisk, DataDisk, InternetMaxBandwidthOut, InternetChargeType } = launch;
  const disk = (one: Readonly<Record<string, unknown>>) => ({
    ...("Category" in one && { Category: one["Category"] }),
    ...("Size" in one && { Size: one["Size"] }),
    ...("PerformanceLevel" in one && { PerformanceLevel: one["PerformanceLevel"] }),
  });
  return launchPrice(cloud, {
    InstanceType: type,
    ...(SystemDisk && { SystemDisk: disk(SystemDisk) }),
    ...(DataDisk && { DataDisk: DataDisk.map(disk) }),
    ...(InternetMaxBandwidthOut !== undefined && { InternetMaxBandwidthOut }),
    ...(InternetChargeType !== undefined && { InternetChargeType }),
    PriceUnit: "Hour",
  });
}
