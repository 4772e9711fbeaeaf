import { RunInstancesRequest } from "@alicloud/ecs20140526/dist/models/RunInstancesRequest.js";
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { leaks } from "../support/leaks.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted } from "../support/runs.ts";
import { callsOf, machines } from "../support/world.ts";

/** Together they have every parameter of a fleet; parameters that exclude each other are in different ones. */
const LAUNCHES: readonly Readonly<Record<string, unknown>>[] = [
  {
    InstanceType: "ecs.g7.large",
    VSwitchId: "vsw-hangzhou-h",
    ZoneId: "cn-hangzhou-h",
    SecurityGroupId: "sg-default0001",
    PrivateIpAddress: "172.16.0.9",
    Ipv6AddressCount: 1,
    InternetChargeType: "PayByTraffic",
    InternetMaxBandwidthIn: 10,
    InternetMaxBandwidthOut: 5,
    InstanceName: "web-[1,4]-kiln",
    HostName: "web-[1,4]-host",
    UniqueSuffix: true,
    Description: "one of many",
    KeyPairName: "default",
    UserData: "#!/bin/sh\necho hello\n",
    RamRoleName: "kiln-web",
    Tag: [{ Key: "team", Value: "web" }],
    ResourceGroupId: "rg-aek2",
    SystemDisk: {
      Category: "cloud_essd",
      Size: 40,
      DiskName: "system",
      Description: "system",
      PerformanceLevel: "PL1",
      AutoSnapshotPolicyId: "sp-1",
    },
    DataDisk: [
      {
        Category: "cloud_essd",
        Size: 500,
        PerformanceLevel: "PL2",
        DiskName: "data",
        Description: "data",
        DeleteWithInstance: true,
        Encrypted: true,
        KMSKeyId: "0e478b7a",
        Device: "/dev/xvdb",
        AutoSnapshotPolicyId: "sp-1",
      },
      { Category: "cloud_essd", SnapshotId: "s-1" },
    ],
    DeploymentSetId: "ds-1",
    DeploymentSetGroupNo: 2,
    HpcClusterId: "hpc-1",
    StorageSetId: "ss-1",
    StorageSetPartitionNumber: 2,
    CpuOptions: { Core: 2, ThreadsPerCore: 2, Numa: "1" },
    CreditSpecification: "Standard",
    DeletionProtection: false,
    SecurityEnhancementStrategy: "Active",
    SecurityOptions: { TrustedSystemMode: "vTPM" },
    ClockOptions: { PtpStatus: "enabled" },
    ImageOptions: { LoginAsNonRoot: true },
    IoOptimized: "optimized",
    HttpEndpoint: "enabled",
    HttpTokens: "required",
    NetworkOptions: { EnableJumboFrame: true },
    PrivateDnsNameOptions: { HostnameType: "Custom" },
    PrivatePoolOptions: { MatchCriteria: "Target", Id: "eap-1" },
    NetworkInterfaceQueueNumber: 2,
  },
  {
    InstanceType: "ecs.g7.large",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupIds: ["sg-default0001", "sg-other"],
    Ipv6Address: ["2001:db8::1"],
    HostNames: ["web-1"],
    PasswordInherit: true,
    Tenancy: "host",
    Affinity: "host",
    DedicatedHostId: "dh-1",
    SchedulerOptions: { DedicatedHostClusterId: "dc-1" },
    ManagedHostId: "mh-1",
  },
  {
    InstanceType: "ecs.g7.large",
    NetworkInterface: [
      {
        InstanceType: "Primary",
        VSwitchId: "vsw-hangzhou-h",
        SecurityGroupIds: ["sg-default0001"],
        PrimaryIpAddress: "172.16.0.9",
      },
      { InstanceType: "Secondary", VSwitchId: "vsw-hangzhou-h", SecurityGroupId: "sg-default0001" },
    ],
    SpotStrategy: "SpotWithPriceLimit",
    SpotPriceLimit: 0.97,
    SpotDuration: 1,
    SpotInterruptionBehavior: "Stop",
  },
  {
    InstanceType: "ecs.g7.large",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
    InstanceChargeType: "PrePaid",
    Period: 1,
    PeriodUnit: "Month",
    AutoRenew: true,
    AutoRenewPeriod: 1,
    AutoPay: true,
  },
  { LaunchTemplateId: "lt-1", LaunchTemplateVersion: 3 },
  { LaunchTemplateName: "web" },
];

