/** Which disks go with which type and zone, and what is made of a launch that names none. */
import { test } from "vitest";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";
import { known } from "../support/known.ts";

/** A launch that says nothing of its disks. */
const { "SystemDisk.Category": _category, ...BARE } = LAUNCH;

const launchOf = (InstanceType: string, Category?: string): Record<string, unknown> => ({
  ...BARE,
  InstanceType,
  ...(Category !== undefined && { "SystemDisk.Category": Category }),
});

const SYSTEM = "400 InvalidSystemDiskCategory.ValueNotSupported";
const PASSED = "400 DryRunOperation";

test("a type takes the disks of its generation, and an unnamed disk is cloud_efficiency", async ({
  expect,
}) => {
  await inCloud(async ({ refusal }) => {
    const rows: readonly (readonly [type: string, essd: string, efficiency: string, entry: string])[] = [
      ["ecs.g8i.large", PASSED, SYSTEM, SYSTEM],
      ["ecs.g7.large", PASSED, SYSTEM, SYSTEM],
      ["ecs.g6.large", PASSED, PASSED, SYSTEM],
      ["ecs.t6-c1m1.large", PASSED, PASSED, SYSTEM],
      ["ecs.g5.large", SYSTEM, PASSED, SYSTEM],
      ["ecs.t5-lc1m2.small", SYSTEM, PASSED, SYSTEM],
      ["ecs.e-c1m1.large", PASSED, SYSTEM, PASSED],
    ];
    for (const [type, essd, efficiency, entry] of rows) {
      const asked = (category?: string) =>
        refusal("RunInstances", { ...launchOf(type, category), DryRun: true });
      expect([
        await asked("cloud_essd"),
        await asked("cloud_efficiency"),
        await asked("cloud_essd_entry"),
      ]).toEqual([essd, efficiency, entry]);
      expect(await asked(), type).toBe(efficiency);
    }
  });
});

test("a data disk is held against the same table, and a zone may sell less than the type takes", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, refusal }) => {
    const asked = (DataDisk: object) =>
      refusal("RunInstances", { ...LAUNCH, DataDisk: [DataDisk], DryRun: true });
    expect(await asked({ Size: 40 })).toBe("400 InvalidDataDiskCategory.ValueNotSupported");
    expect(await asked({ Size: 40, Category: "cloud_auto" })).toBe(PASSED);
    cloud.world.closeDisk("cloud_auto", "cn-hangzhou-h");
    expect(await asked({ Size: 40, Category: "cloud_auto" })).toBe("403 CategoryNotSupported");
    cloud.world.closeDisk("cloud_essd", "cn-hangzhou-h");
    expect(await refusal("RunInstances", LAUNCH)).toBe("403 OperationDenied.ZoneSystemCategoryNotMatch");
    expect(await refusal("RunInstances", { ...LAUNCH, VSwitchId: "vsw-hangzhou-i", DryRun: true })).toBe(
      PASSED,
    );
    expect(cloud.world.instances.size).toBe(0);
  });
});

test("what is sold is what can be launched, by type and zone", async ({ expect }) => {
  await inCloud(async ({ cloud, ask }) => {
    cloud.world.closeDisk("cloud_ssd", "cn-hangzhou-h");
    const sold = async (InstanceType: string, ZoneId: string): Promise<unknown> => {
      const params = { DestinationResource: "SystemDisk", InstanceType, ZoneId };
      const answer = await ask("DescribeAvailableResource", params);
      const [zone] = read<unknown[]>(answer, "AvailableZones.AvailableZone");
      const all = read(zone, "AvailableResources.AvailableResource.0.SupportedResources.SupportedResource");
      return known<{ Value: string; Status: string }[]>(all).map(({ Value, Status }) => `${Value} ${Status}`);
    };
    expect(await sold("ecs.g7.large", "cn-hangzhou-h")).toEqual([
      "cloud_essd Available",
      "cloud_auto Available",
    ]);
    expect(await sold("ecs.g5.large", "cn-hangzhou-h")).toEqual([
      "cloud_efficiency Available",
      "cloud_ssd SoldOut",
    ]);
    expect(await sold("ecs.g5.large", "cn-hangzhou-i")).toEqual([
      "cloud_efficiency Available",
      "cloud_ssd Available",
    ]);
  });
});

test("a rehearsed launch finds a vSwitch without free addresses, like a real one", async ({ expect }) => {
  await inCloud(async ({ cloud, refusal }) => {
    cloud.world.fillVSwitch("vsw-hangzhou-h");
    for (const DryRun of [true, false]) {
      expect(await refusal("RunInstances", { ...LAUNCH, DryRun })).toBe("400 QuotaExceeded.PrivateIpAddress");
    }
  });
});

test("a price has the disks in it, and needs an image and a disk the type takes", async ({ expect }) => {
  await inCloud(async ({ ask, refusal }) => {
    const ImageId = "aliyun_3_x64_20G_alibase_20260927.vhd";
    const price = async (params: object): Promise<unknown> =>
      read(
        await ask("DescribePrice", { InstanceType: "ecs.g7.large", ...params }),
        "PriceInfo.Price.TradePrice",
      );
    const refused = (params: object) => refusal("DescribePrice", { InstanceType: "ecs.g7.large", ...params });
    const disk = { ImageId, "SystemDisk.Category": "cloud_essd", "SystemDisk.PerformanceLevel": "PL0" };
    expect(await refused({})).toBe(SYSTEM);
    expect(await refused({ "SystemDisk.Category": "cloud_essd" })).toBe("400 MissingImageId");
    expect(await price({ ...disk, "SystemDisk.Size": 100 })).toBeCloseTo(0.62 + 0.07);
    expect(
      await price({ ...disk, "SystemDisk.PerformanceLevel": "PL1", "SystemDisk.Size": 100 }),
    ).toBeCloseTo(0.76);
    const data = { "DataDisk.1.Category": "cloud_essd", "DataDisk.1.Size": 1000 };
    expect(await price({ ...disk, "SystemDisk.Size": 100, ...data })).toBeCloseTo(0.69 + 1.4);
  });
});

test("a stopped instance cannot change to a type that does not take its disks", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [InstanceId = ""] = await launch();
    await cloud.settle({ forMs: 60_000 });
    cloud.world.stop(InstanceId);
    await cloud.settle({ forMs: 60_000 });
    expect(await refusal("ModifyInstanceSpec", { InstanceId, InstanceType: "ecs.g5.large" })).toBe(
      "403 InvalidInstanceType.NotSupportDiskCategory",
    );
    await ask("ModifyInstanceSpec", { InstanceId, InstanceType: "ecs.g8i.large" });
    expect(cloud.world.mustHave(InstanceId).type.id).toBe("ecs.g8i.large");
  });
});
