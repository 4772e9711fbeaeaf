/** An instance in the cloud's spelling and in ours. */
import * as z from "zod/mini";
import { instant, toTags, wireStrings, wireTags } from "./answers.ts";

/** Pending, Starting, Running, Stopping or Stopped; a released instance is not found any more. */
export type InstanceStatus = string;

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly hostName?: string;
  readonly status: InstanceStatus;
  readonly type: string;
  readonly imageId: string;
  readonly zone: string;
  readonly vSwitchId: string;
  readonly createdAt: number;
  /** When it last started; undefined for one that never did. */
  readonly startedAt: number | undefined;
  /** When the cloud will release it by itself. */
  readonly autoReleaseAt: number | undefined;
  /** StopCharging, KeepCharging or Not-applicable: whether stopping saved money. */
  readonly stoppedMode: string;
  /** PostPaid or PrePaid. */
  readonly chargeType: string;
  readonly spotStrategy: string;
  readonly deletionProtection: boolean;
  /** Reasons for which it is locked: financial, security, Recycling, … */
  readonly locks: readonly string[];
  readonly publicIps: readonly string[];
  /** Whichever of them is an EIP, which a stop leaves alone; absent when none is. */
  readonly elasticIp?: string;
  readonly privateIps: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

const optional = z.optional(z.string());

export const wireInstance = () =>
  z.looseObject({
    InstanceId: z.string(),
    InstanceName: optional,
    HostName: optional,
    Status: z.string(),
    InstanceType: optional,
    ImageId: optional,
    ZoneId: optional,
    CreationTime: optional,
    StartTime: optional,
    AutoReleaseTime: optional,
    StoppedMode: optional,
    InstanceChargeType: optional,
    SpotStrategy: optional,
    DeletionProtection: z.optional(z.boolean()),
    OperationLocks: z.optional(
      z.looseObject({ LockReason: z.optional(z.array(z.looseObject({ LockReason: optional }))) }),
    ),
    PublicIpAddress: wireStrings("IpAddress"),
    EipAddress: z.optional(z.looseObject({ IpAddress: optional })),
    InnerIpAddress: wireStrings("IpAddress"),
    VpcAttributes: z.optional(
      z.looseObject({ VSwitchId: optional, PrivateIpAddress: wireStrings("IpAddress") }),
    ),
    Tags: wireTags(),
  });

export function toInstance(wire: z.infer<ReturnType<typeof wireInstance>>): Instance {
  const { VpcAttributes: vpc, EipAddress: eip } = wire;
  const elastic = eip?.IpAddress ? [eip.IpAddress] : [];
  return {
    id: wire.InstanceId,
    name: wire.InstanceName ?? wire.InstanceId,
    ...(wire.HostName && { hostName: wire.HostName }),
    status: wire.Status,
    type: wire.InstanceType ?? "",
    imageId: wire.ImageId ?? "",
    zone: wire.ZoneId ?? "",
    vSwitchId: vpc?.VSwitchId ?? "",
    createdAt: instant(wire.CreationTime) ?? 0,
    startedAt: instant(wire.StartTime),
    autoReleaseAt: instant(wire.AutoReleaseTime),
    stoppedMode: wire.StoppedMode ?? "Not-applicable",
    chargeType: wire.InstanceChargeType ?? "",
    spotStrategy: wire.SpotStrategy ?? "NoSpot",
    deletionProtection: wire.DeletionProtection ?? false,
    locks: (wire.OperationLocks?.LockReason ?? []).flatMap(({ LockReason }) => LockReason ?? []),
    publicIps: [...(wire.PublicIpAddress?.IpAddress ?? []), ...elastic],
    ...(eip?.IpAddress && { elasticIp: eip.IpAddress }),
    privateIps: vpc?.PrivateIpAddress?.IpAddress ?? wire.InnerIpAddress?.IpAddress ?? [],
    tags: toTags(wire.Tags),
  };
}
