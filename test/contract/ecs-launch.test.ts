import { test } from "vitest";
import type { Policy } from "../cloud/index.ts";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";

const ZONE = "cn-hangzhou-h";

test("an instance is Pending, Starting and Running in turn, and its agent answers a while later", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch({ InternetMaxBandwidthOut: 5 });
    const status = async (): Promise<unknown> =>
      read(
        await ask("DescribeInstanceStatus", { InstanceId: [id] }),
        "InstanceStatuses.InstanceStatus.0.Status",
      );
    const agent = async (): Promise<unknown> =>
      read(
        await ask("DescribeCloudAssistantStatus", { InstanceId: [id] }),
        "InstanceCloudAssistantStatusSet.InstanceCloudAssistantStatus.0.CloudAssistantStatus",
      );
    expect(await status()).toBe("Pending");
    await cloud.settle({ forMs: 3000 });
    expect(await status()).toBe("Starting");
    await cloud.settle({ forMs: 15_000 });
    expect([await status(), await agent()]).toEqual(["Running", "false"]);
    await cloud.settle({ forMs: 20_000 });
    expect(await agent()).toBe("true");
    const seen = await ask("DescribeInstances", { InstanceIds: JSON.stringify([id]) });
    expect(read(seen, "Instances.Instance.0.PublicIpAddress.IpAddress")).toHaveLength(1);
  });
});

test("without MinAmount stock is all or nothing, with it the rest of the stock is a success", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, launch, refusal }) => {
    cloud.world.stock("ecs.g7.large", ZONE, 3);
    expect(await refusal("RunInstances", { ...LAUNCH, Amount: 5 })).toBe("403 OperationDenied.NoStock");
    expect(await refusal("RunInstances", { ...LAUNCH, Amount: 5, MinAmount: 4 })).toBe(
      "403 OperationDenied.NoStock",
    );
    expect(cloud.world.instances.size).toBe(0);
    expect(await launch({ Amount: 5, MinAmount: 2 })).toHaveLength(3);
    expect(cloud.world.stockLeft("ecs.g7.large", ZONE)).toBe(0);
    cloud.world.stock("ecs.g7.large", ZONE, null);
    expect(await launch({ Amount: 5 })).toHaveLength(5);
  });
});

test("a token answers the first result again, refuses other parameters and replays a failure for stock", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, launch, refusal }) => {
    const first = await launch({ Amount: 2, ClientToken: "one" });
    expect(await launch({ Amount: 2, ClientToken: "one" })).toEqual(first);
    expect(cloud.world.instances.size).toBe(2);
    expect(await refusal("RunInstances", { ...LAUNCH, Amount: 3, ClientToken: "one" })).toBe(
      "400 IdempotentParameterMismatch",
    );
    cloud.world.stock("ecs.g7.large", ZONE, 0);
    expect(await refusal("RunInstances", { ...LAUNCH, ClientToken: "two" })).toBe(
      "403 OperationDenied.NoStock",
    );
    cloud.world.stock("ecs.g7.large", ZONE, null);
    expect(await refusal("RunInstances", { ...LAUNCH, ClientToken: "two" })).toBe(
      "403 OperationDenied.NoStock",
    );
    expect(await launch({ ClientToken: "three" })).toHaveLength(1);
    expect(await refusal("RunInstances", { ...LAUNCH, ClientToken: "ü" })).toBe(
      "400 InvalidClientToken.ValueNotSupported",
    );
  });
});

test("a token is remembered for a day, or as long as the cloud is started with", async ({ expect }) => {
  for (const [tokenMs, forMs] of [
    [undefined, 24 * 3_600_000],
    [600_000, 600_000],
  ] as const) {
    await inCloud(
      async ({ cloud, launch }) => {
        const first = await launch({ ClientToken: "one" });
        await cloud.settle({ forMs: forMs - 1 });
        expect(await launch({ ClientToken: "one" })).toEqual(first);
        await cloud.settle({ forMs: 1 });
        expect(await launch({ ClientToken: "one" })).not.toEqual(first);
        expect(cloud.world.instances.size).toBe(2);
      },
      tokenMs === undefined ? {} : { tokenMs },
    );
  }
});

test("a dry run checks everything, stock included, and creates nothing", async ({ expect }) => {
  await inCloud(async ({ cloud, refusal }) => {
    expect(await refusal("RunInstances", { ...LAUNCH, DryRun: true })).toBe("400 DryRunOperation");
    cloud.world.stock("ecs.g7.large", ZONE, 0);
    expect(await refusal("RunInstances", { ...LAUNCH, DryRun: true })).toBe("403 OperationDenied.NoStock");
    expect(cloud.world.instances.size).toBe(0);
  });
});

