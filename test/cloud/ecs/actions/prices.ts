/** DescribePrice for instances, and ModifyInstanceSpec for stopped pay-as-you-go ones. */
import { CloudFault } from "../../kernel.ts";
import type { JsonObject } from "../../rpc.ts";
import { COMMON_TOKENS, NOTHING, incorrectStatus, needInstance, refuseLocked, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import type { InstanceType } from "../records.ts";

/** CNY an hour of the 40 GiB system disk that the price of an instance includes unasked; an estimate. */
const DISK_PRICE = 0.04;

/** Only what a price of one hour of an instance needs; the parts are those the documentation's sample shows. */
export const DescribePrice: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const resource = params.text("ResourceType") ?? "instance";
    const unit = params.text("PriceUnit") ?? "Hour";
    if (resource !== "instance" || unit !== "Hour")
      throw new CloudFault(400, "InvalidParameter", "The stand-in prices hours of instances only.");
    const type = needType(call);
    const spot = (params.text("SpotStrategy") ?? "NoSpot") !== "NoSpot";
    const instancePrice = type.hourlyPrice * (spot ? world.spotPriceShare : 1);
    return {
      PriceInfo: {
        Price: {
          Currency: "CNY",
          OriginalPrice: round(type.hourlyPrice + DISK_PRICE),
          DiscountPrice: round(type.hourlyPrice - instancePrice),
          TradePrice: round(instancePrice + DISK_PRICE),
          DetailInfos: {
            DetailInfo: [
              detail("instanceType", type.hourlyPrice, instancePrice),
              detail("systemDisk", DISK_PRICE, DISK_PRICE),
            ],
          },
        },
        Rules: { Rule: [] },
      },
    };
  },
};

function detail(resource: string, original: number, trade: number): JsonObject {
  return {
    Resource: resource,
    OriginalPrice: round(original),
    DiscountPrice: round(original - trade),
    TradePrice: round(trade),
    SubRules: { Rule: [] },
  };
}

const round = (price: number): number => Number(price.toFixed(4));

function needType({ world, params }: Call): InstanceType {
  const type = world.types.get(params.need("InstanceType"));
  if (type === undefined) {
    throw new CloudFault(
      403,
      "InvalidInstanceType.ValueNotSupported",
      "The specified InstanceType does not exist or beyond the permitted range.",
    );
  }
  return type;
}

/** Changes the type of a stopped instance; whether there is stock of it shows when it starts. */
export const ModifyInstanceSpec: EcsAction = {
  region: "none",
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params } = call;
    const instance = needInstance(call);
    const type = needType(call);
    refuseLocked(instance);
    if (instance.chargeType === "PrePaid") {
      throw new CloudFault(
        403,
        "ChargeTypeViolation",
        "The operation is not permitted due to charge type of the instance.",
      );
    }
    if (instance.status !== "Stopped") throw incorrectStatus();
    if (type.architecture !== instance.type.architecture || type.localDisks || instance.type.localDisks) {
      throw new CloudFault(
        403,
        "InvalidInstanceType.NotSupported",
        "The specified InstanceType does not support the change from the current one.",
      );
    }
    stopIfDry(params);
    if (instance.holdsStock) {
      world.takeStock(instance.type.id, instance.zoneId, -1);
      world.takeStock(type.id, instance.zoneId, 1);
    }
    instance.type = type;
    return NOTHING;
  },
};
