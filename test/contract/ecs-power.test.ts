import { test } from "vitest";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";

test("CreateInstance ends Stopped and without an address; both come by further calls", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    const id = read<string>(
      await ask("CreateInstance", { ...LAUNCH, InternetMaxBandwidthOut: 5 }),
      "InstanceId",
    );
    const status = (): string => cloud.world.mustHave(id).status;
    expect(await refusal("StartInstance", { InstanceId: id })).toBe("403 IncorrectInstanceStatus");
    await cloud.settle();
    expect([status(), cloud.world.mustHave(id).publicIp]).toEqual(["Stopped", undefined]);
    await ask("StartInstance", { InstanceId: id });
    expect(status()).toBe("Starting");
    await cloud.settle();
    const address = read(await ask("AllocatePublicIpAddress", { InstanceId: id }), "IpAddress");
    expect(address).toMatch(/^47\./);
    expect(read(await ask("AllocatePublicIpAddress", { InstanceId: id }), "IpAddress")).toBe(address);
    await ask("RebootInstance", { InstanceId: id });
    expect(status()).toBe("Starting");
    await cloud.settle();
    expect(status()).toBe("Running");
  });
});

test("stopped economically an instance gives back stock and address, and may not get up again", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [id] = await launch({ InternetMaxBandwidthOut: 5 });
    cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
    await cloud.settle();
    const instance = cloud.world.mustHave(id!);
    const { publicIp, privateIp } = instance;
    await ask("StopInstance", { InstanceId: id, StoppedMode: "StopCharging" });
    await cloud.settle();
    expect(instance).toMatchObject({
      status: "Stopped",
      stoppedMode: "StopCharging",
      publicIp: undefined,
      privateIp,
    });
    expect(cloud.world.stockLeft("ecs.g7.large", "cn-hangzhou-h")).toBe(1);
    cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
    expect(await refusal("StartInstance", { InstanceId: id })).toBe("403 OperationDenied.NoStock");
    cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
    await ask("StartInstance", { InstanceId: id });
    await cloud.settle();
    expect(instance.publicIp).not.toBe(publicIp);
    expect(instance).toMatchObject({ status: "Running", stoppedMode: "Not-applicable" });
  });
});

test("where economical mode cannot be, the machine stops and the bill goes on without a word", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const ids = [
      ...(await launch({ InstanceType: "ecs.i3.xlarge" })),
      ...(await launch({ InstanceChargeType: "PrePaid", Period: 1 })),
      ...(await launch()),
    ];
    await cloud.settle();
    await ask("StopInstances", { InstanceId: ids.slice(0, 2), StoppedMode: "StopCharging" });
    // Without a word from the caller the account's own switch decides, and it is off.
    await ask("StopInstance", { InstanceId: ids[2] });
    await cloud.settle();
    expect(ids.map((id) => cloud.world.mustHave(id).stoppedMode)).toEqual([
      "KeepCharging",
      "KeepCharging",
      "KeepCharging",
    ]);
  });
});

test("AllTogether fails them all for one, SuccessFirst says per instance", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [a, b] = await launch({ Amount: 2 });
    await cloud.settle();
    await ask("StopInstance", { InstanceId: a });
    await cloud.settle();
    const both = { InstanceId: [a, b] };
    expect(await refusal("StopInstances", { ...both, DryRun: true })).toBe("403 IncorrectInstanceStatus");
    expect(await refusal("StopInstances", { InstanceId: [b], DryRun: true })).toBe("400 DRYRUN.SUCCESS");
    expect(await refusal("StopInstance", { InstanceId: b, DryRun: true })).toBe("400 DryRunOperation");
    expect(await refusal("StopInstances", both)).toBe("403 IncorrectInstanceStatus");
    expect(cloud.world.mustHave(b!).status).toBe("Running");
    const answer = await ask("StopInstances", { ...both, BatchOptimization: "SuccessFirst" });
    expect(read(answer, "InstanceResponses.InstanceResponse")).toMatchObject([
      { InstanceId: a, Code: "IncorrectInstanceStatus", PreviousStatus: "Stopped", CurrentStatus: "Stopped" },
      { InstanceId: b, Code: 200, Message: "success", PreviousStatus: "Running", CurrentStatus: "Stopping" },
    ]);
    const many = Array.from({ length: 101 }, (_, index) => `i-${index}`);
    expect(await refusal("StartInstances", { InstanceId: many })).toBe(
      "403 InvalidParameter.TooManyInstanceIds",
    );
    expect(await refusal("StartInstances", {})).toBe("400 MissingInstanceId");
  });
});

test("deleting needs a stopped or forced instance, no protection, no running subscription", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [id] = await launch({
      DeletionProtection: true,
      DataDisk: [{ Size: 40, Category: "cloud_auto", DeleteWithInstance: false }],
    });
    expect(await refusal("DeleteInstance", { InstanceId: id, Force: true })).toBe(
      "403 InvalidOperation.DeletionProtection",
    );
    await ask("ModifyInstanceAttribute", { InstanceId: id, DeletionProtection: false });
    expect(await refusal("DeleteInstance", { InstanceId: id, Force: true })).toBe(
      "403 IncorrectInstanceStatus.Initializing",
    );
    await cloud.settle();
    expect(await refusal("DeleteInstance", { InstanceId: id })).toBe("403 IncorrectInstanceStatus");
    await ask("DeleteInstance", { InstanceId: id, Force: true });
    await cloud.settle();
    expect(await refusal("DeleteInstance", { InstanceId: id, Force: true })).toBe(
      "404 InvalidInstanceId.NotFound",
    );
    expect([...cloud.world.disks.values()].map((disk) => [disk.type, disk.status])).toEqual([
      ["data", "Available"],
    ]);
    const [paid] = await launch({ InstanceChargeType: "PrePaid", Period: 1 });
    await cloud.settle();
    expect(await refusal("DeleteInstances", { InstanceId: [paid], Force: true })).toBe(
      "403 ChargeTypeViolation",
    );
    await ask("DeleteInstances", { InstanceId: [paid], Force: true, TerminateSubscription: true });
    await cloud.settle();
    expect(cloud.world.instances.size).toBe(0);
  });
});

