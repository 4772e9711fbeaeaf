/** One bake per source. Each releases what it used. */
import { days, hours, minutes } from "../../shared/duration.ts";
import type { Image } from "../cloud/index.ts";
import { aliOss } from "../contract/clients.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { launchTagged, leftovers, ownImages, served } from "../support/world.ts";
import { diskFile } from "../support/disk-file.ts";

/** Without a builder, the test names its own instance type, vSwitch and security group. */
const gate = {
  commands: ["true"],
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  // Instances that an operator set up are not generalized; promotion.test.ts covers these checks.
  hygiene: { waive: ["machine-id", "ssh-host-keys", "cloud-init"] },
};

/** A running instance that an operator set up. */
async function golden(kiln: Deployment): Promise<string> {
  const id = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  return id;
}

async function snapshotOf(kiln: Deployment, instanceId: string): Promise<string> {
  const { Disks } = await kiln.ecs<{ Disks: { Disk: { DiskId: string }[] } }>("DescribeDisks", {
    InstanceId: instanceId,
  });
  const { SnapshotId } = await kiln.ecs<{ SnapshotId: string }>("CreateSnapshot", {
    DiskId: Disks.Disk[0]?.DiskId,
  });
  await kiln.cloud.settle({ forMs: minutes(10) });
  return SnapshotId;
}

test("an instance is stopped for its image, started again, and never released", async ({ kiln, expect }) => {
  const id = await golden(kiln);
  const [bake, promote] = await bakeAndPromote(
    kiln,
    recipeText({ source: { instance: { id } }, provision: [], test: gate }),
  );
  expect([bake?.state, promote?.state]).toEqual(["done", "done"]);
  expect(bake?.steps.map(({ phase }) => phase)).toContain("stop");
  expect(kiln.cloud.world.instances.get(id)?.status).toBe("Running");
  expect(ownImages(kiln)).toHaveLength(1);
});

test("an instance is not stopped while a snapshot of it is in progress", async ({ kiln, expect }) => {
  const id = await golden(kiln);
  const { Disks } = await kiln.ecs<{ Disks: { Disk: { DiskId: string }[] } }>("DescribeDisks", {
    InstanceId: id,
  });
  const source = { instance: { id } };
  const of = { DiskId: Disks.Disk[0]?.DiskId };
  const { SnapshotId } = await kiln.ecs<{ SnapshotId: string }>("CreateSnapshot", of);
  expect(kiln.cloud.world.snapshots.get(SnapshotId)?.status).toBe("progressing");
  const [bake] = await bakeAndPromote(kiln, recipeText({ source, provision: [], test: gate }));
  expect(kiln.cloud.world.snapshots.get(SnapshotId)?.status).toBe("accomplished");
  expect(bake?.state).toBe("done");
  expect(bake?.steps.find(({ phase, note }) => phase === "stop" && note)?.note).toMatch(
    new RegExp(`snapshot ${SnapshotId} of ${id} is in progress`),
  );
});

test.for<[string, Record<string, string>, RegExp]>([
  [
    "another deployment",
    { "kiln:deployment": "kiln-other", "kiln:role": "member" },
    /^source\.instance\.id: (i-\w+) belongs to the deployment of bucket kiln-other, so Kiln leaves it as it is/,
  ],
  [
    "an unknown run of a version without deployments",
    { "kiln:run": "scale-web-20260105-0123456789ab", "kiln:role": "member" },
    /^source\.instance\.id: (i-\w+) belongs to another deployment \(run scale-web-20260105-0123456789ab\)/,
  ],
])("an instance of %s is not stopped, imaged or started", async ([, tags, reason], { kiln, expect }) => {
  const id = await launchTagged(kiln, tags);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const before = structuredClone(kiln.cloud.world.instances.get(id));
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ source: { instance: { id } }, provision: [], test: gate }),
  );
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records()).toMatchObject([{ state: "failed", reason: expect.stringMatching(reason) }]);
  expect(kiln.cloud.world.instances.get(id)).toEqual(before);
  expect(ownImages(kiln)).toEqual([]);
});

test("an instance is started again when its image failed", async ({ kiln, expect }) => {
  const id = await golden(kiln);
  kiln.cloud.world.failNextImage("disk error");
  const [bake] = await bakeAndPromote(
    kiln,
    recipeText({ source: { instance: { id } }, provision: [], test: gate }),
  );
  expect(bake?.state).toBe("failed");
  expect(kiln.cloud.world.instances.get(id)?.status).toBe("Running");
  expect(ownImages(kiln)).toEqual([]);
});