/** A document's value as the wire spells it: `SystemDisk.Size`, `Tag.1.Key`. */
function flat(value: unknown, name: string): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => flat(item, `${name}.${index + 1}`));
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, name === "" ? key : `${name}.${key}`));
}

/** What the local cloud received, whether it would have it or not. */
async function asked(kiln: Deployment, launch: object): Promise<Readonly<Record<string, string>>> {
  const fleet = { family: "web", allowSubscription: true, ladder: undefined, limits: { max: 1 }, launch };
  kiln.cloud.world.addTemplate("lt-1", "web", 3);
  await kiln.upload("fleets/web.yaml", JSON.stringify(fleet));
  await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(3) });
  const [call] = kiln.cloud.callLog.entries({ action: "RunInstances" });
  if (call === undefined) throw new Error(JSON.stringify(kiln.records().map(({ reason }) => reason)));
  return call.params;
}

for (const [index, launch] of LAUNCHES.entries()) {
  test(`every parameter of fleet ${index + 1} reaches RunInstances as it is written`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    const params = await asked(kiln, launch);
    const { UserData, ...written } = launch;
    expect(params).toMatchObject(Object.fromEntries(flat(written, "")));
    // The local cloud's log keeps only the length of what may hold secrets.
    const encoded = typeof UserData === "string" ? Buffer.from(UserData).toString("base64") : undefined;
    expect(params["UserData"]).toBe(encoded && `(${encoded.length} characters)`);
    expect(params).toMatchObject({ ImageFamily: "web", Amount: "1" });
  });
}

/** Parameters of a request, of the family, or not offered; the document's messages say where each belongs. */
const ELSEWHERE = new Set(
  (
    "RegionId Amount MinAmount ClientToken DryRun ImageId ImageFamily AutoReleaseTime " +
    "Password Arn HibernationOptions HttpPutResponseHopLimit Isp OwnerAccount OwnerId ResourceOwnerAccount ResourceOwnerId"
  ).split(" "),
);

test("the fleets of this test name every parameter of RunInstances", ({ expect }) => {
  const used = new Set(LAUNCHES.flatMap((launch) => Object.keys(launch)));
  const all = Object.values(RunInstancesRequest.names()).filter((name) => !ELSEWHERE.has(name));
  expect(all.filter((name) => !used.has(name))).toEqual([]);
});

const PASSWORD = "Correct-Horse-7";

test("a password is sent with the launch only: it is in no event, log, record or object", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: PASSWORD } });
  await kiln.upload("fleets/web.yaml", fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD" }));
  expect((await scaleOut(kiln, { count: 1 })).state).toBe("done");
  expect(callsOf(kiln, "RunInstances")[0]?.params["Password"]).toBe("(15 characters)");
  expect(leaks(kiln, { secrets: { PASSWORD } })).toEqual([]);
});

test("the token of a launch does not depend on its password", async ({ deploy, expect }) => {
  const tokens: (string | undefined)[] = [];
  for (const password of [PASSWORD, "Battery-Staple-8"]) {
    const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: password } });
    await kiln.upload("fleets/web.yaml", fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD" }));
    await scaleOut(kiln, { count: 1, key: "the-same-run" });
    tokens.push(callsOf(kiln, "RunInstances")[0]?.params["ClientToken"]);
  }
  expect(tokens[0]).toBe(tokens[1]);
});

test("a password that the cloud would refuse is refused before the launch, and not quoted", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: "hunter2" } });
  await kiln.upload("fleets/web.yaml", fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD" }));
  expect((await scaleOut(kiln, { count: 1 })).reason).toBe(
    "fleet web: passwordFromEnv: the value of KILN_FLEET_PASSWORD must be 8 to 30 characters, has 7",
  );
  expect(machines(kiln)).toEqual([]);
});
