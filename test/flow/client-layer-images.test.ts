import {
  cancelCopyImage,
  copyImage,
  createImage,
  deleteImage,
  describeImages,
  familyImage,
  importImage,
  modifyImage,
} from "../../shared/cloud/ecs/images.ts";
import { runInstances, stopInstance } from "../../shared/cloud/ecs/instances.ts";
import { imageShares, shareImage } from "../../shared/cloud/ecs/shares.ts";
import { deleteSnapshot, describeSnapshots } from "../../shared/cloud/ecs/snapshots.ts";
import { cancelTask, describeTask } from "../../shared/cloud/ecs/tasks.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { connected, LAUNCH, onCloud } from "../unit/cloud-layer/connected.ts";
import { diskFile } from "../support/disk-file.ts";

const onImages = onCloud.extend<{ client: CloudClient; instanceId: string }>({
  client: async ({ cloud }, use) => use(connected(cloud)),
  /** A stopped instance to make images from. */
  instanceId: async ({ cloud, client }, use) => {
    const { instanceIds } = await runInstances(client, LAUNCH, "builder");
    await cloud.settle({ forMs: minutes(3) });
    const [instanceId = ""] = instanceIds;
    await stopInstance(client, instanceId, { stoppedMode: "KeepCharging" });
    await cloud.settle({ forMs: minutes(3) });
    await use(instanceId);
  },
});

const TAGS = { "kiln:run": "bake-1" };

onImages(
  "an image is visible while it is made, and serves its family when it is finished",
  async ({ cloud, client, instanceId, expect }) => {
    const attributes = {
      name: "web-1",
      family: "web",
      version: "1.0",
      description: "a web server",
      tags: TAGS,
    };
    const imageId = await createImage(client, { instanceId }, attributes, "token-1");
    expect(await createImage(client, { instanceId }, attributes, "token-1")).toBe(imageId);
    const [creating] = await describeImages(client, { ids: [imageId] });
    expect(creating).toMatchObject({ status: "Creating", usable: false, family: "web", tags: TAGS });
    expect(await familyImage(client, "web")).toBeUndefined();
    await cloud.settle({ forMs: hours(1) });
    const served = await familyImage(client, "web");
    expect(served).toMatchObject({
      id: imageId,
      name: "web-1",
      status: "Available",
      usable: true,
      version: "1.0",
    });
    expect(served?.snapshotIds).toHaveLength(1);
    for (const filter of [{ tags: TAGS }, { name: "web-1" }, { family: "web" }]) {
      expect((await describeImages(client, filter)).map(({ id }) => id)).toEqual([imageId]);
    }
    expect(await describeImages(client, { name: "web" })).toEqual([]);
    const snapshots = await describeSnapshots(client, { ids: served?.snapshotIds ?? [] });
    expect(snapshots).toMatchObject([{ status: "accomplished", progress: 100, diskKind: "system" }]);
  },
);

onImages(
  "a deprecated image leaves its family, stays visible and comes back",
  async ({ cloud, client, instanceId, expect }) => {
    const imageId = await createImage(client, { instanceId }, { name: "web-1", tags: {} }, "token-1");
    await cloud.settle({ forMs: hours(1) });
    await modifyImage(client, imageId, { family: "web" });
    expect((await familyImage(client, "web"))?.id).toBe(imageId);
    await modifyImage(client, imageId, { status: "Deprecated" });
    expect(await familyImage(client, "web")).toBeUndefined();
    expect((await describeImages(client, { ids: [imageId] }))[0]?.status).toBe("Deprecated");
    await expect(modifyImage(client, imageId, { status: "Deprecated" })).rejects.toMatchObject({
      kind: "done",
    });
    await modifyImage(client, imageId, { status: "Available" });
    expect((await familyImage(client, "web"))?.id).toBe(imageId);
  },
);