test("names of a batch count up as the pattern and the suffix say", async ({ expect }) => {
  await inCloud(async ({ cloud, launch }) => {
    const names = async (InstanceName: string, UniqueSuffix = false): Promise<string[]> =>
      (await launch({ InstanceName, HostName: "h-[7,3]-x", UniqueSuffix, Amount: 2 })).map(
        (id) => cloud.world.mustHave(id).name,
      );
    expect(await names("k8s-node-[1,4]-alibabacloud")).toEqual([
      "k8s-node-0001-alibabacloud",
      "k8s-node-0002-alibabacloud",
    ]);
    expect(await names("web[1234,1]")).toEqual(["web001234", "web001235"]);
    expect(await names("web[]")).toEqual(["web000000", "web000001"]);
    expect(await names("web[999999,6]")).toEqual(["web999999", "web999999"]);
    expect(await names("instance-[99,3]", true)).toEqual(["instance-099", "instance-100"]);
    expect(await names("plain", true)).toEqual(["plain001", "plain002"]);
    expect(await names("plain")).toEqual(["plain", "plain"]);
  });
});

test("what cannot be launched is refused with the code of its table", async ({ expect }) => {
  await inCloud(async ({ cloud, refusal }) => {
    const run = (params: Record<string, unknown>): Promise<string> =>
      refusal("RunInstances", { ...LAUNCH, ...params });
    expect(await run({ Amount: 101 })).toBe("403 InvalidParam.Amount");
    expect(await run({ Amount: 2, MinAmount: 3 })).toBe("400 InvalidMinAmount.Malformed");
    expect(await run({ ImageFamily: "absent" })).toBe("403 InvalidImageFamily.MissingAvailableImage");
    expect(await run({ ImageFamily: undefined, ImageId: "m-none" })).toBe("404 InvalidImageId.NotFound");
    expect(await run({ ImageId: "m-none" })).toBe("400 UnexpectedImageFamily.ImageIdSupplied");
    expect(await run({ InstanceType: "ecs.none.large" })).toBe("400 InvalidInstanceType.ValueNotSupported");
    expect(await run({ InstanceType: "ecs.g8y.large" })).toBe("403 ImageNotSupportInstanceType");
    expect(await run({ VSwitchId: "vsw-none" })).toBe("404 InvalidVSwitchId.NotFound");
    expect(await run({ ZoneId: "cn-hangzhou-i" })).toBe("400 InvalidParameter.Mismatch");
    expect(await run({ ZoneId: "cn-hangzhou-z" })).toBe("404 InvalidZoneId.NotFound");
    expect(await run({ SecurityGroupId: "sg-none" })).toBe("404 InvalidSecurityGroupId.NotFound");
    expect(await run({ SystemDisk: { Size: "10" } })).toBe("404 InvalidSystemDiskSize.LessThanImageSize");
    expect(await run({ SystemDisk: { Category: "floppy" } })).toBe(
      "400 InvalidSystemDiskCategory.ValueNotSupported",
    );
    expect(await run({ Tag: [{ Key: "acs:x", Value: "" }] })).toBe("400 InvalidTagKey.Malformed");
    expect(await run({ Tag: [{ Key: "a" }, { Key: "a" }] })).toBe("400 Duplicate.TagKey");
    expect(await run({ AutoReleaseTime: "2026-01-05T08:29:00Z" })).toBe(
      "400 InvalidAutoReleaseTime.Malformed",
    );
    expect(await run({ UserData: "no base64!" })).toBe("400 InvalidUserData.NotSupported");
    expect(await run({ SpotStrategy: "SpotWithPriceLimit", SpotPriceLimit: 0.01 })).toBe(
      "400 InvalidSpotPriceLimit.LowerThanPublicPrice",
    );
    expect(await run({ LaunchTemplateName: "none" })).toBe("404 InvalidLaunchTemplate.NotFound");
    expect(await run({ InstanceChargeType: "PrePaid", Period: 60 })).toBe(
      "403 InvalidAccountStatus.NotEnoughBalance",
    );
    expect(await run({ InstanceChargeType: "PrePaid", Period: 10 })).toBe("400 InvalidPeriod");
    cloud.world.account({ balance: -1 });
    expect(await run({})).toBe("400 Account.Arrearage");
    expect(cloud.world.instances.size).toBe(0);
  });
});

