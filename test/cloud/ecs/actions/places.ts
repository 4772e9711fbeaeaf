/** Where and what can be bought: regions, zones, stock, vSwitches. */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import type { Params } from "../../core/params.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { matches as hasValues } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { CATEGORIES, isDiskSold } from "../disk-offers.ts";
import { toMinute } from "../instant.ts";
import { freeCount } from "../network.ts";
import { pageByNumber } from "../../core/paging.ts";
import type { InstanceType } from "../records.ts";

const FOUNDED_AT = Date.UTC(2024, 0, 1);

export const DescribeRegions: EcsAction = {
  region: "none",
  run: ({ world }) => ({
    Regions: {
      Region: [...world.regions.values()].map((region) => ({
        RegionId: region.regionId,
        LocalName: region.localName,
        RegionEndpoint: `ecs.${region.regionId}.aliyuncs.com`,
        Status: "available",
      })),
    },
  }),
};

export const DescribeZones: EcsAction = {
  run: (call) => {
    const { world, regionId } = call;
    const types = [...world.types.values()];
    return {
      Zones: {
        Zone: (world.regions.get(regionId)?.zones ?? []).map((zoneId) => ({
          ZoneId: zoneId,
          LocalName: zoneId,
          ZoneType: "AvailabilityZone",
          AvailableInstanceTypes: {
            InstanceTypes: types.filter((type) => isSold(call, type, zoneId)).map((type) => type.id),
          },
          AvailableDiskCategories: {
            DiskCategories: CATEGORIES.filter((category) => isDiskSold(world, category, zoneId)),
          },
          AvailableResourceCreation: { ResourceTypes: ["VSwitch", "IoOptimized", "Instance", "Disk"] },
        })),
      },
    };
  },
};

/**
 * All types of the region, whether they are sold or not.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinstancetypes
 */
export const DescribeInstanceTypes: EcsAction = {
  region: "none",
  run: ({ world, params }) => {
    const ids = params.list("InstanceTypes");
    const architecture = params.oneOf("CpuArchitecture", ["X86", "ARM"]);
    const between = (name: string, value: number): boolean =>
      value >= Number(params.text(`Minimum${name}`) ?? 0) &&
      value <= Number(params.text(`Maximum${name}`) ?? Infinity);
    const found = [...world.types.values()].filter(
      (type) =>
        (ids.length === 0 || ids.includes(type.id)) &&
        (architecture ?? architectureOf(type)) === architectureOf(type) &&
        between("CpuCoreCount", type.cpu) &&
        between("MemorySize", type.memoryGb),
    );
    return {
      InstanceTypes: {
        InstanceType: found.map((type) => ({
          InstanceTypeId: type.id,
          InstanceTypeFamily: type.family,
          CpuCoreCount: type.cpu,
          MemorySize: type.memoryGb,
          CpuArchitecture: architectureOf(type),
          GPUAmount: 0,
          GPUSpec: "",
          ...(type.localDisks && { LocalStorageAmount: 1, LocalStorageCategory: "local_ssd_pro" }),
        })),
      },
      NextToken: "",
    };
  },
};

const architectureOf = ({ architecture }: InstanceType): string => (architecture === "arm64" ? "ARM" : "X86");

/** A hint without quantities; its errors speak the `Invalid.X` dialect. */
export const DescribeAvailableResource: EcsAction = {
  region: "none",
  run: (call) => {
    const { world, params } = call;
    const regionId = params.need("RegionId");
    const region = world.regions.get(regionId);
    if (region === undefined)
      throw new CloudFault(404, "Invalid.RegionId", "The specified RegionId does not exist.");
    const wanted = readDestination(params);
    const isDisk = wanted === "SystemDisk" || wanted === "DataDisk";
    const types = typesOf(call, isDisk);
    const zoneId = params.text("ZoneId");
    const zones = region.zones.filter((zone) => zoneId === undefined || zone === zoneId);
    return {
      AvailableZones: {
        AvailableZone: zones.map((zone) => ({
          RegionId: regionId,
          ZoneId: zone,
          ...stockWords(types.some((type) => isSold(call, type, zone))),
          AvailableResources: {
            AvailableResource: [
              {
                Type: wanted,
                SupportedResources: {
                  SupportedResource: isDisk
                    ? disks(call, types, zone)
                    : types.map((type) => ({ Value: type.id, ...stockWords(isSold(call, type, zone)) })),
                },
              },
            ],
          },
        })),
      },
    };
  },
};

function readDestination(params: Params): string {
  const wanted = params.oneOf(
    "DestinationResource",
    ["Zone", "IoOptimized", "InstanceType", "Network", "ddh", "SystemDisk", "DataDisk"],
    "Invalid.DestinationResource",
    404,
  );
  return wanted ?? params.need("DestinationResource");
}

/** The instance types that a question is about. */
function typesOf({ world, params }: Call, isDisk: boolean): InstanceType[] {
  const id = params.text("InstanceType");
  const [cpu, memory] = [params.int("Cores"), params.text("Memory")];
  refuseIf(
    id !== undefined && (cpu !== undefined || memory !== undefined),
    403,
    "InvalidParam.TypeAndCpuMem.Conflict",
    "InstanceType excludes Cores and Memory.",
  );
  refuseIf(
    isDisk && id === undefined && params.text("ResourceType") !== "disk",
    400,
    "MissingParameter.InstanceType",
    "The parameter InstanceType is needed for this resource.",
  );
  const wanted = { id, cpu, memoryGb: memory === undefined ? undefined : Number(memory) };
  return [...world.types.values()].filter((type) => hasValues(type, wanted));
}

export const DescribeVSwitches: EcsAction = {
  region: "optional",
  run: ({ world, params, regionId }) => {
    const found = [...world.vSwitches.values()].filter(
      (each) =>
        each.regionId === regionId &&
        matches(params.text("VSwitchId"), each.vSwitchId) &&
        matches(params.text("VpcId"), each.vpcId) &&
        matches(params.text("ZoneId"), each.zoneId),
    );
    const page = pageByNumber(params, found, { max: 50 });
    return {
      VSwitches: {
        VSwitch: page.items.map((each) => ({
          VSwitchId: each.vSwitchId,
          VpcId: each.vpcId,
          ZoneId: each.zoneId,
          VSwitchName: each.name,
          CidrBlock: each.cidr,
          AvailableIpAddressCount: freeCount(each),
          Status: each.status,
          IsDefault: false,
          CreationTime: toMinute(FOUNDED_AT),
        })),
      },
      ...page.members,
    };
  },
};

function isSold({ world }: Call, type: InstanceType, zoneId: string): boolean {
  return !world.closedZones.has(zoneId) && world.stockLeft(type.id, zoneId) > 0;
}

function stockWords(isThere: boolean): JsonObject {
  return isThere
    ? { Status: "Available", StatusCategory: "WithStock" }
    : { Status: "SoldOut", StatusCategory: "WithoutStock" };
}

function disks({ world }: Call, types: readonly InstanceType[], zone: string): JsonObject[] {
  const taken = CATEGORIES.filter((category) => types.some((type) => type.diskCategories.includes(category)));
  return taken.map((category) => ({
    Value: category,
    ...stockWords(isDiskSold(world, category, zone)),
    Min: 20,
    Max: 2048,
    Unit: "GiB",
  }));
}

function matches(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value;
}