onImages(
  "an image made from snapshots is deleted with them, and deleting again is no error",
  async ({ cloud, client, instanceId, expect }) => {
    const first = await createImage(client, { instanceId }, { name: "one", tags: {} }, "token-1");
    await cloud.settle({ forMs: hours(1) });
    const [snapshotId = ""] = (await describeImages(client, { ids: [first] }))[0]?.snapshotIds ?? [];
    const second = await createImage(client, { snapshotId }, { name: "two", tags: {} }, "token-2");
    const disks = [{ snapshotId, kind: "system", device: "/dev/xvda", sizeGb: 60 }] as const;
    const third = await createImage(client, { disks }, { name: "three", tags: {} }, "token-3");
    await cloud.settle({ forMs: hours(1) });
    const all = [first, second, third];
    expect((await describeImages(client, { ids: all })).map(({ status }) => status)).toEqual(
      all.map(() => "Available"),
    );
    await expect(deleteSnapshot(client, snapshotId)).rejects.toMatchObject({ product: "ecs" });
    for (const imageId of [...all, ...all]) await deleteImage(client, imageId, { force: true });
    expect(await describeImages(client, { ids: all })).toEqual([]);
    await deleteSnapshot(client, snapshotId);
    await deleteSnapshot(client, snapshotId);
    expect(await describeSnapshots(client, { ids: [snapshotId] })).toEqual([]);
  },
);

onImages(
  "a copy lives in the other region without a family, and a copy under way can be stopped",
  async ({ cloud, client, instanceId, expect }) => {
    const imageId = await createImage(
      client,
      { instanceId },
      { name: "web-1", family: "web", tags: {} },
      "token-1",
    );
    await cloud.settle({ forMs: hours(1) });
    const target = { region: "cn-beijing", name: "web-1", tags: TAGS };
    const copyId = await copyImage(client, imageId, target, "token-2");
    expect(await copyImage(client, imageId, target, "token-2")).toBe(copyId);
    await cloud.settle({ forMs: hours(3) });
    expect(await describeImages(client, { ids: [copyId] })).toEqual([]);
    const [copy] = await describeImages(client, { ids: [copyId] }, "cn-beijing");
    expect(copy).toMatchObject({ status: "Available", family: "", tags: TAGS });
    await modifyImage(client, copyId, { family: "web" }, "cn-beijing");
    expect((await familyImage(client, "web", "cn-beijing"))?.id).toBe(copyId);
    const other = await copyImage(client, imageId, { ...target, name: "web-2" }, "token-3");
    await cancelCopyImage(client, other, "cn-beijing");
    await cloud.settle({ forMs: hours(3) });
    expect(await describeImages(client, { ids: [other] }, "cn-beijing")).toEqual([]);
  },
);

onImages(
  "an image is shared with more accounts than one call takes, and taken back",
  async ({ cloud, client, instanceId, expect }) => {
    const imageId = await createImage(client, { instanceId }, { name: "web-1", tags: {} }, "token-1");
    await cloud.settle({ forMs: hours(1) });
    const accounts = Array.from({ length: 12 }, (_, n) => `${1_000_000_000_000_000 + n}`);
    await shareImage(client, imageId, { add: accounts });
    expect((await imageShares(client, imageId)).toSorted()).toEqual(accounts);
    await shareImage(client, imageId, { remove: accounts.slice(1) });
    expect(await imageShares(client, imageId)).toEqual([accounts[0]]);
  },
);

onImages(
  "a disk file becomes an image; the task shows how far it is and can be stopped",
  async ({ cloud, client, expect }) => {
    cloud.oss.put("kiln", "disks/web.qcow2", diskFile("qcow2"));
    const disks = [{ bucket: "kiln", key: "disks/web.qcow2", format: "QCOW2", sizeGb: 40 }] as const;
    const attributes = { name: "imported", tags: TAGS, osType: "linux", architecture: "x86_64" } as const;
    const { imageId, taskId } = await importImage(client, disks, attributes, "token-1");
    expect((await describeTask(client, taskId)).id).toBe(taskId);
    await cloud.settle({ forMs: hours(3) });
    expect((await describeTask(client, taskId)).status).toBe("Finished");
    expect((await describeImages(client, { ids: [imageId] }))[0]).toMatchObject({
      status: "Available",
      tags: TAGS,
    });
    await cancelTask(client, taskId);
    const second = await importImage(client, disks, { ...attributes, name: "stopped" }, "token-2");
    await cancelTask(client, second.taskId);
    await cloud.settle({ forMs: hours(3) });
    expect(
      (await describeImages(client, { ids: [second.imageId] })).map(({ status }) => status),
    ).not.toContain("Available");
  },
);
