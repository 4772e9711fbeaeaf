/** Refusals of launches and of changes that follow from a state of the world, each with the code of its error table. */
import RpcClient from "@alicloud/pop-core";
import { test } from "vitest";
import type { Cloud } from "../cloud/index.ts";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";

const PASSED = "400 DryRunOperation";

/** Calls of RAM by the old client. */
function ramOf({ urls, accessKey }: Cloud) {
  const { id: accessKeyId, secret: accessKeySecret } = accessKey;
  const client = new RpcClient({
    endpoint: urls.ram,
    apiVersion: "2015-05-01",
    accessKeyId,
    accessKeySecret,
  });
  return (action: string, params: object) => client.request(action, params, { method: "POST" });
}

test("a zone that takes no instances says why, and the others go on", async ({ expect }) => {
  await inCloud(async ({ cloud, refusal }) => {
    const asked = (VSwitchId = LAUNCH.VSwitchId) =>
      refusal("RunInstances", { ...LAUNCH, VSwitchId, DryRun: true });
    for (const [why, code] of [
      ["not on sale", "403 Zone.NotOnSale"],
      ["not allowed", "403 OperationDenied.ZoneNotAllowed"],
      ["no VPC", "400 InvalidVpcZone.NotSupported"],
    ] as const) {
      cloud.world.closeZone("cn-hangzhou-h", why);
      expect(await asked()).toBe(code);
      expect(await asked("vsw-hangzhou-i")).toBe(PASSED);
    }
    cloud.world.closeZone("cn-hangzhou-h", null);
    expect(await asked()).toBe(PASSED);
  });
});

test("a VLAN of the classic network without free addresses takes no instance", async ({ expect }) => {
  await inCloud(
    async ({ cloud, refusal }) => {
      cloud.world.openClassicNetwork();
      cloud.world.fillVlan("cn-beijing-h");
      const classic = {
        ImageId: "ubuntu1404_64_40G_cloudinit_20160727.raw",
        InstanceType: "ecs.s2.large",
        IoOptimized: "optimized",
        "SystemDisk.Category": "cloud_ssd",
        SecurityGroupId: "sg-classic-cn-beijing",
      };
      const asked = (ZoneId: string) => refusal("CreateInstance", { ...classic, ZoneId, DryRun: true });
      expect(await asked("cn-beijing-h")).toBe("400 OperationDenied.NoVlan");
      expect(await asked("cn-beijing-i")).toBe(PASSED);
    },
    { region: "cn-beijing" },
  );
});

test("a role that ECS may not assume is given to no instance, until its trust document names ECS", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, refusal }) => {
    const role = (Service: string) =>
      JSON.stringify({
        Version: "1",
        Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: [Service] } }],
      });
    await ramOf(cloud)("CreateRole", { RoleName: "app", AssumeRolePolicyDocument: role("fc.aliyuncs.com") });
    const asked = () => refusal("RunInstances", { ...LAUNCH, RamRoleName: "App", DryRun: true });
    expect(await asked()).toBe("401 InvalidRamRole.NotEcsRole");
    const changed = { RoleName: "app", NewAssumeRolePolicyDocument: role("ecs.aliyuncs.com") };
    await ramOf(cloud)("UpdateRole", changed);
    expect(await asked()).toBe(PASSED);
    // Roles are known now, and another name is that of none.
    expect(await refusal("RunInstances", { ...LAUNCH, RamRoleName: "ap", DryRun: true })).toBe(
      "404 InvalidRamRole.NotFound",
    );
  });
});

test("a role that the account may have is passed while no role is known", async ({ expect }) => {
  await inCloud(async ({ refusal }) => {
    expect(await refusal("RunInstances", { ...LAUNCH, RamRoleName: "app", DryRun: true })).toBe(PASSED);
  });
});

