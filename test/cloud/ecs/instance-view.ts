/** An instance as DescribeInstances shows it. */
import type { JsonObject } from "../core/rpc.ts";
import { toMinute } from "./instant.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

/** Pay-as-you-go instances show this far day as their end. */
const NEVER = "2099-12-31T15:59Z";

export function instanceView(world: World, instance: Instance): JsonObject {
  const image = world.image(instance.regionId, instance.imageId);
  const { osName, osType } = image ?? { osName: "", osType: "linux" };
  return {
    InstanceId: instance.instanceId,
    InstanceName: instance.name,
    HostName: instance.hostName,
    Description: instance.description,
    Status: instance.status,
    RegionId: instance.regionId,
    ZoneId: instance.zoneId,
    ClusterId: "",
    ImageId: instance.imageId,
    ...typeView(instance),
    ...timesView(instance),
    InstanceChargeType: instance.chargeType,
    ...spotView(instance),
    DeletionProtection: instance.deletionProtection,
    Recyclable: instance.recyclable,
    DeviceAvailable: true,
    IoOptimized: true,
    OSName: osName,
    OSNameEn: osName,
    OSType: osType,
    SerialNumber: `serial-${instance.instanceId.slice(2)}`,
    ResourceGroupId: "",
    KeyPairName: instance.keyPairName ?? "",
    CreditSpecification: instance.creditSpecification ?? "",
    GPUAmount: 0,
    GPUSpec: "",
    LocalStorageCapacity: 0,
    ...networkView(instance),
    MetadataOptions: { HttpEndpoint: instance.httpEndpoint, HttpTokens: instance.httpTokens },
    OperationLocks: {
      LockReason: instance.locks.map((lock) => ({ LockReason: lock.reason, LockMsg: lock.message })),
    },
    Tags: { Tag: tagView(world, "instance", instance.instanceId) },
  };
}

function typeView({ type }: Instance): JsonObject {
  return {
    InstanceType: type.id,
    InstanceTypeFamily: type.family,
    Cpu: type.cpu,
    Memory: type.memoryGb * 1024,
  };
}

function timesView(instance: Instance): JsonObject {
  return {
    CreationTime: toMinute(instance.createdAt),
    StartTime: instance.startedAt === undefined ? "" : toMinute(instance.startedAt),
    ExpiredTime: instance.expiresAt === undefined ? NEVER : toMinute(instance.expiresAt),
    AutoReleaseTime: instance.autoReleaseAt === undefined ? "" : toMinute(instance.autoReleaseAt),
  };
}

function spotView(instance: Instance): JsonObject {
  return {
    StoppedMode: instance.stoppedMode,
    SpotStrategy: instance.spot.strategy,
    SpotDuration: instance.spot.durationHours,
    SpotPriceLimit: instance.spot.priceLimit ?? 0,
    SpotInterruptionBehavior: instance.spot.behavior,
  };
}

function networkView(instance: Instance): JsonObject {
  return {
    InstanceNetworkType: "vpc",
    InternetChargeType: instance.internetChargeType,
    InternetMaxBandwidthIn: instance.bandwidthIn,
    InternetMaxBandwidthOut: instance.bandwidthOut,
    PublicIpAddress: { IpAddress: instance.publicIp === undefined ? [] : [instance.publicIp] },
    InnerIpAddress: { IpAddress: [] },
    EipAddress: { AllocationId: "", IpAddress: "", InternetChargeType: "" },
    SecurityGroupIds: { SecurityGroupId: instance.securityGroupIds },
    VpcAttributes: {
      VpcId: instance.vpcId,
      VSwitchId: instance.vSwitchId,
      NatIpAddress: "",
      PrivateIpAddress: { IpAddress: [instance.privateIp] },
    },
    NetworkInterfaces: {
      NetworkInterface: [
        {
          NetworkInterfaceId: instance.eniId,
          MacAddress: instance.macAddress,
          Type: "Primary",
          PrimaryIpAddress: instance.privateIp,
          PrivateIpSets: { PrivateIpSet: [{ PrivateIpAddress: instance.privateIp, Primary: true }] },
        },
      ],
    },
  };
}

export function tagView(world: World, type: string, id: string): JsonObject[] {
  return world.tags.of(type, id).map(({ key, value }) => ({ TagKey: key, TagValue: value }));
}
