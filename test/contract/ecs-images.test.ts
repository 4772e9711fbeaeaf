import { test } from "vitest";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";
import type { Caller } from "./ecs-caller.ts";
import { diskFile } from "../support/disk-file.ts";
import { known } from "../support/known.ts";

/** A stopped machine to make images of. */
async function builder({ cloud, ask, launch }: Caller): Promise<string> {
  const [id] = await launch();
  await cloud.settle();
  await ask("StopInstance", { InstanceId: id });
  await cloud.settle();
  return id!;
}

async function bake(caller: Caller, params: Record<string, unknown>): Promise<string> {
  const imageId = read<string>(await caller.ask("CreateImage", params), "ImageId");
  await caller.cloud.settle();
  return imageId;
}

test("an image is Creating with rising progress, hidden from the default listing, then Available", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const InstanceId = await builder(caller);
    const imageId = read(
      await ask("CreateImage", { InstanceId, ImageName: "web-1", ImageFamily: "web" }),
      "ImageId",
    );
    const see = async (Status?: string): Promise<unknown> =>
      read(await ask("DescribeImages", { ImageId: imageId, Status }), "Images.Image.0");
    expect(await see()).toBeUndefined();
    expect(await see("ALL")).toMatchObject({ Status: "Creating", Progress: "0%" });
    await cloud.settle({ forMs: 120_000 });
    expect(await see("Creating,Available")).toMatchObject({ Status: "Creating", Progress: "50%" });
    const snapshots = await ask("DescribeSnapshots", { MaxResults: 10 });
    expect(read(snapshots, "Snapshots.Snapshot")).toMatchObject([
      { Status: "progressing", Progress: "80%", Usage: "image" },
    ]);
    expect(read(await ask("DescribeImageFromFamily", { ImageFamily: "web" }), "Image")).toBeUndefined();
    await cloud.settle();
    expect(await see()).toMatchObject({ Status: "Available", Progress: "100%", ImageOwnerAlias: "self" });
    expect(read(await ask("DescribeImageFromFamily", { ImageFamily: "web" }), "Image.ImageId")).toBe(imageId);
  });
});

test("one source wins without a word: the instance, then the mapping, then the snapshot", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const InstanceId = await builder(caller);
    const first = await bake(caller, { InstanceId, SnapshotId: "s-none", ImageName: "a1" });
    const SnapshotId = [...cloud.world.snapshots.keys()][0];
    const second = await bake(caller, {
      SnapshotId: "s-none",
      DiskDeviceMapping: [{ SnapshotId }, { Size: 50 }],
      ImageName: "b2",
    });
    const third = await bake(caller, { SnapshotId, ImageName: "c3" });
    expect(cloud.world.snapshots.size).toBe(1);
    const disks = [first, second, third].map((id) =>
      cloud.world.image("cn-hangzhou", id)?.disks.map((disk) => [disk.device, disk.sizeGb]),
    );
    expect(disks).toEqual([
      [["/dev/xvda", 40]],
      [
        ["/dev/xvda", 40],
        ["/dev/xvdb", 50],
      ],
      [["/dev/xvda", 40]],
    ]);
    const DataDisk = [{ Device: "/dev/xvdb", Category: "cloud_essd", Size: 60 }];
    const launched = await ask("RunInstances", { ...LAUNCH, ImageFamily: "", ImageId: second, DataDisk });
    const id = read<string>(launched, "InstanceIdSets.InstanceIdSet.0");
    const made = cloud.world.mustHave(id).diskIds.map((disk) => cloud.world.disks.get(disk));
    expect(made.map((disk) => [disk?.device, disk?.category, disk?.sizeGb])).toEqual([
      ["/dev/xvda", "cloud_essd", 40],
      ["/dev/xvdb", "cloud_essd", 60],
    ]);
  });
});

test("a source that is started while its snapshot is made spoils the image", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const InstanceId = await builder(caller);
    const imageId = read<string>(await ask("CreateImage", { InstanceId }), "ImageId");
    await cloud.settle({ forMs: 60_000 });
    await ask("StartInstance", { InstanceId });
    await cloud.settle();
    expect(cloud.world.image("cn-hangzhou", imageId)?.status).toBe("CreateFailed");
    await ask("StopInstance", { InstanceId });
    await cloud.settle();
    cloud.world.failNextImage("out of luck");
    expect(cloud.world.image("cn-hangzhou", await bake(caller, { InstanceId }))?.status).toBe("CreateFailed");
    expect(cloud.world.image("cn-hangzhou", await bake(caller, { InstanceId }))?.status).toBe("Available");
  });
});

