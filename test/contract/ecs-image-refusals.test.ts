/** Every row of the error table of CreateImage occurs by itself, from a state of the account or from the call alone. */
import { test } from "vitest";
import type { Cloud } from "../cloud/index.ts";
import { inCloud, LAUNCH, read, type Caller } from "./ecs-caller.ts";
import { known } from "../support/known.ts";

type Params = Readonly<Record<string, unknown>>;
/** Status with code, and the cloud's words; none where the table has a placeholder. */
type Answer = readonly [refusal: string, message?: string];

/** Ids stand for themselves until there is a world: `i` an instance, `s` and `d` snapshots of its disks. */
const I = { InstanceId: "{i}" };
const S = { SnapshotId: "{s}" };
const mapped = (...DiskDeviceMapping: object[]): Params => ({ DiskDeviceMapping });

const CALLS: readonly (readonly [params: Params, ...answer: Answer])[] = [
  [{ SnapshotId: "s-none" }, "404 InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist."],
  [
    { ...I, ImageName: "1x" },
    "400 InvalidImageName.Malformed",
    "The specified Image name is wrongly formed.",
  ],
  [
    { ...I, Description: "x" },
    "400 InvalidDescription.Malformed",
    "The specified description is wrongly formed.",
  ],
  [
    { ...I, ImageVersion: "9".repeat(41) },
    "400 InvalidImageVersion.Malformed",
    "The specified ImageVersion is wrongly formed.",
  ],
  [
    { ...I, Architecture: "mips" },
    "400 InvalidArchitecture.Malformed",
    "The specified Architecture is wrongly formed.",
  ],
  [{ ...I, Platform: "Amiga" }, "400 InvalidPlatform.Malformed", "The specified Platform is wrongly formed."],
  [{ InstanceId: "i-none" }, "404 InvalidInstanceId.NotFound", "The specified InstanceId does not exist."],
  [
    {},
    "400 MissingParameter",
    "The input parameter SnapshotId or InstanceId or DiskDeviceMapping that is mandatory for processing this request is not supplied.",
  ],
  [{ SnapshotId: "{d}" }, "403 OperationDenied", "The specified snapshot is not from system disk."],
  [
    mapped({ ...S, Device: "/dev/xvdb" }),
    "400 InvalidDevice.Malformed",
    "The specified parameter DiskDeviceMapping.n.Device is not valid.",
  ],
  [
    mapped(S, { Device: "/dev/xvdb" }, { Device: "/dev/xvdb" }),
    "400 InvalidDevice.InUse",
    "The specified parameter DiskDeviceMapping.n.Device has been occupied.",
  ],
  [
    mapped({ ...S, Size: 20 }),
    "400 InvalidSize.ValueNotSupported",
    "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range.",
  ],
  [
    mapped({ Size: 20 }),
    "400 OperationDenied",
    "The specified parameter DiskDeviceMapping.n.SnapshotId does not contain system disk snapshot.",
  ],
  [
    mapped(S, S),
    "400 OperationDenied",
    "The specified parameter DiskDeviceMapping.n.SnapshotId contains two or more system disk snapshots.",
  ],
  [mapped({ SnapshotId: "", Device: "" }), "400 InvalidParameter.AllEmpty"],
  [
    { ...I, ResourceGroupId: "rg-none" },
    "404 InvalidResourceGroup.NotFound",
    "The ResourceGroup provided does not exist in our records.",
  ],
  // These are not of the table.
  [{ ...I, DetectionStrategy: "Deep" }, "400 InvalidParameter"],
  [{ ...I, ImageFamily: "acs:mine" }, "400 InvalidImageFamily.Malformed"],
  [{ ...I, DryRun: true }, "400 DryRunOperation"],
];

interface State {
  readonly disk?: Parameters<Cloud["world"]["changeDisk"]>[1];
  readonly snapshot?: Parameters<Cloud["world"]["changeSnapshot"]>[1];
  readonly account?: Parameters<Cloud["world"]["account"]>[0];
  readonly quotas?: Parameters<Cloud["world"]["quotas"]>[0];
}

