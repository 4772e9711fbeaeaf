/**
 * DescribeAccountAttributes: quotas of a region.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeaccountattributes
 */
import { CloudFault } from "../../core/kernel.ts";
import type { EcsAction } from "../action.ts";
import type { World } from "../world.ts";

/** Attributes by name. The others of the page are not simulated. */
const ATTRIBUTES: Readonly<Record<string, (world: World) => number>> = {
  "max-postpaid-instance-vcpu-count": ({ quotas }) => Math.min(quotas.vcpus, NEVER_MET),
  "used-postpaid-instance-vcpu-count": (world) => world.vcpusInUse(),
};
const MOST = 8;
/** An account has a quota, even where a world sets none. */
const NEVER_MET = 1_000_000;

export const DescribeAccountAttributes: EcsAction = {
  run: ({ world, params }) => {
    const asked = params.list("AttributeName");
    const unknown = asked.find((name) => !Object.hasOwn(ATTRIBUTES, name));
    if (asked.length > MOST || unknown !== undefined)
      throw new CloudFault(
        400,
        "InvalidParameter",
        `AttributeName: ${unknown ?? "too many"} is not simulated.`,
      );
    const names = asked.length > 0 ? asked : Object.keys(ATTRIBUTES);
    return {
      AccountAttributeItems: {
        AccountAttributeItem: names.map((AttributeName) => ({
          AttributeName,
          AttributeValues: { ValueItem: [{ Value: String(ATTRIBUTES[AttributeName]?.(world)) }] },
        })),
      },
    };
  },
};
