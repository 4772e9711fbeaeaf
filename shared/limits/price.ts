/**
 * The most that instances cost an hour, for limits.maxPricePerHour.
 *
 * PRICE-1. Prices are read from the cloud (DescribePrice) before anything is launched, never guessed; an unknown
 *     price stops the request.
 * PRICE-2. Spot counts at its limit, or at the list price where it has none: it can rise that far.
 * PRICE-3. A subscription counts at the hourly list price, which it never exceeds.
 * PRICE-4. A type that does not take the fleet's disks is never launched, so it does not count.
 * PRICE-5. What a disk costs beyond its size, category and provisioned IOPS has no price: shared/documents/fleet-rules.ts
 *     refuses it under a ceiling.
 */
import { inBatches } from "../in-batches.ts";
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import type { Instance } from "../cloud/ecs/instances.ts";
import { launchPrice } from "../cloud/ecs/price.ts";
import type { Fleet } from "../documents/fleet.ts";
import { CloudError } from "../errors.ts";

/** The fields of a disk that decide its price, in the cloud's spelling. Size in GiB. */
const PricedDisk = z.strictObject({
  Category: z.optional(z.string()),
  PerformanceLevel: z.optional(z.string()),
  Size: z.optional(z.number()),
  /** Of data disks; of a system disk DescribePrice takes none. */
  ProvisionedIops: z.optional(z.number()),
});
type PricedDisk = z.infer<typeof PricedDisk>;

/** The disks of one instance, those of a launch template included (shared/limits/launch.ts). */
export const PricedDisks = z.strictObject({ SystemDisk: PricedDisk, DataDisk: z.array(PricedDisk) });
export type PricedDisks = z.infer<typeof PricedDisks>;

/** A fleet, the image it launches and its disks. Without the image the cloud prices no system disk. */
export interface PricedFleet {
  readonly fleet: Fleet;
  readonly imageId: string | undefined;
  readonly disks: PricedDisks;
}

/** The price of the most expensive offering, as any of them may be the one with capacity; undefined without a ceiling. */
export async function highestPrice(priced: PricedFleet, cloud: CloudClient): Promise<number | undefined> {
  const { launch, ladder, limits } = priced.fleet;
  if (limits.maxPricePerHour === undefined) return undefined;
  const spotOnly = ladder.every((payment) => payment === "spot");
  if (spotOnly && launch.SpotPriceLimit !== undefined) return launch.SpotPriceLimit;
  const listed = await Promise.allSettled(launch.InstanceType.map((type) => listPrice(priced, type, cloud)));
  const prices = listed.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refused = listed.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const unknown = prices.length === 0 ? refused[0] : refused.find((reason) => !isNotOffered(reason));
  if (unknown !== undefined) throw unknown;
  return Math.max(...prices);
}

/** A function from an instance of the fleet to its price; undefined without a ceiling. */
export async function pricesOf(
  priced: PricedFleet,
  instances: readonly Instance[],
  cloud: CloudClient,
): Promise<((instance: Instance) => number) | undefined> {
  const { launch, limits } = priced.fleet;
  if (limits.maxPricePerHour === undefined) return undefined;
  const types = [...new Set(instances.map(({ type }) => type))];
  const listed = new Map(
    await inBatches(types, async (type) => [type, await memberPrice(priced, type, cloud)] as const),
  );
  return ({ type, spotStrategy }) => {
    const list = listed.get(type) ?? 0;
    return spotStrategy === "SpotWithPriceLimit" ? Math.min(launch.SpotPriceLimit ?? list, list) : list;
  };
}

const isNotOffered = (error: unknown): boolean => error instanceof CloudError && error.kind === "change";

/** A member may be older than the document, with a type that does not take its disks: then without them. */
async function memberPrice(priced: PricedFleet, type: string, cloud: CloudClient): Promise<number> {
  try {
    return await listPrice(priced, type, cloud);
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    return launchPrice(cloud, { InstanceType: type, PriceUnit: "Hour" });
  }
}

/** The list price of one instance of this type with the fleet's disks and bandwidth (PRICE-3). */
async function listPrice(
  { fleet, imageId, disks: { SystemDisk, DataDisk } }: PricedFleet,
  type: string,
  cloud: CloudClient,
): Promise<number> {
  const { InternetMaxBandwidthOut, InternetChargeType } = fleet.launch;
  const { ProvisionedIops: _, ...systemDisk } = SystemDisk;
  // A disk from a snapshot or an image has its size from there, and no price without one.
  const sized = DataDisk.filter(({ Size }) => Size !== undefined);
  return launchPrice(cloud, {
    InstanceType: type,
    ...(imageId && { ImageId: imageId }),
    ...(imageId && { SystemDisk: systemDisk }),
    ...(sized.length > 0 && { DataDisk: sized }),
    InternetMaxBandwidthOut,
    InternetChargeType,
    PriceUnit: "Hour",
  });
}

/** `disk` without the fields that do not change its price. */
export const priceFields = ({
  Category,
  Size,
  PerformanceLevel,
  ProvisionedIops,
}: PricedDisk): PricedDisk => ({
  Category,
  Size,
  PerformanceLevel,
  ...(ProvisionedIops && { ProvisionedIops }),
});