test("a stopped instance stays stopped, and stop: false does not stop one", async ({ kiln, expect }) => {
  const id = await golden(kiln);
  const [warm] = await bakeAndPromote(
    kiln,
    recipeText({ source: { instance: { id, stop: false } }, provision: [], test: gate }),
  );
  expect(warm?.steps.map(({ phase }) => phase)).not.toContain("stop");
  kiln.cloud.world.stop(id);
  await kiln.cloud.settle({ forMs: minutes(2) });
  const [cold] = await bakeAndPromote(
    kiln,
    recipeText({ source: { instance: { id } }, provision: [], test: gate }),
  );
  expect(cold?.state).toBe("done");
  expect(kiln.cloud.world.instances.get(id)?.status).toBe("Stopped");
});

test("disks without a type have that of their snapshots", async ({ kiln, expect }) => {
  const snapshotId = await snapshotOf(kiln, await golden(kiln));
  const source = { disks: [{ sizeGb: 20 }, { snapshotId }] };
  const [bake] = await bakeAndPromote(kiln, recipeText({ source, provision: [], test: gate }));
  expect(bake?.reason).toBeUndefined();
  expect(ownImages(kiln)[0]?.disks.map(({ device, type }) => `${device} ${type}`)).toEqual([
    "/dev/xvda system",
    "/dev/xvdb data",
  ]);
});

test("the snapshot of a system disk becomes an image", async ({ kiln, expect }) => {
  const snapshotId = await snapshotOf(kiln, await golden(kiln));
  const [bake, promote] = await bakeAndPromote(
    kiln,
    recipeText({ source: { snapshot: { id: snapshotId } }, provision: [], test: gate }),
  );
  expect([bake?.state, promote?.state]).toEqual(["done", "done"]);
  expect(ownImages(kiln)[0]?.disks.map(({ device }) => device)).toEqual(["/dev/xvda"]);
});

test("snapshots and an empty disk become one image, in the order of their devices", async ({
  kiln,
  expect,
}) => {
  const snapshotId = await snapshotOf(kiln, await golden(kiln));
  const disks = [{ snapshotId, type: "system", sizeGb: 60 }, { sizeGb: 20 }];
  const [bake] = await bakeAndPromote(kiln, recipeText({ source: { disks }, provision: [], test: gate }));
  expect(bake?.state).toBe("done");
  expect(ownImages(kiln)[0]?.disks.map(({ device, sizeGb }) => [device, sizeGb])).toEqual([
    ["/dev/xvda", 60],
    ["/dev/xvdb", 20],
  ]);
});

test("the snapshots that a recipe names stay the user's: a failed bake, the image's end and a cleanup leave them as they are", async ({
  kiln,
  expect,
}) => {
  const id = await snapshotOf(kiln, await golden(kiln));
  const untouched = () => {
    const { snapshots, tags } = kiln.cloud.world;
    return snapshots.has(id) && tags.count("snapshot", id) === 0;
  };
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
  const common = { provision: [], test: { skip: true }, rebake: { nightly: false }, retention };
  const disks = { disks: [{ sizeGb: 20 }, { snapshotId: id, type: "system", sizeGb: 60 }] };
  for (const source of [{ snapshot: { id } }, disks]) {
    kiln.cloud.world.failNextImage("disk error");
    const [failed] = await bakeAndPromote(kiln, recipeText({ ...common, source, description: "fails" }));
    expect(failed?.state).toBe("failed");
    expect(ownImages(kiln)).toEqual([]);
    expect(untouched()).toBe(true);
    for (const description of ["first", "second", "third"]) {
      const runs = await bakeAndPromote(kiln, recipeText({ ...common, source, description }));
      expect(runs.map(({ state }) => state)).toEqual(["done", "done"]);
    }
    kiln.cloud.world.ageImages(days(10));
    await request(kiln, "/recipes/web/retire");
    await kiln.cloud.settle({ forMs: hours(2) });
    expect((await request(kiln, "/recipes/web/retire")).result).toMatchObject({ deleted: 1 });
    expect(untouched()).toBe(true);
    for (const { imageId } of ownImages(kiln)) kiln.cloud.world.removeImage(imageId);
  }
});

test("a disk smaller than its snapshot is refused before the first change, with both sizes", async ({
  kiln,
  expect,
}) => {
  const snapshotId = await snapshotOf(kiln, await golden(kiln));
  const disks = [{ snapshotId, type: "system", sizeGb: 20 }];
  const [bake] = await bakeAndPromote(kiln, recipeText({ source: { disks }, provision: [], test: gate }));
  expect(bake?.reason).toBe(
    `source.disks (/dev/xvda).sizeGb: must be at least 40 GiB, the size of ${snapshotId} (it is 20)`,
  );
  expect(kiln.cloud.callLog.count({ action: "CreateImage" })).toBe(0);
});

