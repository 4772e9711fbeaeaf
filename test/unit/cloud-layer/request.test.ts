import { test } from "vitest";
import { toWire } from "../../../shared/cloud/request.ts";
import { ConfigError } from "../../../shared/errors.ts";

const run = (): Promise<unknown> => import("@alicloud/ecs20140526/dist/models/RunInstancesRequest.js");
const stop = (): Promise<unknown> => import("@alicloud/ecs20140526/dist/models/StopInstanceRequest.js");

test("nested parameters pass through the official model unchanged", async ({ expect }) => {
  const params = {
    RegionId: "cn-hangzhou",
    Amount: 3,
    SystemDisk: { Category: "cloud_essd" },
    NetworkInterface: [{ SecurityGroupIds: ["sg-1", "sg-2"] }],
    Tag: [{ Key: "a", Value: "" }],
  };
  expect(await toWire(run, "RunInstances", params)).toEqual(params);
});

test("a misspelt parameter is named instead of ignored, however deep it is", async ({ expect }) => {
  await expect(toWire(run, "RunInstances", { Ammount: 1 })).rejects.toThrow(/RunInstances.*Ammount/);
  await expect(toWire(run, "RunInstances", { Tag: [{ Key: "a" }, { TagKey: "b" }] })).rejects.toThrow(
    /RunInstances\.Tag\.2.*TagKey/,
  );
});

test("a parameter of the wrong type is named with the right one", async ({ expect }) => {
  await expect(toWire(run, "RunInstances", { Amount: "three" })).rejects.toThrow(/Amount must be number/);
  await expect(toWire(run, "RunInstances", { Tag: { Key: "a" } })).rejects.toThrow(/Tag must be a list/);
  await expect(toWire(run, "RunInstances", { SystemDisk: "40" })).rejects.toThrow(ConfigError);
});

test("a disk size may be a number although the action wants text", async ({ expect }) => {
  const { SystemDisk } = await toWire(run, "RunInstances", { SystemDisk: { Size: 40 } });
  expect(SystemDisk).toEqual({ Size: "40" });
});

test("the region is left out where the action takes none, and undefined is left out everywhere", async ({
  expect,
}) => {
  const params = { RegionId: "cn-hangzhou", InstanceId: "i-1", ForceStop: undefined };
  expect(await toWire(stop, "StopInstance", params)).toEqual({ InstanceId: "i-1" });
});
