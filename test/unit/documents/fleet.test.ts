import { test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { problemsIn } from "./problems-of.ts";

const launch = { InstanceType: "ecs.g7.large", VSwitchId: "vsw-a", SecurityGroupId: "sg-a" };
const fleet = (changes: object, top: object = {}) => ({
  family: "web",
  launch: { ...launch, ...changes },
  limits: { max: 10 },
  ...top,
});
const bare = (changes: object) => ({ family: "web", limits: { max: 10 }, launch: changes });
const idle = (changes: object, top: object = {}) =>
  fleet({}, { idle: { signals: { cpuAverage: 5 }, ...changes }, ...top });
const primary = { InstanceType: "Primary", VSwitchId: "vsw-a", SecurityGroupId: "sg-a" };
const prepaid = { InstanceChargeType: "PrePaid", Period: 1 };
const subscription = (changes: object, top: object = {}) =>
  fleet({ ...prepaid, ...changes }, { allowSubscription: true, ...top });

const CEILING = { max: 10, maxPricePerHour: 5 };

type Case = readonly [acquireLock: string, document: unknown, ...problems: string[]];

const requests: readonly Case[] = [
  [
    "an amount",
    fleet({ Amount: 3 }),
    "launch.Amount: belongs to a request, not to a fleet; remove it: POST says how many, limits: how many at most",
  ],
  [
    "a token",
    fleet({ ClientToken: "x" }),
    "launch.ClientToken: belongs to a request, not to a fleet; remove it: Kiln derives it from request, offering and parameters",
  ],
  [
    "an image beside the family",
    fleet({ ImageId: "m-1" }),
    "launch.ImageId: is not allowed, the fleet's family decides; remove it",
  ],
  [
    "a day to release at",
    fleet({ AutoReleaseTime: "2030-01-01" }),
    'launch.AutoReleaseTime: must be an instant in UTC, like 2027-12-31T18:00:00Z (it is "2030-01-01")',
  ],
  [
    "an instant to release at on a day that no month has",
    fleet({ AutoReleaseTime: "2030-13-01T00:00:00Z" }),
    'launch.AutoReleaseTime: must be a day and time that exist (it is "2030-13-01T00:00:00Z")',
  ],
  [
    "an instant to release at on 30 February",
    fleet({ AutoReleaseTime: "2030-02-30T00:00:00Z" }),
    'launch.AutoReleaseTime: must be a day and time that exist (it is "2030-02-30T00:00:00Z")',
  ],
  [
    "two instants to release at",
    fleet({ AutoReleaseTime: "2030-01-01T00:00:00Z" }, { expireAfter: "1h" }),
    'launch.AutoReleaseTime: must not be used with expireAfter (it is "2030-01-01T00:00:00Z"); keep one of the two',
  ],
  [
    "a subscription with an instant to release at",
    subscription({ AutoReleaseTime: "2030-01-01T00:00:00Z" }, {}),
    'launch.AutoReleaseTime: must not be used with a subscription, which is paid to its end (it is "2030-01-01T00:00:00Z"); remove it',
  ],
  [
    "a password",
    fleet({ Password: "Secret-123" }),
    "launch.Password: must never stand in a document; use KeyPairName, PasswordInherit, or passwordFromEnv: at the top",
  ],
  [
    "a parameter as a request spells it",
    fleet({ "SystemDisk.Size": 40 }),
    "launch.SystemDisk.Size: is not known; nest it as a map or list under SystemDisk:",
  ],
  [
    "a misspelt parameter",
    fleet({ VswitchID: "vsw-b" }),
    "launch.VswitchID: is not known, and VSwitchId is already set; keep one of the two",
  ],
];

const places: readonly Case[] = [
  [
    "nothing said about where",
    bare({}),
    "launch.SecurityGroupId: is missing; write SecurityGroupId or SecurityGroupIds",
    "launch.VSwitchId: is missing; write a vSwitch or a list of them, tried in order",
    "launch.InstanceType: is missing; write a type or a list of them, tried in order",
  ],
  [
    "two forms of the security group",
    fleet({ SecurityGroupIds: ["sg-b"] }),
    "launch.SecurityGroupIds: must not be used with SecurityGroupId; keep one of the two",
  ],
  [
    "two templates",
    fleet({ LaunchTemplateId: "lt-1", LaunchTemplateName: "web" }),
    'launch.LaunchTemplateName: must not be used with LaunchTemplateId (it is "web"); keep one of the two',
  ],
  [
    "a version of no template",
    fleet({ LaunchTemplateVersion: 2 }),
    "launch.LaunchTemplateVersion: must be used with LaunchTemplateId or LaunchTemplateName (it is 2)",
  ],
  [
    "a zone beside several vSwitches",
    fleet({ VSwitchId: ["vsw-a", "vsw-b"], ZoneId: "cn-hangzhou-h" }),
    'launch.ZoneId: must not be used with several vSwitches, each is in a zone of its own (it is "cn-hangzhou-h"); remove it',
  ],
  [
    "one address in two ranges",
    fleet({ VSwitchId: ["vsw-a", "vsw-b"], PrivateIpAddress: "10.0.0.9" }),
    'launch.PrivateIpAddress: must be used with one VSwitchId, whose range it is in (it is "10.0.0.9")',
  ],
  [
    "IPv6 addresses and a count of them",
    fleet({ Ipv6Address: ["2001:db8::1"], Ipv6AddressCount: 1 }, { limits: { max: 1 } }),
    "launch.Ipv6AddressCount: must not be used with Ipv6Address (it is 1); keep one of the two",
  ],
  [
    "one IPv6 address for ten instances",
    fleet({ Ipv6Address: ["2001:db8::1"] }),
    "launch.Ipv6Address: must be used with limits.max: 1, which is 10; it is for one instance",
  ],
  [
    "a place beside a primary interface",
    fleet({ NetworkInterface: [primary] }),
    'launch.VSwitchId: must be written as VSwitchId of the Primary NetworkInterface (it is "vsw-a")',
    'launch.SecurityGroupId: must be written as SecurityGroupId of the Primary NetworkInterface (it is "sg-a")',
  ],
  [
    "two primary interfaces",
    bare({ InstanceType: "ecs.g7.large", NetworkInterface: [primary, primary] }),
    "launch.NetworkInterface: must have at most one Primary interface",
  ],
  [
    "a secondary interface with IPv6",
    fleet({ NetworkInterface: [{ Ipv6AddressCount: 1 }] }),
    "launch.NetworkInterface[0].Ipv6AddressCount: must be used with InstanceType: Primary (it is 1)",
  ],
  [
    "an existing interface with a name",
    fleet(
      { NetworkInterface: [{ NetworkInterfaceId: "eni-1", NetworkInterfaceName: "ab" }] },
      { limits: { max: 1 } },
    ),
    'launch.NetworkInterface[0].NetworkInterfaceId: must stand alone, an existing interface cannot be changed (it is "eni-1"); remove NetworkInterfaceName',
  ],
  [
    "more bandwidth in than out",
    fleet({ InternetMaxBandwidthOut: 5, InternetMaxBandwidthIn: 11 }),
    "launch.InternetMaxBandwidthIn: must be at most 10 Mbit/s with InternetMaxBandwidthOut 5 (it is 11)",
  ],
  [
    "101 Mbit/s",
    fleet({ InternetMaxBandwidthOut: 101 }),
    "launch.InternetMaxBandwidthOut: must be a whole number from 0 to 100 (it is 101)",
  ],
];

const disks: readonly Case[] = [
  [
    "a PL3 disk of 1260 GiB",
    fleet({ SystemDisk: { Category: "cloud_essd", PerformanceLevel: "PL3", Size: "1260" } }),
    'launch.SystemDisk.Size: must be a whole number from 1261 to 2048 GiB (system disk, cloud_essd PL3) (it is "1260")',
  ],
  [
    "a level without an ESSD",
    fleet({ SystemDisk: { Category: "cloud_ssd", PerformanceLevel: "PL1" } }),
    'launch.SystemDisk.PerformanceLevel: must be used with Category: cloud_essd (it is "PL1")',
  ],
  [
    "bursting of a disk that cannot",
    fleet({ DataDisk: [{ Category: "cloud_ssd", Size: 20, BurstingEnabled: true }] }),
    "launch.DataDisk[0].BurstingEnabled: must be used with Category: cloud_auto (it is true)",
  ],
  [
    "more IOPS than the disk can be sold with",
    fleet({ DataDisk: [{ Category: "cloud_auto", Size: 10, ProvisionedIops: 8000 }] }),
    "launch.DataDisk[0].ProvisionedIops: must be at most 7700 for 10 GiB (it is 8000)",
  ],
  [
    "bursting under a price ceiling",
    fleet({ DataDisk: [{ Category: "cloud_auto", Size: 40, BurstingEnabled: true }] }, { limits: CEILING }),
    "launch.DataDisk[0].BurstingEnabled: is billed apart and has no price beforehand that limits.maxPricePerHour could count (it is true); remove one of the two",
  ],
  [
    "provisioned IOPS of a system disk under a price ceiling",
    fleet({ SystemDisk: { Category: "cloud_auto", Size: 40, ProvisionedIops: 500 } }, { limits: CEILING }),
    "launch.SystemDisk.ProvisionedIops: is billed apart and has no price beforehand that limits.maxPricePerHour could count (it is 500); remove one of the two",
  ],
  [
    "a key for a disk that is not encrypted",
    fleet({ DataDisk: [{ Size: 20, KMSKeyId: "k" }] }),
    'launch.DataDisk[0].KMSKeyId: must be used with Encrypted: true (it is "k")',
  ],
  [
    "a local disk over 800 GiB",
    fleet({ DataDisk: [{ Category: "ephemeral_ssd", Size: 801 }] }),
    "launch.DataDisk[0].Size: must be a whole number from 5 to 800 GiB (data disk, ephemeral_ssd) (it is 801)",
  ],
  [
    "seventeen data disks",
    fleet({ DataDisk: Array.from({ length: 17 }, () => ({ Size: 20 })) }),
    "launch.DataDisk: must be at most 16 entries long",
  ],
  [
    "a data disk of nothing",
    fleet({ DataDisk: [{}] }),
    "launch.DataDisk[0].Size: is missing; give a Size, a SnapshotId, or the Device of a disk in the image",
  ],
];

const payments: readonly Case[] = [
  [
    "a subscription that is not allowed",
    fleet(prepaid),
    'launch.InstanceChargeType: must be PostPaid (it is "PrePaid"); a subscription charges the account at once, write allowSubscription: true to allow it',
  ],
  [
    "ten months",
    subscription({ Period: 10 }),
    "launch.Period: must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60 with PeriodUnit Month (it is 10)",
  ],
  [
    "five weeks",
    subscription({ Period: 5, PeriodUnit: "Week" }),
    "launch.Period: must be one of 1, 2, 3, 4 with PeriodUnit Week (it is 5)",
  ],
  [
    "a renewal of four months",
    subscription({ AutoRenew: true, AutoRenewPeriod: 4 }),
    "launch.AutoRenewPeriod: must be one of 1, 2, 3, 6, 12, 24, 36, 48, 60 with PeriodUnit Month (it is 4)",
  ],
  [
    "a renewal that is switched off",
    subscription({ AutoRenewPeriod: 3 }),
    "launch.AutoRenewPeriod: must be used with AutoRenew: true (it is 3)",
  ],
  [
    "a subscription without a period",
    fleet({ InstanceChargeType: "PrePaid" }, { allowSubscription: true }),
    "launch.Period: is missing; a subscription needs one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60 (PeriodUnit Month)",
  ],
  [
    "a period of pay-as-you-go",
    fleet({ Period: 1 }),
    "launch.Period: must be used with InstanceChargeType: PrePaid (it is 1); remove it for pay-as-you-go",
  ],
  [
    "a subscription that expires, is spot and goes to sleep",
    subscription(
      { SpotStrategy: "SpotAsPriceGo" },
      { expireAfter: "1h", idle: { signals: { cpuAverage: 5 } } },
    ),
    'launch.SpotStrategy: must be NoSpot for a subscription (it is "SpotAsPriceGo")',
    'expireAfter: must not be used with a subscription, which is paid to its end (it is "1h"); remove it',
    "idle: must have action: stop and stoppedMode: KeepCharging for a subscription, or be removed",
  ],
  [
    "a subscription that expires and goes to sleep",
    subscription({}, { expireAfter: "1h", idle: { signals: { cpuAverage: 5 } } }),
    'expireAfter: must not be used with a subscription, which is paid to its end (it is "1h"); remove it',
    "idle: must have action: stop and stoppedMode: KeepCharging for a subscription, or be removed",
  ],
  [
    "a limited spot price that is not said",
    fleet({ SpotStrategy: "SpotWithPriceLimit" }),
    "launch.SpotPriceLimit: is missing; SpotWithPriceLimit needs the highest price an hour",
  ],
  [
    "a price for no spot",
    fleet({ SpotPriceLimit: 0.5, SpotDuration: 1 }),
    "launch.SpotPriceLimit: must be used with SpotStrategy: SpotWithPriceLimit (it is 0.5)",
    "launch.SpotDuration: must be used with a SpotStrategy other than NoSpot (it is 1)",
  ],
  [
    "spot on a dedicated host",
    fleet({ SpotStrategy: "SpotAsPriceGo", Tenancy: "host" }),
    'launch.SpotStrategy: must be NoSpot on a dedicated host (it is "SpotAsPriceGo")',
  ],
  [
    "a spot payment that is not set up",
    fleet({}, { ladder: ["spot", "onDemand"] }),
    "ladder: must not name spot while launch.SpotStrategy is NoSpot; set SpotAsPriceGo or SpotWithPriceLimit",
  ],
];

const names: readonly Case[] = [
  [
    "a host name that ends with a period",
    fleet({ HostName: "web." }),
    'launch.HostName: must not start or end with . or -, nor have two of them together (it is "web.")',
  ],
  [
    "a Windows name of 16 characters",
    fleet({ HostName: "a-windows-server" }, { os: "windows" }),
    'launch.HostName: must be 2 to 15 characters on Windows, becomes 16 (it is "a-windows-server")',
  ],
  [
    "a Windows name of digits",
    fleet({ HostName: "2026" }, { os: "windows" }),
    'launch.HostName: must not be digits only on Windows (it is "2026")',
  ],
  [
    "a pattern with a space in it",
    fleet({ InstanceName: "web-[1, 3]" }),
    'launch.InstanceName: must number its instances as prefix[begin,bits]suffix, begin 0 to 999999 and bits 1 to 6, without spaces (it is "web-[1, 3]")',
  ],
  [
    "a suffix the cloud would ignore",
    fleet({ InstanceName: "web-[1,3]", UniqueSuffix: true }),
    "launch.UniqueSuffix: has no effect on a name that ends with [begin,bits] (it is true); remove it, or write a suffix after the bracket",
  ],
  [
    "fewer host names than instances",
    fleet({ HostNames: ["web-1", "web-2"] }),
    "launch.HostNames: must name every instance, limits.max is 10",
  ],
  [
    "a key pair on Windows",
    fleet({ KeyPairName: "ops" }, { os: "windows" }),
    'launch.KeyPairName: has no effect on Windows (it is "ops"); use PasswordInherit or passwordFromEnv',
  ],
  [
    "two ways to log in",
    fleet({ PasswordInherit: true }, { passwordFromEnv: "WEB_PASSWORD" }),
    "passwordFromEnv: must not be used with launch.PasswordInherit; keep one of the two",
  ],
  [
    "11 tags",
    fleet({ Tag: Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: "v" })) }),
    "launch.Tag: must be at most 10 tags, has 11: the cloud allows 20 and Kiln adds 10; remove 1",
  ],
  [
    "a tag used twice",
    fleet({ Tag: [{ Key: "a" }, { Key: "a", Value: "b" }] }),
    'launch.Tag[1].Key: is used twice (it is "a"); keep one of the two',
  ],
  [
    "user data that is two things",
    fleet({ UserData: { text: "#!/bin/sh", object: "scripts/a.sh" } }),
    "launch.UserData: must be text, or a map with object: and its key, or base64: and bytes such as those of gzip",
  ],
  [
    "a place in no deployment set",
    fleet({ DeploymentSetGroupNo: 1, StorageSetPartitionNumber: 2 }),
    "launch.DeploymentSetGroupNo: must be used with DeploymentSetId (it is 1)",
    "launch.StorageSetPartitionNumber: must be used with StorageSetId (it is 2)",
  ],
  [
    "host options without a host",
    fleet({ Affinity: "host", SchedulerOptions: { DedicatedHostClusterId: "dc-1" } }),
    'launch.Affinity: must be used with Tenancy: host or a DedicatedHostId (it is "host")',
    "launch.SchedulerOptions: must be used with Tenancy: host",
  ],
  [
    "a private pool that is not named",
    fleet({ PrivatePoolOptions: { MatchCriteria: "Target" } }),
    "launch.PrivatePoolOptions.Id: is missing; MatchCriteria: Target names its pool",
  ],
];