test("a family answers with the newest by creation, deprecating steps back, and only once", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { ask, launch, refusal } = caller;
    const InstanceId = await builder(caller);
    const old = await bake(caller, { InstanceId, ImageName: "old", ImageFamily: "web" });
    const young = await bake(caller, { InstanceId, ImageName: "young", ImageFamily: "web" });
    const pick = async (): Promise<unknown> =>
      read(await ask("DescribeImageFromFamily", { ImageFamily: "web" }), "Image.ImageId");
    const deprecate = { ImageId: young, Status: "Deprecated" };
    const share = { ImageId: young, AddAccount: ["2000000000000001"] };
    expect(await pick()).toBe(young);
    // Setting the family of an old image again promotes nothing: creation decides.
    await ask("ModifyImageAttribute", { ImageId: old, ImageFamily: "web" });
    expect(await pick()).toBe(young);
    await ask("ModifyImageSharePermission", share);
    expect(await refusal("ModifyImageAttribute", deprecate)).toBe("403 ImageUseShared");
    await ask("ModifyImageSharePermission", { ImageId: young, RemoveAccount: ["2000000000000001"] });
    await ask("ModifyImageAttribute", deprecate);
    expect(await refusal("ModifyImageAttribute", deprecate)).toBe("403 ImageStatus.NotAvailable");
    expect(await pick()).toBe(old);
    expect(await launch({ ImageFamily: "", ImageId: young })).toHaveLength(1);
    const unshared = await refusal("ModifyImageSharePermission", share);
    expect(unshared).toBe("403 OperationDenied.InvalidImageStatus");
    expect(await refusal("CopyImage", { ImageId: young, DestinationRegionId: "cn-shanghai" })).toBe(
      "400 IncorrectImageStatus",
    );
    const restore = { ImageId: young, Status: "Available" };
    await ask("ModifyImageAttribute", restore);
    expect(await refusal("ModifyImageAttribute", restore)).toBe("403 ImageStatus.NotDeprecated");
    expect(await pick()).toBe(young);
    expect(await refusal("DeleteImage", { ImageId: young })).toBe("403 ImageUsingByInstance");
    await ask("DeleteImage", { ImageId: young, Force: true });
    await ask("DeleteImage", { ImageId: old });
    expect(await pick()).toBeUndefined();
    expect(await refusal("RunInstances", { ...LAUNCH, ImageFamily: "web" })).toBe(
      "403 InvalidImageFamily.MissingAvailableImage",
    );
  });
});

test("a copy lives in the other region, has no family, and only five are made at once", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, refusal } = caller;
    const InstanceId = await builder(caller);
    const ImageId = await bake(caller, { InstanceId, ImageName: "web", ImageFamily: "web" });
    expect(await refusal("CopyImage", { ImageId, DestinationRegionId: "cn-nowhere" })).toBe(
      "400 DestinationRegion.NotFound",
    );
    const copies: string[] = [];
    for (let n = 0; n < 7; n++) {
      const answer = await ask("CopyImage", {
        ImageId,
        DestinationRegionId: "cn-shanghai",
        DestinationImageName: `copy-${n}`,
      });
      copies.push(read<string>(answer, "ImageId"));
    }
    const statuses = (): (string | undefined)[] =>
      copies.map((id) => cloud.world.image("cn-shanghai", id)?.status);
    expect(statuses().filter((status) => status === "Waiting")).toHaveLength(2);
    expect(await refusal("DeleteImage", { ImageId })).toBe("403 OperationDenied.ImageCopying");
    await ask("CancelCopyImage", { RegionId: "cn-shanghai", ImageId: copies[0] });
    expect(statuses().filter((status) => status === "Waiting")).toHaveLength(1);
    await cloud.settle();
    expect(statuses()).toEqual([undefined, ...Array.from({ length: 6 }, () => "Available")]);
    expect(await refusal("CancelCopyImage", { RegionId: "cn-shanghai", ImageId: copies[1] })).toBe(
      "400 IncorrectImageStatus",
    );
    const seen = await ask("DescribeImages", { RegionId: "cn-shanghai", ImageId: copies[1] });
    expect(read(seen, "Images.Image.0")).toMatchObject({
      IsCopied: true,
      ImageFamily: "",
      ImageName: "copy-1",
    });
    expect(read(await ask("DescribeImages", { ImageId: copies[1] }), "TotalCount")).toBe(0);
  });
});