test("a private address is of the vSwitch and taken by one instance only, and an account needs a way to pay", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, launch, refusal }) => {
    const outside = { ...LAUNCH, PrivateIpAddress: "10.9.9.9" };
    expect(await refusal("RunInstances", outside)).toBe("403 InvalidVSwitchId.IpInvalid");
    cloud.world.account({ paymentMethod: false });
    expect(await refusal("RunInstances", LAUNCH)).toBe("404 PaymentMethodNotFound");
    cloud.world.account({ paymentMethod: true });
    const [id = ""] = await launch({ PrivateIpAddress: "172.16.0.9" });
    expect(cloud.world.mustHave(id).privateIp).toBe("172.16.0.9");
    expect(await refusal("RunInstances", { ...LAUNCH, PrivateIpAddress: "172.16.0.9" })).toBe(
      "400 InvalidIPAddress.AlreadyUsed",
    );
  });
});

test("a price limit counts only with the strategy that has one, and its zeros at the end do not count", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, refusal, launch }) => {
    for (const SpotStrategy of [undefined, "NoSpot", "SpotAsPriceGo"]) {
      for (const SpotPriceLimit of ["0.0000", "0.12345", "none"]) {
        await launch({ SpotStrategy, SpotPriceLimit });
        await ask("CreateInstance", { ...LAUNCH, SpotStrategy, SpotPriceLimit });
      }
    }
    expect(cloud.world.instances.size).toBe(18);
    const limited = (SpotPriceLimit: string) => ({ SpotStrategy: "SpotWithPriceLimit", SpotPriceLimit });
    for (const limit of ["0.5000", "0.5", "1.", "2"]) await launch(limited(limit));
    const last = [...cloud.world.instances.values()].slice(18);
    expect(last.map(({ spot }) => spot.priceLimit)).toEqual([0.5, 0.5, 1, 2]);
    const run = (limit: string): Promise<string> => refusal("RunInstances", { ...LAUNCH, ...limited(limit) });
    for (const limit of ["0.5001", "-1", "none"]) expect(await run(limit)).toBe("400 InvalidSpotPriceLimit");
    expect(await run("0.0000")).toBe("400 InvalidSpotPriceLimit.LowerThanPublicPrice");
  });
});

test("instances stop existing at their release time, protected or not, floored to the minute", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch({ AutoReleaseTime: "2026-01-05T09:00:59Z", DeletionProtection: true });
    const [other] = await launch();
    await ask("ModifyInstanceAutoReleaseTime", {
      InstanceId: other,
      AutoReleaseTime: "2026-01-05T10:00:00Z",
    });
    await cloud.settle({ forMs: 59 * 60_000 });
    expect(cloud.world.instances.has(id!)).toBe(true);
    await cloud.settle({ forMs: 2 * 60_000 });
    expect(cloud.world.instances.has(id!)).toBe(false);
    expect(read(await ask("DescribeInstances", { InstanceIds: JSON.stringify([id]) }), "TotalCount")).toBe(0);
    await ask("ModifyInstanceAutoReleaseTime", { InstanceId: other });
    await cloud.settle({ forMs: 3 * 3_600_000 });
    expect(cloud.world.instances.has(other!)).toBe(true);
  });
});

test("an id that was answered may vanish, and only the history remembers it", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch({ ClientToken: "v" });
    cloud.world.vanish(id!);
    await cloud.settle();
    expect(read(await ask("DescribeInstanceStatus", { InstanceId: [id] }), "TotalCount")).toBe(0);
    const events = await ask("DescribeInstanceHistoryEvents", { InstanceId: id });
    expect(read(events, "InstanceSystemEventSet.InstanceSystemEventType.0.EventType.Name")).toBe(
      "SystemFailure.Delete",
    );
    expect(await launch({ ClientToken: "v" })).toEqual([id]);
    expect(cloud.world.disks.size).toBe(0);
  });
});

test("a launch template fills what the call leaves out, and lists are replaced as a whole", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    const { ImageFamily, ...rest } = LAUNCH;
    await ask("CreateLaunchTemplate", {
      LaunchTemplateName: "web",
      ...rest,
      "SystemDisk.Size": 60,
      Tag: [
        { Key: "from", Value: "template" },
        { Key: "more", Value: "" },
      ],
    });
    expect(await refusal("CreateLaunchTemplate", { LaunchTemplateName: "web" })).toBe(
      "400 InvalidLaunchTemplateName.Duplicated",
    );
    const answer = await ask("RunInstances", {
      LaunchTemplateName: "web",
      ImageFamily,
      Tag: [{ Key: "from", Value: "call" }],
    });
    const id = read<string>(answer, "InstanceIdSets.InstanceIdSet.0");
    const [disk] = cloud.world.disks.values();
    expect(disk?.sizeGb).toBe(60);
    expect(cloud.world.tags.of("instance", id)).toEqual([{ key: "from", value: "call" }]);
    expect(cloud.world.tags.of("disk", disk!.diskId)).toEqual([{ key: "from", value: "call" }]);
  });
});