const policies: readonly Case[] = [
  ["no limit", { family: "web", launch }, "limits: is missing; write limits: { max: 10 }"],
  [
    "a request larger than the fleet",
    fleet({}, { limits: { max: 5, perRequest: 6 } }),
    "limits.perRequest: must be at most max, which is 5 (it is 6)",
  ],
  ["limits at the top", fleet({}, { max: 5 }), "max: is not known; write it under limits:"],
  [
    "four years to live",
    fleet({}, { expireAfter: "1460d" }),
    'expireAfter: must be from 1h to 1095d (it is "1460d")',
  ],
  [
    "less to live than a launch may take, before the cloud takes no instant",
    fleet({}, { expireAfter: "30m" }),
    'expireAfter: must be from 1h to 1095d (it is "30m")',
  ],
  [
    "a wake-up of another kind",
    fleet({}, { wake: "no" }),
    'wake: must be a map of keys and values (it is "no"); write wake: false',
  ],
  [
    "a policy that looks at nothing",
    idle({ signals: {} }),
    "idle.signals: must have at least one of cpuAverage, cpuMaximum, internetIn, internetOut, intranetIn, intranetOut, diskRead, diskWrite",
  ],
  [
    "a window of half hours",
    idle({ window: "90m" }),
    'idle.window: must be whole hours, or whole minutes below an hour (it is "90m"); write 2h',
  ],
  ["a window of two days", idle({ window: "48h" }), 'idle.window: must be from 10m to 24h (it is "48h")'],
  ["coverage as a percentage", idle({ coverage: 90 }), "idle.coverage: must be from 0.5 to 1 (it is 90)"],
  [
    "a zone without summer time",
    idle({ upDuring: { timeZone: "+08:00", hours: ["Mon-Fri 08:00-20:00"] } }),
    'idle.upDuring.timeZone: must be a time zone by its IANA name, like Asia/Shanghai (it is "+08:00"); write Asia/Shanghai',
  ],
  [
    "hours that cannot be parsed",
    idle({ upDuring: { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 8-20"] } }),
    'idle.upDuring.hours[0]: must be days and hours like Mon-Fri 08:00-20:00, Sat,Sun 10:00-14:00 or daily 00:00-24:00 (it is "Mon-Fri 8-20"); write Mon-Fri 08:00-20:00',
  ],
  [
    "a resumption without hours",
    idle({ resume: true }),
    "idle.resume: must be used with upDuring, which says when to start again (it is true)",
  ],
  [
    "a stopped mode for what is released",
    idle({ action: "release", stoppedMode: "StopCharging" }),
    'idle.stoppedMode: must be used with action: stop (it is "StopCharging")',
  ],
  [
    "channels for announcements that are never made",
    idle({ notify: ["ops"] }),
    "idle.notify: must be used with notice, which says how long before a stop the channels hear of it",
  ],
  [
    "what a stop may cost is asked of a stop that costs nothing",
    idle({ keepIf: ["noStock"], stoppedMode: "KeepCharging" }),
    "idle.keepIf: must be used with stoppedMode: StopCharging, the only one that gives address and stock away for a while",
  ],
  [
    "more kept running than there may be",
    idle({ keepRunning: 11 }),
    "idle.keepRunning: must be at most limits.max, which is 10 (it is 11)",
  ],
  [
    "an opt-out for everyone",
    fleet({ Tag: [{ Key: "keep" }] }, { idle: { signals: { cpuAverage: 5 }, optOutTag: "keep" } }),
    'idle.optOutTag: must not be among launch.Tag, or every instance opts out (it is "keep")',
  ],
  [
    "a machine of a job that stops without idle checks",
    fleet({}, { onJobCompleted: "stop" }),
    'onJobCompleted: must be used with idle, whose checks release stopped instances beyond limits.max (it is "stop"); add idle, or write release',
  ],
  [
    "a protected machine of a job that is to be released",
    fleet({ DeletionProtection: true }, { onJobCompleted: "release" }),
    'onJobCompleted: must be stop or keep while launch.DeletionProtection is true (it is "release")',
  ],
  [
    "a subscription that is to be released after one job",
    fleet(
      { InstanceChargeType: "PrePaid", Period: 1 },
      { allowSubscription: true, onJobCompleted: "release" },
    ),
    'onJobCompleted: must be keep for a subscription, which is paid to its end (it is "release")',
  ],
  [
    "another tool's word for the end of a machine",
    fleet({}, { onJobCompleted: "terminate" }),
    'onJobCompleted: must be keep, stop or release (it is "terminate"); did you mean release?',
  ],
];

for (const [acquireLock, document, ...problems] of [
  ...requests,
  ...places,
  ...disks,
  ...payments,
  ...names,
  ...policies,
]) {
  test(`${acquireLock}: refused with path, rule and value`, ({ expect }) => {
    expect(problemsIn(parseFleet, document)).toEqual(problems);
  });
}

test("no problem shows a password, wherever it was written", ({ expect }) => {
  const text = JSON.stringify(
    fleet(
      { Password: "Secret-1", password: "Secret-2" },
      { passwordFromEnv: "Secret-3", Password: "Secret-4" },
    ),
  );
  expect(problemsIn(parseFleet, text)).toHaveLength(4);
  expect(problemsIn(parseFleet, text).join("\n")).not.toContain("Secret-");
});

test("a short fleet is completed with safe defaults", ({ expect }) => {
  expect(parseFleet("fleets/web.yaml", JSON.stringify(idle({})))).toEqual({
    name: "web",
    family: "web",
    os: "linux",
    via: "RunInstances",
    launch: {
      InstanceType: ["ecs.g7.large"],
      VSwitchId: ["vsw-a"],
      SecurityGroupId: "sg-a",
      InstanceChargeType: "PostPaid",
      SpotStrategy: "NoSpot",
      Tag: [],
    },
    allowSubscription: false,
    ladder: ["onDemand"],
    limits: { max: 10, perRequest: 10 },
    wake: { enabled: true, olderImages: false },
    notify: [],
    idle: {
      signals: { cpuAverage: { below: 5 } },
      windowMs: 7_200_000,
      coverage: 0.9,
      graceMs: 3_600_000,
      keepRunning: 0,
      keepIf: [],
      notify: [],
      optOutTag: "kiln:keep",
      outside: "idle",
      action: "stop",
      stoppedMode: "StopCharging",
      cap: { percent: 50 },
      resume: false,
      dryRun: false,
    },
  });
});

test("spot falls back to on-demand unless the fleet says otherwise", ({ expect }) => {
  const spot = { SpotStrategy: "SpotAsPriceGo" };
  expect(parseFleet("web", JSON.stringify(fleet(spot))).ladder).toEqual(["spot", "onDemand"]);
  expect(parseFleet("web", JSON.stringify(fleet(spot, { ladder: ["spot"] }))).ladder).toEqual(["spot"]);
});

test("a template may stand for type, group and vSwitch", ({ expect }) => {
  expect(problemsIn(parseFleet, bare({ LaunchTemplateId: "lt-1", LaunchTemplateVersion: 3 }))).toEqual([]);
});

test("nothing of a template is overruled, not even how it is paid for", ({ expect }) => {
  const { launch: sent } = parseFleet("web", JSON.stringify(bare({ LaunchTemplateId: "lt-1" })));
  expect(sent).toEqual({
    InstanceType: [],
    VSwitchId: [],
    LaunchTemplateId: "lt-1",
    Tag: [],
  });
});

test("a primary interface may stand for group and vSwitch", ({ expect }) => {
  expect(problemsIn(parseFleet, bare({ InstanceType: "ecs.g7.large", NetworkInterface: [primary] }))).toEqual(
    [],
  );
});

test("a fleet that only stops dry keeps a subscription legal", ({ expect }) => {
  const policy = { signals: { cpuAverage: 5 }, stoppedMode: "KeepCharging" };
  expect(problemsIn(parseFleet, subscription({}, { idle: policy }))).toEqual([]);
});