const STATES: readonly (readonly [state: State, params: Params, ...answer: Answer])[] = [
  [
    { snapshot: { createdAt: Date.UTC(2013, 6, 14) } },
    S,
    "403 InvalidSnapshot.TooOld",
    "This operation is denied because the specified snapshot by DiskDeviceMapping.n.SnapshotId or SnapshotId is created before 2013-07-15.",
  ],
  [
    { snapshot: { isFromMarketplace: true } },
    S,
    "403 OperationDenied",
    "The specified snapshot is not allowed to create image.",
  ],
  [{ snapshot: { category: "flash" } }, S, "403 OperationDenied.InvalidSnapshotCategory"],
  [
    { disk: { category: "ephemeral_ssd" } },
    I,
    "400 InvalidDiskCategory.CreateImage",
    "The specified diskCategory is not allowed to create image.",
  ],
  [
    { disk: { condition: "invalid" } },
    I,
    "403 IncorrectDiskStatus.Invalid",
    "Device status is invalid, please restart instance and try again.",
  ],
  [
    { disk: { condition: "transferring" } },
    I,
    "403 IncorrectDiskStatus.Transferring",
    "The specified device is transferring, you can retry after the process is finished.",
  ],
  [
    { disk: { condition: "unusable" } },
    I,
    "403 IncorrectDiskStatus",
    "The current disk status does not support this operation.",
  ],
  [{ disk: { condition: "orphaned" } }, I, "403 InvalidSystemSnapshot.Missing"],
  [
    { disk: { condition: "failing" } },
    I,
    "500 InternalError",
    "The process of creating snapshot has failed due to some unknown error.",
  ],
  [
    { account: { balance: -1 } },
    I,
    "403 InvalidAccountStatus.NotEnoughBalance",
    "Your account does not have enough balance.",
  ],
  [
    { account: { snapshotService: false } },
    I,
    "403 InvalidAccountStatus.SnapshotServiceUnavailable",
    "Snapshot service has not been opened yet.",
  ],
  [
    { account: { dataSnapshotImages: false } },
    mapped({ SnapshotId: "{d}", DiskType: "system" }),
    "403 UserNotInTheWhiteList",
    "The user is not in the white list of create image by data disk snapshot.",
  ],
  [{ quotas: { images: 0 } }, I, "403 QuotaExceed.Image", "The Image Quota exceeds."],
  [{ quotas: { snapshotsPerDisk: 1 } }, I, "403 QuotaExceed.Snapshot", "The snapshot quota exceeds."],
];

/** As things are when nothing is wrong. */
const SOUND: Required<State> = {
  disk: { category: "cloud_essd", condition: undefined },
  snapshot: { category: "standard", createdAt: Date.UTC(2026, 0, 1), isFromMarketplace: false },
  account: { balance: 10_000, snapshotService: true, dataSnapshotImages: true, encryptedImages: true },
  quotas: { images: 1000, snapshotsPerDisk: 256 },
};

interface Material extends Record<"i" | "s" | "d", string> {
  readonly systemDisk: string;
}

/** A stopped instance with a data disk, and a snapshot of each of its disks. */
async function material({ cloud, ask, launch }: Caller): Promise<Material> {
  const [i = ""] = await launch({ DataDisk: [{ Size: 20, Category: "cloud_essd" }] });
  await cloud.settle();
  await ask("StopInstance", { InstanceId: i });
  await cloud.settle();
  const [systemDisk = "", dataDisk = ""] = cloud.world.mustHave(i).diskIds;
  const snapshot = async (DiskId: string) =>
    read<string>(await ask("CreateSnapshot", { DiskId }), "SnapshotId");
  const [s, d] = [await snapshot(systemDisk), await snapshot(dataDisk)];
  await cloud.settle();
  return { i, s, d, systemDisk };
}

function bring({ cloud: { world } }: Caller, { systemDisk, s }: Material, state: State): void {
  world.changeDisk(systemDisk, { ...SOUND.disk, ...state.disk });
  world.changeSnapshot(s, { ...SOUND.snapshot, ...state.snapshot });
  world.account({ ...SOUND.account, ...state.account });
  world.quotas({ ...SOUND.quotas, ...state.quotas });
}

const withIds = (params: Params, ids: Material): Params =>
  known<Params>(
    JSON.parse(JSON.stringify(params).replace(/\{([isd])\}/g, (_, id: "i" | "s" | "d") => ids[id])),
  );

/** The answer of CreateImage: one client has the status, the other the words, which count only where `expected` has some. */
async function answerOf(caller: Caller, params: Params, expected: Answer): Promise<Answer> {
  const said = await caller.ask("CreateImage", params).then(
    () => "it was not refused",
    (error: unknown) => known<{ data: { Message: string } }>(error).data.Message,
  );
  const refusal = await caller.refusal("CreateImage", params);
  return expected[1] === undefined ? [refusal] : [refusal, said];
}

