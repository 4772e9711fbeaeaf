/** What an instance would cost as it is going to be bought: with its disks and its bandwidth. */
import * as z from "zod/mini";
import { send, type CloudClient } from "./client.ts";

/**
 * The price of one instance for the period asked for, in the account's currency and with its discounts.
 * `params` as DescribePrice takes them: InstanceType, disks, PriceUnit and Period.
 */
export async function launchPrice(
  client: CloudClient,
  params: Readonly<Record<string, unknown>>,
): Promise<number> {
  const answer = () =>
    z.looseObject({ PriceInfo: z.looseObject({ Price: z.looseObject({ TradePrice: z.coerce.number() }) }) });
  const call = {
    action: "DescribePrice",
    request: () => import("@alicloud/ecs20140526/dist/models/DescribePriceRequest.js"),
    params: { ResourceType: "instance", Amount: 1, ...params },
  };
  const { PriceInfo } = await send(client, call, answer);
  return PriceInfo.Price.TradePrice;
}