test("versions of a launch template are launched by number, until the template is deleted", async ({
  expect,
}) => {
  await inCloud(async ({ ask, refusal }) => {
    const { ImageFamily, ...rest } = LAUNCH;
    const Tag = [{ Key: "from", Value: "template" }];
    await ask("CreateLaunchTemplate", { LaunchTemplateName: "web", ...rest, Tag });
    const template = read(
      await ask("DescribeLaunchTemplates"),
      "LaunchTemplateSets.LaunchTemplateSet.0.LaunchTemplateId",
    );
    await ask("CreateLaunchTemplateVersion", {
      LaunchTemplateId: template,
      ImageId: "m-some",
      InstanceType: "ecs.c7.large",
    });
    const versions = await ask("DescribeLaunchTemplateVersions", { LaunchTemplateId: template });
    expect(
      read(versions, "LaunchTemplateVersionSets.LaunchTemplateVersionSet.1.LaunchTemplateData.ImageId"),
    ).toBe("m-some");
    expect(
      read(
        versions,
        "LaunchTemplateVersionSets.LaunchTemplateVersionSet.0.LaunchTemplateData.Tags.InstanceTag.0",
      ),
    ).toEqual({ Key: "from", Value: "template" });
    const both = { LaunchTemplateId: template, LaunchTemplateVersion: 2, ...rest, ImageFamily };
    expect(await refusal("RunInstances", both)).toBe("400 UnexpectedImageFamily.ImageIdSupplied");
    await ask("DeleteLaunchTemplate", { LaunchTemplateId: template });
    expect(await refusal("RunInstances", { LaunchTemplateId: template, ImageFamily })).toBe(
      "404 InvalidLaunchTemplate.NotFound",
    );
  });
});

/** A policy that allows everything of ECS, and to pass some roles to a service. */
const passes = (Resource: string, service = "ecs.aliyuncs.com"): Policy => ({
  Version: "1",
  Statement: [
    { Effect: "Allow", Action: "ecs:*", Resource: "*" },
    {
      Effect: "Allow",
      Action: "ram:PassRole",
      Resource,
      Condition: { StringEquals: { "acs:Service": service } },
    },
  ],
});

test("a RAM role reaches an instance only where the caller's policy lets it be passed to ECS, however it is named", async ({
  expect,
}) => {
  const roles = {
    launcher: passes("acs:ram::*:role/web-*"),
    elsewhere: passes("acs:ram::*:role/*", "fc.aliyuncs.com"),
  };
  const { ImageFamily, VSwitchId, ...machine } = LAUNCH;
  const launchAs = { ...machine, DryRun: true };
  await inCloud(
    async ({ cloud, ask, refusal }) => {
      const keyOf = (role: string) => cloud.keys.assume(role, 3_600_000);
      const launcher = keyOf("launcher");
      for (const action of ["RunInstances", "CreateInstance"]) {
        const named = (RamRoleName: string) => ({ ...launchAs, ImageFamily, VSwitchId, RamRoleName });
        for (const forbidden of ["AdministratorRole", "web", "my-web-1"]) {
          expect(await refusal(action, named(forbidden), launcher)).toBe("403 InvalidUser.PassRoleForbidden");
        }
        expect(await refusal(action, named("web-1"), launcher)).toBe("400 DryRunOperation");
        expect(await refusal(action, named("web-1"), keyOf("elsewhere"))).toBe(
          "403 InvalidUser.PassRoleForbidden",
        );
      }
      // A template is written by whoever may write it, and read by the one who launches from it.
      await ask("CreateLaunchTemplate", {
        ...launchAs,
        DryRun: undefined,
        LaunchTemplateName: "web",
        VSwitchId,
        RamRoleName: "AdministratorRole",
      });
      const template = { LaunchTemplateName: "web", ImageFamily, DryRun: true };
      expect(await refusal("RunInstances", template, launcher)).toBe("403 InvalidUser.PassRoleForbidden");
      expect(await refusal("RunInstances", { ...template, RamRoleName: "web-1" }, launcher)).toBe(
        "400 DryRunOperation",
      );
    },
    { roles },
  );
});