test("each row of the error table occurs, with its status, code and words, and leaves no image", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const ids = await material(caller);
    for (const [params, ...answer] of CALLS)
      expect(await answerOf(caller, withIds(params, ids), answer)).toEqual(answer);
    for (const [state, params, ...answer] of STATES) {
      bring(caller, ids, state);
      expect(await answerOf(caller, withIds(params, ids), answer)).toEqual(answer);
    }
    const images = [...caller.cloud.world.images.values()];
    expect(images.filter(({ ownerAlias }) => ownerAlias === "self")).toEqual([]);
    bring(caller, ids, SOUND);
    await caller.ask("CreateImage", {
      InstanceId: ids.i,
      ResourceGroupId: "",
      DetectionStrategy: "Standard",
    });
  });
});

test("the rows of what is still being made", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch } = caller;
    const { i: InstanceId } = await material(caller);
    await ask("CreateImage", { InstanceId, ImageName: "taken", ClientToken: "t" });
    const creating = [...cloud.world.snapshots.values()].find(({ status }) => status === "progressing");
    const [young] = await launch();
    const rows: (readonly [Params, ...Answer])[] = [
      [
        { InstanceId, ImageName: "taken" },
        "400 InvalidImageName.Duplicated",
        "The specified Image name has already bean used.",
      ],
      [
        { InstanceId, ClientToken: "t", ImageName: "other" },
        "403 InvalidParamter.Conflict",
        "The specified same token is trying to make requests with different parameters.",
      ],
      [
        { InstanceId },
        "403 IncorrectDiskStatus.CreatingSnapshot",
        "A previous snapshot creation is in process.",
      ],
      [
        { SnapshotId: creating?.snapshotId },
        "403 InvalidSnapshotId.NotReady",
        "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation.",
      ],
      [
        { InstanceId: young },
        "400 IncorrectInstanceStatus",
        "The current status of the instance does not support this operation.",
      ],
    ];
    for (const [params, ...answer] of rows) expect(await answerOf(caller, params, answer)).toEqual(answer);
  });
});

test("a locked instance and an encrypted disk make no image, and a restart cures a device", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch } = caller;
    const { i: InstanceId, systemDisk } = await material(caller);
    cloud.world.changeDisk(systemDisk, { condition: "invalid" });
    await ask("StartInstance", { InstanceId });
    await cloud.settle();
    await ask("CreateImage", { InstanceId });
    cloud.world.account({ encryptedImages: false });
    const [encrypted] = await launch({ "SystemDisk.Encrypted": true });
    await cloud.settle();
    const disk: Answer = [
      "400 OperationDenied",
      "Not support creating system image from an encrypted snapshot/disk.",
    ];
    expect(await answerOf(caller, { InstanceId: encrypted }, disk)).toEqual(disk);
    cloud.world.lock(InstanceId, "security");
    const locked: Answer = [
      "400 InstanceLockedForSecurity",
      "The specified operation is denied as your instance is locked for security reasons.",
    ];
    expect(await answerOf(caller, { InstanceId }, locked)).toEqual(locked);
  });
});

test("instances, images, copies and imports are in the resource group they were made in", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch, refusal } = caller;
    cloud.world.addResourceGroup("rg-web");
    const ResourceGroupId = "rg-web";
    expect(await refusal("RunInstances", { ...LAUNCH, ResourceGroupId: "rg-none" })).toBe(
      "404 InvalidResourceGroup.NotFound",
    );
    const [InstanceId] = await launch({ ResourceGroupId });
    await cloud.settle();
    const ImageId = read(await ask("CreateImage", { InstanceId, ResourceGroupId }), "ImageId");
    await cloud.settle();
    const shown = await ask("DescribeImages", { ImageId });
    expect(read(shown, "Images.Image.0.ResourceGroupId")).toBe("rg-web");
    const [instance] = read<object[]>(await ask("DescribeInstances"), "Instances.Instance");
    expect(instance).toMatchObject({ ResourceGroupId: "rg-web" });
    const copy = { ImageId, DestinationRegionId: "cn-shanghai" };
    expect(await refusal("CopyImage", { ...copy, ResourceGroupId: "rg-none" })).toBe(
      "404 InvalidResourceGroup.NotFound",
    );
  });
});
