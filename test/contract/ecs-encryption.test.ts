/** Encryption goes from disks to snapshots, images and instances, and is never taken away. */
import { test } from "vitest";
import { inCloud, read, type Caller } from "./ecs-caller.ts";

const DISK = { Size: 40, Category: "cloud_essd" };
const AT_HOME = "cn-hangzhou";
const ABROAD = "cn-shanghai";

async function imageOf({ cloud, ask, launch }: Caller, more: Readonly<Record<string, unknown>> = {}) {
  const [InstanceId] = await launch(more);
  await cloud.settle();
  const ImageId = read<string>(await ask("CreateImage", { InstanceId }), "ImageId");
  await cloud.settle();
  return ImageId;
}

/** With a key of the account, without a key and with the service key. */
const mixed = (caller: Caller) =>
  imageOf(caller, {
    "SystemDisk.Encrypted": true,
    "SystemDisk.KMSKeyId": "key-1",
    DataDisk: [DISK, { ...DISK, Encrypted: true }],
  });

const keysOf = ({ cloud }: Caller, id: string, region = AT_HOME) =>
  cloud.world.image(region, id)?.disks.map(({ key }) => key);

test("an image is encrypted as its disks are, and an instance as its image", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch, refusal } = caller;
    const [plain, keyed] = [await imageOf(caller), await mixed(caller)];
    expect([keysOf(caller, plain), keysOf(caller, keyed)]).toEqual([[undefined], ["key-1", undefined, ""]]);
    const shown = await ask("DescribeImages", { ImageId: keyed });
    const disks = read<{ Encrypted: boolean }[]>(
      shown,
      "Images.Image.0.DiskDeviceMappings.DiskDeviceMapping",
    );
    expect(disks.map(({ Encrypted }) => Encrypted)).toEqual([true, false, true]);
    const DataDisk = ["/dev/xvdb", "/dev/xvdc"].map((Device) => ({ ...DISK, Device }));
    const [heir] = await launch({ ImageId: keyed, ImageFamily: undefined, DataDisk });
    const launched = [...cloud.world.disks.values()].filter(({ instanceId }) => instanceId === heir);
    expect(launched.map(({ key }) => key)).toEqual(["key-1", undefined, ""]);
    const AddAccount = ["1000000000000010"];
    expect(await refusal("ModifyImageSharePermission", { ImageId: keyed, AddAccount })).toBe(
      "403 InvalidOperation.ServiceKeyEncryptedImageUnsupported",
    );
    await ask("ModifyImageSharePermission", { ImageId: plain, AddAccount });
  });
});

test("a copy is encrypted as it is asked for, or with the service key when its image is", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const [plain, keyed] = [await imageOf(caller), await mixed(caller)];
    const copyOf = async (ImageId: string, more: Readonly<Record<string, unknown>> = {}) => {
      const copy = await caller.ask("CopyImage", { ImageId, DestinationRegionId: ABROAD, ...more });
      return keysOf(caller, read<string>(copy, "ImageId"), ABROAD);
    };
    expect(await copyOf(plain)).toEqual([undefined]);
    expect(await copyOf(keyed)).toEqual(["", undefined, ""]);
    expect(await copyOf(plain, { Encrypted: true })).toEqual([""]);
    const all = await copyOf(keyed, { Encrypted: true, KMSKeyId: "key-2" });
    expect(all).toEqual(["key-2", "key-2", "key-2"]);
  });
});