test("an import is a task, needs its object, and is cancelled through its task", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    const mapping = {
      ImageName: "disk",
      DiskDeviceMapping: [{ OSSBucket: "disks", OSSObject: "a.qcow2", DiskImageSize: 30 }],
    };
    expect(await refusal("ImportImage", mapping)).toBe("404 InvalidOSSObject.NotFound");
    cloud.oss.createBucket("disks");
    cloud.oss.put("disks", "a.qcow2", diskFile("qcow2"));
    const { ImageId, TaskId } = known<{ ImageId: string; TaskId: string }>(await ask("ImportImage", mapping));
    expect(await refusal("DeleteImage", { ImageId })).toBe("403 ImageIsImporting");
    await cloud.settle({ forMs: 300_000 });
    expect(await ask("DescribeTaskAttribute", { TaskId })).toMatchObject({
      TaskStatus: "Processing",
      TaskProcess: "50%",
    });
    await cloud.settle();
    expect(await ask("DescribeTaskAttribute", { TaskId })).toMatchObject({
      TaskStatus: "Finished",
      SuccessCount: 1,
    });
    expect(cloud.world.image("cn-hangzhou", ImageId)?.status).toBe("Available");
    const next = known<{
      ImageId: string;
      TaskId: string;
    }>(await ask("ImportImage", { ...mapping, ImageName: "again" }));
    await ask("CancelTask", { TaskId: next.TaskId });
    expect(cloud.world.image("cn-hangzhou", next.ImageId)).toBeUndefined();
    expect(read(await ask("DescribeTasks", { TaskStatus: "Failed" }), "TotalCount")).toBe(1);
    expect(await refusal("DescribeTaskAttribute", { TaskId: "t-none" })).toBe("400 InvalidTaskId.NotFound");
  });
});

test("an import fails in its task when the bytes are not those of its format", async ({ expect }) => {
  await inCloud(async ({ cloud, ask }) => {
    cloud.oss.createBucket("disks");
    const text = Buffer.from("0123  SHA256SUMS\n");
    const good = [diskFile("qcow2"), diskFile("vhd"), diskFile("raw")];
    const rows: (readonly [format: string, bytes: Buffer, isGood: boolean])[] = [];
    for (const [n, format] of ["QCOW2", "VHD", "RAW"].entries()) {
      for (const [m, bytes] of good.entries()) rows.push([format, bytes, n === m]);
      rows.push([format, text, false], [format, Buffer.alloc(0), false], [format, Buffer.alloc(4096), false]);
    }
    for (const [n, [Format, bytes, isGood]] of rows.entries()) {
      cloud.oss.put("disks", `d${n}`, bytes);
      const mapping = { DiskDeviceMapping: [{ Format, OSSBucket: "disks", OSSObject: `d${n}` }] };
      const { ImageId, TaskId } = known<Record<"ImageId" | "TaskId", string>>(
        await ask("ImportImage", mapping),
      );
      await cloud.settle();
      const task = read(await ask("DescribeTaskAttribute", { TaskId }), "TaskStatus");
      const image = cloud.world.image(cloud.region, ImageId);
      expect([task, image?.status], `${Format} ${n}`).toEqual(
        isGood ? ["Finished", "Available"] : ["Failed", "CreateFailed"],
      );
      if (isGood && Format !== "RAW") expect(image?.disks[0]?.sizeGb).toBe(20);
    }
  });
});

