/** What an hour of an instance costs now: list price for pay-as-you-go, market price for spot. */
import * as z from "zod/mini";
import { send, type CloudClient } from "./client.ts";

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
        TradePrice: z.number(),
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

/**
 * The price of one hour of `instanceType` by itself where the answer splits it, else with the system disk
 * the cloud adds unasked. @throws CloudError where the cloud does not price it.
 */
export async function hourlyPrice(
  client: CloudClient,
  asked: { readonly instanceType: string; readonly zone: string; readonly spotStrategy: string },
): Promise<HourlyPrice> {
  const params = {
    ResourceType: "instance",
    InstanceType: asked.instanceType,
    ZoneId: asked.zone,
    SpotStrategy: asked.spotStrategy,
    PriceUnit: "Hour",
  };
  const call = {
    action: "DescribePrice",
    request: () => import("@alicloud/ecs20140526/dist/models/DescribePriceRequest.js"),
    params,
  };
  const { Price } = (await send(client, call, wireAnswer)).PriceInfo;
  const own = Price.DetailInfos?.DetailInfo?.find(({ Resource }) => Resource === "instanceType");
  return { perHour: own?.TradePrice ?? Price.TradePrice, currency: Price.Currency };
}