test("an uploaded disk file is imported, with format and architecture from its name", async ({
  kiln,
  expect,
}) => {
  const armGate = { ...gate, instanceTypes: ["ecs.g8y.large"] };
  await kiln.upload(
    "recipes/appliance.yaml",
    recipeText({
      source: { upload: { keepObject: false } },
      provision: [],
      test: armGate,
      family: "appliance",
    }),
  );
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("disks/appliance/appliance-arm64.qcow2", diskFile("qcow2"));
  await kiln.cloud.settle({ forMs: hours(2) });
  const bake = kiln.records("bake-appliance").at(-1);
  const promote = kiln.records("promote-appliance").at(-1);
  expect([bake?.reason, promote?.reason]).toEqual([undefined, undefined]);
  expect(ownImages(kiln)[0]).toMatchObject({ architecture: "arm64", bootMode: "UEFI", family: "appliance" });
  expect(kiln.cloud.oss.list("kiln-1234567890123456", "disks/")).toEqual([]);
});

test("recipes and disk files that are copied or renamed into place bake like uploaded ones", async ({
  kiln,
  expect,
}) => {
  const client = aliOss(kiln.cloud, BUCKET);
  const recipe = recipeText({ source: { upload: {} }, provision: [], test: { skip: true }, family: "up" });
  await kiln.upload("staging/up.yaml", recipe);
  await kiln.upload("staging/new.qcow2", diskFile("qcow2"));
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records()).toEqual([]);
  await client.copy("recipes/up.yaml", "staging/up.yaml");
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records().map(({ by }) => by)).toEqual(["upload:recipes/up.yaml"]);
  await client.copy("disks/up/new.qcow2", "staging/new.qcow2");
  await kiln.cloud.settle({ forMs: hours(2) });
  // A rename is a copy and a deletion.
  await client.copy("recipes/down.yaml", "recipes/up.yaml");
  await client.delete("recipes/up.yaml");
  await kiln.cloud.settle({ forMs: minutes(5) });
  await client.copy("disks/down/disk.qcow2", "disks/up/new.qcow2");
  await client.delete("disks/up/new.qcow2");
  await kiln.cloud.settle({ forMs: hours(2) });
  const bakes = kiln.records("bake");
  expect(bakes.map(({ by, state, reason }) => [by, reason ?? state])).toEqual([
    ["upload:recipes/up.yaml", "done"],
    ["upload:disks/up/new.qcow2", "done"],
    ["upload:recipes/down.yaml", "done"],
    ["upload:disks/down/disk.qcow2", "done"],
  ]);
  expect(ownImages(kiln).map(({ family }) => family)).toEqual(["up", "up"]);
});

test("an uploaded recipe with source.upload waits for its disk file, and a request without one is refused", async ({
  kiln,
  expect,
}) => {
  const [put] = await bakeAndPromote(kiln, recipeText({ source: { upload: {} }, provision: [], test: gate }));
  expect(put?.result).toEqual({
    skipped: true,
    note: "recipe web is ready; upload a disk file to disks/web/ to bake it",
  });
  const answer = kiln.call("POST", "/recipes/web/bake", {});
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.record(String((await answer).body["run"]))?.reason).toBe(
    "recipe web is baked by uploading a disk file to disks/web/; this request has none",
  );
});

test("a failed import fails the bake with the reason of its task and leaves no image", async ({
  kiln,
  expect,
}) => {
  await kiln.upload(
    "recipes/appliance.yaml",
    recipeText({ source: { upload: {} }, provision: [], test: gate, family: "appliance" }),
  );
  await kiln.cloud.settle({ forMs: minutes(2) });
  const imported = (): Image | undefined => ownImages(kiln)[0];
  for (const vanishes of [false, true]) {
    kiln.cloud.world.failNextImage("not a disk");
    await kiln.upload("disks/appliance/appliance.vhd", diskFile("vhd"));
    await kiln.cloud.settle({ until: () => imported() !== undefined, forMs: hours(1) });
    const image = imported();
    // Whether a failed import leaves its image is documented nowhere; both must end the run soon.
    if (vanishes && image) kiln.cloud.world.removeImage(image.imageId);
    await kiln.cloud.settle({ forMs: minutes(10) });
    const bake = kiln.records("bake-appliance").at(-1);
    expect(bake?.state).toBe("failed");
    expect(bake?.reason).toMatch(
      /^Import of m-\w+ failed: ImportImageFailed: not a disk\. Fix the disk file and upload it again\.$/,
    );
  }
  expect(ownImages(kiln)).toEqual([]);
  expect(leftovers(kiln)).toEqual([]);
});

