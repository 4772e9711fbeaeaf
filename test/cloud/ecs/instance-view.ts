/** An instance as DescribeInstances shows it. */
import type { JsonObject } from "../core/rpc.ts";
import { toMinute } from "./instant.ts";
import type { Eip, Instance } from "./records.ts";
import type { World } from "./world.ts";

/** Pay-as-you-go instances show this far day as their end. */
const NEVER = "2099-12-31T15:59Z";

export function instanceView(world: World, instance: Instance): JsonObject {
  const image = world.image(instance.regionId, instance.imageId);
  const { osName, osType } = image ?? { osName: "", osType: "linux" };
  return {
    ...commonView(world, instance),
    InstanceTypeFamily: instance.type.family,
    ...timesView(instance),
    ...spotView(instance),
    DeletionProtection: instance.deletionProtection,
    Recyclable: instance.recyclable,
    DeviceAvailable: true,
    IoOptimized: true,
    OSName: osName,
    OSNameEn: osName,
    OSType: osType,
    ResourceGroupId: instance.resourceGroupId,
    KeyPairName: instance.keyPairName ?? "",
    GPUAmount: 0,
    GPUSpec: "",
    LocalStorageCapacity: 0,
    NetworkInterfaces: { NetworkInterface: [cardView(instance)] },
    MetadataOptions: { HttpEndpoint: instance.httpEndpoint, HttpTokens: instance.httpTokens },
    OperationLocks: {
      LockReason: instance.locks.map((lock) => ({ LockReason: lock.reason, LockMsg: lock.message })),
    },
    Tags: { Tag: tagView(world, "instance", instance.instanceId) },
  };
}

/** As DescribeInstanceAttribute shows it: fewer members, and one of them in another spelling. */
export function attributeView(world: World, instance: Instance): JsonObject {
  return {
    ...commonView(world, instance),
    IoOptimized: "optimized",
    OperationLocks: { LockReason: instance.locks.map((lock) => ({ LockReason: lock.reason })) },
  };
}

/** Fields of both answers. */
function commonView(world: World, instance: Instance): JsonObject {
  return {
    InstanceId: instance.instanceId,
    InstanceName: instance.name,
    HostName: instance.hostName,
    Description: instance.description,
    Status: instance.status,
    StoppedMode: instance.stoppedMode,
    RegionId: instance.regionId,
    ZoneId: instance.zoneId,
    ClusterId: "",
    ImageId: instance.imageId,
    InstanceType: instance.type.id,
    Cpu: instance.type.cpu,
    Memory: instance.type.memoryGb * 1024,
    CreationTime: toMinute(instance.createdAt),
    ExpiredTime: instance.expiresAt === undefined ? NEVER : toMinute(instance.expiresAt),
    InstanceChargeType: instance.chargeType,
    SerialNumber: `serial-${instance.instanceId.slice(2)}`,
    CreditSpecification: instance.creditSpecification ?? "",
    ...networkView(instance, world.eipOf(instance.instanceId)),
  };
}

function timesView(instance: Instance): JsonObject {
  return {
    StartTime: instance.startedAt === undefined ? "" : toMinute(instance.startedAt),
    AutoReleaseTime: instance.autoReleaseAt === undefined ? "" : toMinute(instance.autoReleaseAt),
  };
}

function spotView(instance: Instance): JsonObject {
  return {
    SpotStrategy: instance.spot.strategy,
    SpotDuration: instance.spot.durationHours,
    SpotPriceLimit: instance.spot.priceLimit ?? 0,
    SpotInterruptionBehavior: instance.spot.behavior,
  };
}

function networkView(instance: Instance, eip: Eip | undefined): JsonObject {
  const isClassic = instance.vpcId === "";
  return {
    InstanceNetworkType: isClassic ? "classic" : "vpc",
    InternetChargeType: instance.internetChargeType,
    InternetMaxBandwidthIn: instance.bandwidthIn,
    InternetMaxBandwidthOut: instance.bandwidthOut,
    PublicIpAddress: { IpAddress: instance.publicIp === undefined ? [] : [instance.publicIp] },
    InnerIpAddress: { IpAddress: isClassic ? [instance.privateIp] : [] },
    EipAddress: {
      AllocationId: eip?.allocationId ?? "",
      IpAddress: eip?.address ?? "",
      InternetChargeType: eip?.chargeType ?? "",
      Bandwidth: eip?.bandwidth,
    },
    SecurityGroupIds: { SecurityGroupId: instance.securityGroupIds },
    VpcAttributes: {
      VpcId: instance.vpcId,
      VSwitchId: instance.vSwitchId,
      NatIpAddress: "",
      PrivateIpAddress: { IpAddress: isClassic ? [] : [instance.privateIp] },
    },
  };
}

function cardView(instance: Instance): JsonObject {
  return {
    NetworkInterfaceId: instance.eniId,
    MacAddress: instance.macAddress,
    Type: "Primary",
    PrimaryIpAddress: instance.privateIp,
    PrivateIpSets: { PrivateIpSet: [{ PrivateIpAddress: instance.privateIp, Primary: true }] },
  };
}

export function tagView(world: World, type: string, id: string): JsonObject[] {
  return world.tags.of(type, id).map(({ key, value }) => ({ TagKey: key, TagValue: value }));
}
