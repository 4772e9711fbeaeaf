/** DescribePrice for instances, and ModifyInstanceSpec for stopped pay-as-you-go ones. */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { COMMON_TOKENS, NOTHING, needInstance, refuseLocked, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { CATEGORIES, checkTypeTakes, UNSAID, type Category } from "../disk-offers.ts";
import { invalid, type Params } from "../../core/params.ts";
import type { Instance, InstanceType } from "../records.ts";

/** CNY an hour of a GiB; estimates: it matters that they differ. */
const GIB_PRICES: Readonly<Record<string, number>> = {
  cloud_efficiency: 0.0005,
  cloud_ssd: 0.0014,
  PL0: 0.0007,
  PL1: 0.0014,
  PL2: 0.0028,
  PL3: 0.0056,
};
/** Of an AutoPL data disk, for each provisioned IOPS. */
const IOPS_PRICE = 0.0001;
const USUAL_GIB_PRICE = 0.001;
/** Source: DescribePrice, SystemDisk.Size. */
const LEAST_SYSTEM_GB = 20;

/**
 * Only what a price of one hour of an instance needs; the parts are those the documentation's sample shows. An
 * instance has a system disk, so a type that does not take its category has no price either. A price of a system
 * disk needs its image (SystemDisk.Category); the code for a missing one is our guess.
 */
export const DescribePrice: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const resource = params.text("ResourceType") ?? "instance";
    const unit = params.text("PriceUnit") ?? "Hour";
    if (resource !== "instance" || unit !== "Hour")
      throw new CloudFault(400, "InvalidParameter", "The local cloud prices hours of instances only.");
    const type = needType(call);
    const spot = (params.text("SpotStrategy") ?? "NoSpot") !== "NoSpot";
    const instancePrice = type.hourlyPrice * (spot ? world.spotPriceShare : 1);
    const system = params.struct("SystemDisk");
    if (Object.keys(system.flat).length > 0) params.need("ImageId");
    const systemPrice = diskPrice(type, "system", system, Math.max(LEAST_SYSTEM_GB, imageGbOf(call)));
    const disks = params.structs("DataDisk").map((disk) => diskPrice(type, "data", disk, undefined));
    const diskTotal = [systemPrice, ...disks].reduce((sum, price) => sum + price, 0);
    return {
      PriceInfo: {
        Price: {
          Currency: "CNY",
          OriginalPrice: round(type.hourlyPrice + diskTotal),
          DiscountPrice: round(type.hourlyPrice - instancePrice),
          TradePrice: round(instancePrice + diskTotal),
          DetailInfos: {
            DetailInfo: [
              detail("instanceType", type.hourlyPrice, instancePrice),
              detail("systemDisk", systemPrice, systemPrice),
              ...disks.map((price) => detail("dataDisk", price, price)),
            ],
          },
        },
        Rules: { Rule: [] },
      },
    };
  },
};

function imageGbOf({ world, params, regionId }: Call): number {
  const id = params.text("ImageId");
  if (id === undefined) return 0;
  const image = world.image(regionId, id);
  if (image === undefined)
    throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
  return image.disks.find((disk) => disk.type === "system")?.sizeGb ?? 0;
}

/** A system disk has a usual size, a data disk must say its own. */
function diskPrice(
  type: InstanceType,
  use: "system" | "data",
  disk: Params,
  usualGb: number | undefined,
): number {
  const code = `Invalid${use === "system" ? "System" : "Data"}DiskCategory.ValueNotSupported`;
  const category: Category = disk.oneOf("Category", CATEGORIES, code) ?? UNSAID;
  checkTypeTakes(type, use, category);
  const sizeGb = disk.int("Size", { min: 1 }) ?? usualGb;
  if (sizeGb === undefined) throw invalid("DataDisk.n.Size", "InvalidDataDiskSize.ValueNotSupported");
  const kind = category === "cloud_essd" ? (disk.text("PerformanceLevel") ?? "PL1") : category;
  const iops =
    category === "cloud_auto" && use === "data" ? (disk.int("ProvisionedIops", { min: 0 }) ?? 0) : 0;
  return sizeGb * (GIB_PRICES[kind] ?? USUAL_GIB_PRICE) + iops * IOPS_PRICE;
}

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

/**
 * A running instance is not stopped; one that is on its way has a status that supports no change.
 * https://help.aliyun.com/en/ecs/api-modifyinstancespec
 */
function checkStopped(status: Instance["status"]): void {
  if (status === "Stopped") return;
  throw status === "Running"
    ? new CloudFault(400, "InvalidInstanceStatus.NotStopped", "The specified Instance status is not Stopped.")
    : new CloudFault(
        403,
        "InvalidStatus.ValueNotSupported",
        "The current status of the resource does not support this operation.",
      );
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
    checkStopped(instance.status);
    if (type.architecture !== instance.type.architecture || type.localDisks || instance.type.localDisks) {
      throw new CloudFault(
        403,
        "InvalidInstanceType.NotSupported",
        "The specified InstanceType does not support the change from the current one.",
      );
    }
    const disks = instance.diskIds.flatMap((id) => world.disks.get(id)?.category ?? []);
    if (disks.some((category) => !type.diskCategories.includes(category))) {
      throw new CloudFault(
        403,
        "InvalidInstanceType.NotSupportDiskCategory",
        "The instanceType of the specified instance does not support this disk category.",
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
