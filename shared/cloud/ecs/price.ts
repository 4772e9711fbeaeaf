/** Prices of instances (DescribePrice), in the account's currency and with its discounts. */
import * as z from "zod/mini";
import { CloudError } from "../../errors.ts";
import { withCategory } from "../launch-disks.ts";
import { queryAction, send, type CloudClient } from "../client.ts";

export interface HourlyPrice {
  readonly perHour: number;
  /** CNY, or USD for an account of the international site. */
  readonly currency: string;
}

const wireAnswer = () =>
  z.looseObject({
    PriceInfo: z.looseObject({
      Price: z.looseObject({
        Currency: z._default(z.string(), "CNY"),
        TradePrice: z.coerce.number(),
        DetailInfos: z.optional(
          z.looseObject({
            DetailInfo: z.optional(
              z.array(z.looseObject({ Resource: z.string(), TradePrice: z.optional(z.number()) })),
            ),
          }),
        ),
      }),
    }),
  });

const DescribePrice = /* @__PURE__ */ queryAction("DescribePrice", "ecs");

async function describePrice(client: CloudClient, params: Readonly<Record<string, unknown>>) {
  const all = { RegionId: client.access.region, ResourceType: "instance", ...params };
  return (await send(client, { action: DescribePrice, params: all }, wireAnswer)).PriceInfo.Price;
}

/** A disk of a launch as DescribePrice takes it: its size is a number there, and encryption has no price. */
export function pricedDisk(disk: unknown) {
  const { Category, PerformanceLevel, Size }: Readonly<Record<string, unknown>> = Object(disk);
  return { Category, PerformanceLevel, ...(Size !== undefined && { Size: Number(Size) }) };
}

/**
 * The price of one instance as it is going to be bought, with its disks and its bandwidth, for the period asked
 * for. `params` as DescribePrice takes them: InstanceType, disks, PriceUnit and Period.
 */
export async function launchPrice(
  client: CloudClient,
  params: Readonly<Record<string, unknown>>,
): Promise<number> {
  return (await hourlyLaunchPrice(client, params)).perHour;
}

/** As `launchPrice`, with the currency. @throws CloudError where the cloud does not price it */
export async function hourlyLaunchPrice(
  client: CloudClient,
  params: Readonly<Record<string, unknown>>,
): Promise<HourlyPrice> {
  const { TradePrice: perHour, Currency: currency } = await describePrice(client, { Amount: 1, ...params });
  return { perHour, currency };
}

/**
 * The price of one hour of `instanceType` now, list price or market price for spot: by itself where the answer
 * splits it, else with the system disk the cloud adds unasked. @throws CloudError where the cloud does not price it.
 */
export async function hourlyPrice(
  client: CloudClient,
  asked: {
    readonly instanceType: string;
    readonly zone: string;
    readonly spotStrategy: string;
    readonly imageId: string;
  },
): Promise<HourlyPrice> {
  const params = {
    InstanceType: asked.instanceType,
    ZoneId: asked.zone,
    SpotStrategy: asked.spotStrategy,
    PriceUnit: "Hour",
  };
  // With a disk that new types take, as the cloud's own choice is refused there (DescribePrice, SystemDisk.Category);
  // old types take that one, and so does an instance whose image is deleted.
  const disk = { ImageId: asked.imageId, SystemDisk: withCategory({}) };
  const price = await describePrice(client, { ...params, ...disk }).catch((error: unknown) => {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    return describePrice(client, params);
  });
  const own = price.DetailInfos?.DetailInfo?.find(({ Resource }) => Resource === "instanceType");
  return { perHour: own?.TradePrice ?? price.TradePrice, currency: price.Currency };
}
