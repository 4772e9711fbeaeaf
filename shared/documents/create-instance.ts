/** What `via: CreateInstance` cannot do: the older action takes fewer parameters than RunInstances. */
import type { Finding } from "./fields.ts";
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

/** Where this launch asks for what CreateInstance does not know. */
export function createInstanceFindings(launch: Launch): Finding[] {
  const message =
    "must not be used via CreateInstance, which does not know it; use via: RunInstances or remove it";
  const at = (keys: readonly string[], value: object = {}, place: Finding["at"] = []): Finding[] =>
    keys.filter((key) => key in value).map((key) => ({ at: ["launch", ...place, key], message }));
  const { SystemDisk, DataDisk = [], AutoRenewPeriod = 0 } = launch;
  const late = `must be at most ${MAX_RENEWAL} via CreateInstance`;
  return [
    ...at(LAUNCH, launch),
    ...at(SYSTEM_DISK, SystemDisk, ["SystemDisk"]),
    ...DataDisk.flatMap((disk, index) => at(DISK, disk, ["DataDisk", index])),
    ...(AutoRenewPeriod > MAX_RENEWAL ? [{ at: ["launch", "AutoRenewPeriod"], message: late }] : []),
  ];
}
