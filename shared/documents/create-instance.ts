/** Parameters that `via: CreateInstance` refuses: the older action takes fewer than RunInstances. */
import { finding, type Finding } from "./fields.ts";
import type { Launch } from "./launch.ts";

// CreateInstanceRequest of 2026 against RunInstancesRequest.
const LAUNCH = [
  "UniqueSuffix",
  "HostNames",
  "SecurityGroupIds",
  "Ipv6Address",
  "Ipv6AddressCount",
  "NetworkInterface",
  "NetworkInterfaceQueueNumber",
  "NetworkOptions",
  "PrivateDnsNameOptions",
  "LaunchTemplateId",
  "LaunchTemplateName",
  "LaunchTemplateVersion",
  "CpuOptions",
  "SchedulerOptions",
  "SecurityOptions",
  "ClockOptions",
  "ImageOptions",
  "AutoPay",
] as const;
const DISK = ["AutoSnapshotPolicyId", "BurstingEnabled", "ProvisionedIops"] as const;
const SYSTEM_DISK = [...DISK, "Encrypted", "KMSKeyId"] as const;

/** CreateInstance.AutoRenewPeriod with PeriodUnit Month stops at a year. */
const MAX_RENEWAL = 12;

const message =
  "must not be used via CreateInstance, which does not know it; use via: RunInstances or remove it";

function used(keys: readonly string[], value: object, at: Finding["at"]): Finding[] {
  return keys.filter((key) => key in value).map((key) => ({ at: ["launch", ...at, key], message }));
}

/** Parameters of this launch that CreateInstance does not know. */
export function createInstanceFindings(launch: Launch): Finding[] {
  const { AutoRenewPeriod = 0 } = launch;
  const late = `must be at most ${MAX_RENEWAL} via CreateInstance`;
  return [
    ...used(LAUNCH, launch, []),
    ...finding(AutoRenewPeriod > MAX_RENEWAL, ["launch", "AutoRenewPeriod"], late),
  ];
}

/** The same for its disks. */
export function createInstanceDiskFindings({ SystemDisk = {}, DataDisk = [] }: Launch): Finding[] {
  return [
    ...used(SYSTEM_DISK, SystemDisk, ["SystemDisk"]),
    ...DataDisk.flatMap((disk, index) => used(DISK, disk, ["DataDisk", index])),
  ];
}