test("a spot instance that is taken back gets a notice first", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch({ SpotStrategy: "SpotAsPriceGo" });
    await cloud.settle();
    cloud.world.reclaim(id!);
    const seen = await ask("DescribeInstances", { InstanceIds: JSON.stringify([id]) });
    expect(read(seen, "Instances.Instance.0.OperationLocks.LockReason.0.LockReason")).toBe("Recycling");
    await cloud.settle();
    expect(cloud.world.instances.size).toBe(0);
  });
});

test("a command on a machine that is taken away ends with it", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    for (const SpotInterruptionBehavior of ["Terminate", "Stop"]) {
      const [id = ""] = await launch({ SpotStrategy: "SpotAsPriceGo", SpotInterruptionBehavior });
      await cloud.settle({ forMs: 120_000 });
      const command = { Type: "RunShellScript", CommandContent: "sleep 3600\ntouch /late", Timeout: 7200 };
      const InvokeId = read(await ask("RunCommand", { ...command, InstanceId: [id] }), "InvokeId");
      const disks = cloud.world.mustHave(id).diskIds.map((disk) => cloud.world.disks.get(disk)?.content);
      cloud.world.reclaim(id);
      await cloud.settle({ forMs: 2 * 3_600_000 });
      const results = await ask("DescribeInvocationResults", { InvokeId });
      expect(read(results, "Invocation.InvocationResults.InvocationResult.0")).toMatchObject({
        InvocationStatus: "Failed",
        ErrorCode: "ExecutionInterrupted",
      });
      expect(disks.map((disk) => disk?.files.has("/late"))).toEqual([false]);
    }
  });
});

test("an agent that sent a heartbeat once counts as installed, and only its last heartbeat shows a reboot", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch();
    const agent = async (): Promise<unknown[]> => {
      const seen = await ask("DescribeCloudAssistantStatus", { InstanceId: [id] });
      const row = "InstanceCloudAssistantStatusSet.InstanceCloudAssistantStatus.0";
      return [read(seen, `${row}.CloudAssistantStatus`), Date.parse(read(seen, `${row}.LastHeartbeatTime`))];
    };
    expect(await agent()).toEqual(["false", Number.NaN]);
    await cloud.settle({ forMs: 300_000 });
    const rebootAt = cloud.time.now();
    await ask("RebootInstance", { InstanceId: id });
    const [status, heartbeatAt] = await agent();
    expect([status, Number(heartbeatAt) <= rebootAt, Number(heartbeatAt) > rebootAt - 61_000]).toEqual([
      "true",
      true,
      true,
    ]);
    await cloud.settle({ forMs: 44_000 });
    expect(cloud.world.mustHave(id!).status).toBe("Running");
    expect(await agent()).toEqual(["true", heartbeatAt]);
    await cloud.settle({ forMs: 2000 });
    const [, heartbeatAgain] = await agent();
    expect(Number(heartbeatAgain)).toBeGreaterThan(rebootAt + 40_000);
    cloud.world.stop(id!);
    await cloud.settle({ forMs: 3_600_000 });
    expect(await agent()).toEqual(["true", heartbeatAgain]);
  });
});

test("a call whose answer is lost has happened all the same", async ({ expect }) => {
  await inCloud(async ({ cloud, ask }) => {
    cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "after", when: (_, n) => n === 0 });
    const params = { ...LAUNCH, ClientToken: "lost" };
    await expect(ask("RunInstances", params)).rejects.toThrow();
    expect(cloud.world.instances.size).toBe(1);
    const again = await ask("RunInstances", params);
    expect(read(again, "InstanceIdSets.InstanceIdSet")).toEqual([...cloud.world.instances.keys()]);
  });
});

test("what was due for an instance is void once a person released it", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 5);
    const [id] = await launch();
    await cloud.settle();
    await ask("StopInstance", { InstanceId: id, StoppedMode: "StopCharging" });
    cloud.world.release(id!);
    await cloud.settle();
    expect(cloud.world.instances.size).toBe(0);
    expect(cloud.world.stockLeft("ecs.g7.large", "cn-hangzhou-h")).toBe(5);
  });
});

test("the attributes of an instance are those its own answer has, not all that DescribeInstances shows", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch }) => {
    const [id] = await launch({ InternetMaxBandwidthOut: 5, InstanceName: "one" });
    await cloud.settle();
    const seen = await ask("DescribeInstanceAttribute", { InstanceId: id });
    expect(seen).toMatchObject({
      InstanceId: id,
      InstanceName: "one",
      Status: "Running",
      IoOptimized: "optimized",
      InternetMaxBandwidthOut: 5,
      VpcAttributes: { VSwitchId: LAUNCH.VSwitchId },
    });
    expect(read(seen, "PublicIpAddress.IpAddress")).toHaveLength(1);
  });
});
