/** An instance in the cloud's spelling and in ours. */
import * as z from "zod/mini";
import { instant, toTags, wireStrings, wireTags, textOr } from "../answers.ts";

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
  /** The instant of its automatic release. */
  readonly autoReleaseAt: number | undefined;
  /** StopCharging, KeepCharging or Not-applicable: whether stopping saved money. */
  readonly stoppedMode: string;
  /** PostPaid or PrePaid. */
  readonly chargeType: string;
  readonly spotStrategy: string;
  /** The cloud stops it, and does not release it, when it takes it back. */
  readonly stopsWhenTakenBack?: true;
  readonly deletionProtection: boolean;
  /** Reasons for which it is locked: financial, security, Recycling, … */
  readonly locks: readonly string[];
  readonly privateIp?: string;
  readonly publicIps: readonly string[];
  /** Whichever of them is an EIP, which a stop leaves alone; absent when none is. */
  readonly elasticIp?: string;
  readonly tags: Readonly<Record<string, string>>;
}

export const wireInstance = () =>
  z.looseObject({
    InstanceId: z.string(),
    InstanceName: z.optional(z.string()),
    HostName: textOr(),
    Status: z.string(),
    InstanceType: textOr(),
    ImageId: textOr(),
    ZoneId: textOr(),
    CreationTime: textOr(),
    StartTime: textOr(),
    AutoReleaseTime: textOr(),
    StoppedMode: textOr("Not-applicable"),
    InstanceChargeType: textOr(),
    SpotStrategy: textOr("NoSpot"),
    SpotInterruptionBehavior: textOr(),
    DeletionProtection: z._default(z.boolean(), false),
    OperationLocks: z.prefault(
      z.looseObject({ LockReason: z._default(z.array(z.looseObject({ LockReason: textOr() })), []) }),
      {},
    ),
    PublicIpAddress: wireStrings("IpAddress"),
    EipAddress: z.prefault(z.looseObject({ IpAddress: textOr() }), {}),
    VpcAttributes: z.prefault(
      z.looseObject({ VSwitchId: textOr(), PrivateIpAddress: wireStrings("IpAddress") }),
      {},
    ),
    Tags: wireTags(),
  });

export function toInstance(wire: z.infer<ReturnType<typeof wireInstance>>): Instance {
  const elasticIp = wire.EipAddress.IpAddress;
  const [privateIp] = wire.VpcAttributes.PrivateIpAddress?.IpAddress ?? [];
  return {
    id: wire.InstanceId,
    name: wire.InstanceName ?? wire.InstanceId,
    ...(wire.HostName && { hostName: wire.HostName }),
    status: wire.Status,
    type: wire.InstanceType,
    imageId: wire.ImageId,
    zone: wire.ZoneId,
    vSwitchId: wire.VpcAttributes.VSwitchId,
    createdAt: instant(wire.CreationTime) ?? 0,
    startedAt: instant(wire.StartTime),
    autoReleaseAt: instant(wire.AutoReleaseTime),
    stoppedMode: wire.StoppedMode,
    chargeType: wire.InstanceChargeType,
    spotStrategy: wire.SpotStrategy,
    ...whenTakenBack(wire),
    deletionProtection: wire.DeletionProtection,
    locks: wire.OperationLocks.LockReason.flatMap(({ LockReason }) => LockReason || []),
    ...(privateIp && { privateIp }),
    publicIps: [...(wire.PublicIpAddress?.IpAddress ?? []), ...(elasticIp ? [elasticIp] : [])],
    ...(elasticIp && { elasticIp }),
    tags: toTags(wire.Tags),
  };
}

const whenTakenBack = (
  wire: z.infer<ReturnType<typeof wireInstance>>,
): Pick<Instance, "stopsWhenTakenBack"> =>
  wire.SpotStrategy !== "NoSpot" && wire.SpotInterruptionBehavior === "Stop"
    ? { stopsWhenTakenBack: true }
    : {};