test("a file that is no disk, or another one than the recipe says, or for another source, is refused before an import", async ({
  kiln,
  expect,
}) => {
  const upload = recipeText({ source: { upload: {} }, provision: [], test: gate, family: "appliance" });
  await kiln.upload("recipes/appliance.yaml", upload);
  await kiln.upload("recipes/web.yaml", recipeText({ provision: ["exit 1"] }));
  await kiln.cloud.settle({ forMs: hours(1) });
  await kiln.upload("disks/appliance/appliance.vhd", "0123");
  await kiln.upload("disks/web/web.qcow2", diskFile("qcow2"));
  await kiln.cloud.settle({ forMs: minutes(5) });
  const last = (recipe: string) => kiln.records(`bake-${recipe}`).at(-1)?.reason;
  expect(kiln.records("bake-appliance").at(-1)?.result).toMatchObject({
    skipped: true,
    note: "disks/appliance/appliance.vhd is a text; upload a disk as RAW, VHD or QCOW2",
  });
  const strict = recipeText({
    source: { upload: { format: "RAW" } },
    provision: [],
    test: gate,
    family: "strict",
  });
  await kiln.upload("recipes/strict.yaml", strict);
  await kiln.cloud.settle({ forMs: minutes(5) });
  await kiln.upload("disks/strict/strict.raw", diskFile("vhd"));
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(last("strict")).toContain("disks/strict/strict.raw is VHD, and source.upload.format is RAW");
  expect(last("web")).toBe(
    "disks/web/web.qcow2: recipe web is made from source.builder, and only source.upload takes disk files; upload it to the folder of another recipe",
  );
  expect(kiln.cloud.callLog.count({ action: "ImportImage" })).toBe(0);
});

test("a disk that waits for its import is no older version of a recipe that is uploaded later", async ({
  kiln,
  expect,
}) => {
  const recipe = (description: string) =>
    recipeText({ description, source: { upload: {} }, provision: [], family: undefined, test: undefined });
  await kiln.upload("recipes/web.yaml", recipe("first"));
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("disks/web/one.qcow2", diskFile("qcow2"));
  const isImporting = () => kiln.records("bake").some(({ phase }) => phase === "await-image");
  await kiln.cloud.settle({ until: isImporting, forMs: minutes(30) });
  await kiln.upload("disks/web/two.qcow2", diskFile("qcow2", 2));
  await kiln.cloud.settle({ forMs: minutes(1) });
  await kiln.upload("recipes/web.yaml", recipe("second"));
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(ownImages(kiln)).toHaveLength(2);
});

test("a cloud image called .img is imported as the QCOW2 that it is", async ({ kiln, expect }) => {
  const upload = recipeText({ source: { upload: {} }, provision: [], test: { skip: true }, family: "cloud" });
  await kiln.upload("recipes/cloud.yaml", upload);
  await kiln.cloud.settle({ forMs: minutes(5) });
  await kiln.upload("disks/cloud/debian-13.img", diskFile("qcow2"));
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(served(kiln, "cn-hangzhou", "cloud")).toBe(ownImages(kiln)[0]?.imageId);
  expect(ownImages(kiln)).toHaveLength(1);
});

test("an uploaded Windows disk is imported as Windows, which the cloud takes no import for by itself", async ({
  kiln,
  expect,
}) => {
  const upload = { platform: "Windows Server 2022", licenseType: "BYOL" };
  const recipe = { source: { upload }, provision: [], family: undefined, test: undefined };
  await kiln.upload("recipes/desktop.yaml", recipeText(recipe));
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("disks/desktop/desktop.vhd", diskFile("vhd"));
  await kiln.cloud.settle({ forMs: hours(2) });
  const bake = kiln.records("bake-desktop").at(-1);
  expect([bake?.state, bake?.reason]).toEqual(["done", undefined]);
  expect(ownImages(kiln)).toMatchObject([{ osType: "windows", platform: "Windows Server 2022" }]);
});

test("a file that only begins like a disk fails the bake, and no image is left", async ({ kiln, expect }) => {
  const upload = { format: "QCOW2" };
  const recipe = { source: { upload }, provision: [], test: gate, family: "appliance" };
  await kiln.upload("recipes/appliance.yaml", recipeText(recipe));
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.upload("disks/appliance/half.qcow2", Buffer.from("QFI\u00fb", "latin1"));
  await kiln.cloud.settle({ forMs: hours(2) });
  const bake = kiln.records("bake-appliance").at(-1);
  expect(bake?.reason).toMatch(
    /^Import of m-\w+ failed: ImportImageFailed: disks\/appliance\/half\.qcow2 is not QCOW2/,
  );
  expect(ownImages(kiln)).toEqual([]);
});