test("data disks are refused by the sizes of their category and performance level", async ({ expect }) => {
  await inCloud(async ({ refusal }) => {
    const asked = (disk: Readonly<Record<string, unknown>>) =>
      refusal("RunInstances", {
        ...LAUNCH,
        "SystemDisk.Category": "cloud_essd",
        DataDisk: [{ Category: "cloud_essd", ...disk }],
        DryRun: true,
      });
    const wrong = "400 InvalidDataDiskSize.ValueNotSupported";
    for (const [PerformanceLevel, least] of [
      ["PL0", 1],
      ["PL1", 20],
      ["PL2", 461],
      ["PL3", 1261],
    ] as const) {
      expect(await asked({ PerformanceLevel, Size: least - 1 }), PerformanceLevel).toBe(wrong);
      expect(await asked({ PerformanceLevel, Size: least }), PerformanceLevel).toBe(PASSED);
      expect(await asked({ PerformanceLevel, Size: 65_536 }), PerformanceLevel).toBe(PASSED);
      expect(await asked({ PerformanceLevel, Size: 65_537 }), PerformanceLevel).toBe(wrong);
    }
    expect(await asked({ Size: 19 })).toBe(wrong);
    expect(await asked({})).toBe(wrong);
    expect(await asked({ Category: "cloud_auto", Size: 1 })).toBe(PASSED);
    expect(await asked({ Category: "cloud_efficiency", Size: 19 })).toBe(wrong);
  });
});

test("disks are refused by category: one that is none, one that its type does not take, two that do not go together", async ({
  expect,
}) => {
  await inCloud(async ({ refusal }) => {
    const asked = (system: string, data: string) =>
      refusal("RunInstances", {
        ...LAUNCH,
        "SystemDisk.Category": system,
        DataDisk: [{ Size: 40, Category: data }],
        DryRun: true,
      });
    expect(await asked("cloud_fast", "cloud_essd")).toBe("400 InvalidSystemDiskCategory.ValueNotSupported");
    expect(await asked("cloud_essd", "cloud_fast")).toBe("400 InvalidDiskCategory.ValueNotSupported");
    expect(await asked("cloud_essd", "cloud_ssd")).toBe("403 InvalidDiskCategory.NotSupported");
    expect(await asked("cloud", "cloud_essd")).toBe("400 InvalidDiskCategory.Mismatch");
    expect(await asked("cloud_essd", "cloud_auto")).toBe(PASSED);
  });
});

test("a snapshot of which a disk is being made is not deleted, and afterwards by force", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [first = ""] = await launch();
    await cloud.settle({ forMs: 60_000 });
    const [DiskId] = cloud.world.mustHave(first).diskIds;
    const SnapshotId = read<string>(await ask("CreateSnapshot", { DiskId }), "SnapshotId");
    await cloud.settle({ forMs: 600_000 });
    await launch({ DataDisk: [{ Category: "cloud_essd", SnapshotId }] });
    const asked = (Force: boolean) => refusal("DeleteSnapshot", { SnapshotId, Force });
    expect([await asked(false), await asked(true)]).toEqual([
      "403 Operation.Conflict",
      "403 Operation.Conflict",
    ]);
    await cloud.settle({ forMs: 60_000 });
    expect(await asked(false)).toBe("403 SnapshotCreatedDisk");
    await ask("DeleteSnapshot", { SnapshotId, Force: true });
    expect(cloud.world.snapshots.has(SnapshotId)).toBe(false);
  });
});

test("the type of an instance changes when it is stopped, and the refusal says where it is on the way", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [InstanceId = ""] = await launch();
    const change = { InstanceId, InstanceType: "ecs.g8i.large" };
    expect(await refusal("ModifyInstanceSpec", change)).toBe("403 InvalidStatus.ValueNotSupported");
    await cloud.settle({ forMs: 60_000 });
    expect(await refusal("ModifyInstanceSpec", change)).toBe("400 InvalidInstanceStatus.NotStopped");
    await ask("StopInstance", { InstanceId });
    expect(await refusal("ModifyInstanceSpec", change)).toBe("403 InvalidStatus.ValueNotSupported");
    await cloud.settle({ forMs: 60_000 });
    await ask("ModifyInstanceSpec", change);
    expect(cloud.world.mustHave(InstanceId).type.id).toBe("ecs.g8i.large");
  });
});