test("an import is for Linux unless it says otherwise, and of a platform of its own list", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    cloud.oss.createBucket("disks");
    cloud.oss.put("disks", "a.vhd", diskFile("vhd"));
    const mapping = { DiskDeviceMapping: [{ OSSBucket: "disks", OSSObject: "a.vhd" }] };
    const code = (params: object) => refusal("ImportImage", { ...mapping, ...params });
    for (const Platform of ["Amiga", "Aliyun Linux", "Windows 7"])
      expect(await code({ Platform }), Platform).toBe("400 InvalidPlatform.Malformed");
    const windows = { Platform: "Windows Server 2022", LicenseType: "BYOL" };
    expect(await code(windows)).toBe("400 InvalidOSType.Malformed");
    expect(await code({ ...windows, OSType: "windows", LicenseType: undefined })).toBe(
      "400 MissingLicenseType",
    );
    expect(await code({ OSType: "windows", Platform: "Ubuntu", LicenseType: "BYOL" })).toBe(
      "400 InvalidOSType.Malformed",
    );
    expect(await code({ DetectionStrategy: "Deep" })).toBe("400 InvalidParameter");
    expect(await code({ ResourceGroupId: "rg-none" })).toBe("404 InvalidResourceGroup.NotFound");
    const answer = await ask("ImportImage", { ...mapping, ...windows, OSType: "windows" });
    await cloud.settle();
    const image = cloud.world.image(cloud.region, read(answer, "ImageId"));
    expect(image).toMatchObject({ osType: "windows", platform: "Windows Server 2022", status: "Available" });
  });
});

test("a snapshot in an image cannot go before the image, an unknown one is ignored", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, refusal } = caller;
    const InstanceId = await builder(caller);
    const ImageId = await bake(caller, { InstanceId });
    const [SnapshotId] = cloud.world.snapshots.keys();
    expect(await refusal("DeleteSnapshot", { SnapshotId })).toBe("403 SnapshotCreatedImage");
    await ask("DeleteImage", { ImageId });
    await ask("DeleteSnapshot", { SnapshotId });
    await ask("DeleteSnapshot", { SnapshotId });
    expect(cloud.world.snapshots.size).toBe(0);
  });
});

test("sharing drops accounts after the tenth without a word", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { ask } = caller;
    const ImageId = await bake(caller, { InstanceId: await builder(caller) });
    const AddAccount = Array.from({ length: 12 }, (_, index) => String(2_000_000_000_000_000 + index));
    await ask("ModifyImageSharePermission", { ImageId, AddAccount });
    expect(read(await ask("DescribeImageSharePermission", { ImageId }), "TotalCount")).toBe(10);
  });
});

test("a replaced system disk carries the new image", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, refusal } = caller;
    const InstanceId = await builder(caller);
    const ImageId = await bake(caller, { InstanceId });
    expect(await refusal("ReplaceSystemDisk", { InstanceId, ImageId: "m-none" })).toBe(
      "404 InvalidImageId.NotFound",
    );
    expect(await refusal("ReplaceSystemDisk", { InstanceId, ImageId, SystemDisk: { Size: 20 } })).toBe(
      "400 InvalidSystemDiskSize.ValueNotSupported",
    );
    const diskId = read(await ask("ReplaceSystemDisk", { InstanceId, ImageId }), "DiskId");
    expect(read(await ask("DescribeDisks", { InstanceId }), "Disks.Disk")).toMatchObject([
      { DiskId: diskId, Status: "In_use", ImageId },
    ]);
    expect(cloud.world.mustHave(InstanceId).imageId).toBe(ImageId);
  });
});

test("an image is Available before it is usable, and launches only then", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    cloud.world.delays({ usableMs: 600_000 });
    const [id] = await launch();
    await cloud.settle({ forMs: 60_000 });
    const ImageId = read<string>(await ask("CreateImage", { InstanceId: id }), "ImageId");
    const shown = async (Usable?: boolean): Promise<unknown> => {
      const seen = await ask("DescribeImages", { ImageId, Status: "Available", Usable });
      return read(seen, "Images.Image.0.Usable");
    };
    const run = { ...LAUNCH, ImageFamily: undefined, ImageId };
    await cloud.settle({
      until: () => cloud.world.image(cloud.region, ImageId)?.status === "Available",
      forMs: 3_600_000,
    });
    expect([await shown(), await shown(true), await shown(false)]).toEqual([false, undefined, false]);
    expect(await refusal("RunInstances", run)).toBe("403 OperationDenied");
    await cloud.settle({ forMs: 600_000 });
    expect([await shown(), await shown(true), await shown(false)]).toEqual([true, true, undefined]);
    await ask("RunInstances", run);
  });
});
