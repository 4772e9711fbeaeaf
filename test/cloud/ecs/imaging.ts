/**
 * Snapshots and images in time.
 *
 * IMAGING-1. A snapshot holds what was on the disk when it was asked for, not when it is finished.
 * IMAGING-2. One snapshot per disk at a time; a change of the instance's status breaks the one in progress.
 * IMAGING-3. An image of an instance is as good as its snapshots: one fails, the image fails.
 * IMAGING-4. A family answers with the newest Available member by creation time, to the second.
 * IMAGING-5. Copies run five at a time per region, the rest wait; no copy and no import has a family.
 * IMAGING-6. An Available image launches only once it is usable. https://help.aliyun.com/document_detail/3044728.html
 */
import { copyDisk } from "../machine/disk.ts";
import type { DetectedItem, Disk, Image, ImageDisk, Instance, Snapshot, Task } from "./records.ts";
import type { World } from "./world.ts";

/** What an image is made of and called; the rest follows. */
export interface ImagePlan extends Pick<
  Image,
  | "regionId"
  | "name"
  | "family"
  | "description"
  | "version"
  | "architecture"
  | "osName"
  | "platform"
  | "bootMode"
  | "imdsSupport"
  | "resourceGroupId"
> {
  readonly disks: readonly ImageDisk[];
  readonly durationMs: number;
  readonly copiedFrom?: Image["copiedFrom"];
  readonly osType?: Image["osType"];
}

export interface SnapshotPlan {
  readonly name: string;
  readonly description: string;
  readonly retentionDays: number | undefined;
}

interface Failure {
  readonly reason: string;
}

/** Queues a failure; answers a way to take it back. */
function queued(failures: Failure[], failure: Failure): () => void {
  failures.push(failure);
  return () => {
    const place = failures.indexOf(failure);
    if (place !== -1) failures.splice(place, 1);
  };
}

export class Imaging {
  readonly #world: World;
  /** Disk → the snapshot being made of it. */
  readonly #progressing = new Map<string, Snapshot>();
  readonly #waiting: Image[] = [];
  readonly #copying = new Map<string, number>();
  readonly #failures: Failure[] = [];
  readonly #risks: DetectedItem[] = [];
  /** Region → reasons why the next copies that end there fail. */
  readonly #copyFailures = new Map<string, Failure[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Answers a way to take it back. */
  failNext(reason: string): () => void {
    return queued(this.#failures, { reason });
  }

  /** The check of the next image finds this. */
  riskNext(item: DetectedItem): void {
    this.#risks.push(item);
  }

  /** The cloud checks the image when it is ready. */
  detect(image: Image): void {
    const risk = this.#risks.shift();
    image.detection = [{ name: "Nvme", value: "Supported" }, ...(risk === undefined ? [] : [risk])];
  }

  /** Answers a way to take it back. */
  failNextCopy(regionId: string, reason: string): () => void {
    const failures = this.#copyFailures.get(regionId) ?? [];
    this.#copyFailures.set(regionId, failures);
    return queued(failures, { reason });
  }

  isBusy(diskId: string): boolean {
    return this.#progressing.has(diskId);
  }

  snapshot(disk: Disk, plan: SnapshotPlan): Snapshot {
    const { kernel, delays, now } = {
      kernel: this.#world.kernel,
      delays: this.#world.delays,
      now: this.#world.now(),
    };
    const instance = disk.instanceId === undefined ? undefined : this.#world.instances.get(disk.instanceId);
    const source = disk.imageId === undefined ? undefined : this.#world.image(disk.regionId, disk.imageId);
    const snapshot: Snapshot = {
      snapshotId: kernel.id("s-"),
      seq: this.#world.nextSeq(),
      regionId: disk.regionId,
      ...plan,
      createdAt: now,
      sourceDiskId: disk.diskId,
      sourceDiskType: disk.type,
      sourceDiskSizeGb: disk.sizeGb,
      key: disk.key,
      category: "standard",
      isFromMarketplace: false,
      architecture: instance?.type.architecture ?? source?.architecture ?? "x86_64",
      osName: source?.osName ?? disk.content.os?.id ?? "",
      content: copyDisk(disk.content),
      durationMs: delays.snapshotMs,
      status: "progressing",
      imageIds: new Set(),
    };
    this.#world.snapshots.set(snapshot.snapshotId, snapshot);
    this.#progressing.set(disk.diskId, snapshot);
    kernel.time.after(snapshot.durationMs, { label: `${snapshot.snapshotId} accomplished` }, () => {
      if (snapshot.status === "progressing") this.#finish(snapshot, "accomplished");
    });
    if (plan.retentionDays !== undefined) this.#expire(snapshot, plan.retentionDays);
    return snapshot;
  }

  /** Deletes a snapshot; one in progress is given up. */
  dropSnapshot(snapshot: Snapshot): void {
    if (snapshot.status === "progressing") this.#finish(snapshot, "failed");
    this.#world.snapshots.delete(snapshot.snapshotId);
    this.#world.tags.remove("snapshot", snapshot.snapshotId);
  }

  /** IMAGING-2 */
  breakSnapshots(instance: Instance): void {
    for (const diskId of instance.diskIds) {
      const snapshot = this.#progressing.get(diskId);
      if (snapshot !== undefined) this.#finish(snapshot, "failed");
    }
  }

  create(plan: ImagePlan): Image {
    const { copiedFrom, osType = "linux", ...own } = plan;
    const image: Image = {
      ...own,
      imageId: this.#world.kernel.id("m-"),
      seq: this.#world.nextSeq(),
      ownerAlias: "self",
      ownerId: this.#world.kernel.accountId,
      createdAt: this.#world.now(),
      startedAt: this.#world.now(),
      osType,
      isCopied: copiedFrom !== undefined,
      copiedFrom,
      status: "Creating",
      isPublic: false,
      importing: false,
      failure: undefined,
      isUsable: false,
      sharedWith: new Map(),
    };
    this.#world.addImage(image);
    for (const { snapshotId } of image.disks) {
      if (snapshotId !== undefined) this.#world.snapshots.get(snapshotId)?.imageIds.add(image.imageId);
    }
    return image;
  }

  /** Works on an image until it is Available, unless something breaks on the way. */
  develop(image: Image): void {
    const failure = image.isCopied ? undefined : this.#failures.shift()?.reason;
    const share = failure === undefined ? 1 : 0.5;
    const { time } = this.#world.kernel;
    time.after(
      image.durationMs * share,
      { label: `${image.imageId} ${failure === undefined ? "available" : "failed"}` },
      () => {
        if (image.status !== "Creating") return;
        if (failure === undefined) this.#ready(image);
        else this.#fail(image, failure);
      },
    );
  }

  copy(plan: ImagePlan): Image {
    const image = this.create(plan);
    if ((this.#copying.get(image.regionId) ?? 0) >= this.#world.quotas.concurrentCopies) {
      Object.assign(image, { status: "Waiting", startedAt: undefined });
      this.#waiting.push(image);
    } else {
      this.#startCopy(image);
    }
    return image;
  }

  isBeingCopied(source: Image): boolean {
    for (const { copiedFrom, status } of this.#world.images.values()) {
      const isSame = copiedFrom?.imageId === source.imageId && copiedFrom.regionId === source.regionId;
      if (isSame && (status === "Creating" || status === "Waiting")) return true;
    }
    return false;
  }

  /** @param plan.failure why the import will fail. */
  import(plan: ImagePlan & { readonly failure: string | undefined }): { image: Image; task: Task } {
    const { failure: flaw, ...made } = plan;
    const image = this.create(made);
    image.importing = true;
    const task: Task = {
      taskId: this.#world.kernel.id("t-"),
      seq: this.#world.nextSeq(),
      regionId: image.regionId,
      action: "ImportImage",
      resourceId: image.imageId,
      createdAt: this.#world.now(),
      durationMs: image.durationMs,
      status: "Processing",
      finishedAt: undefined,
      error: undefined,
    };
    this.#world.tasks.set(task.taskId, task);
    this.#world.kernel.time.after(image.durationMs, { label: `${image.imageId} imported` }, () => {
      if (task.status !== "Processing") return;
      image.importing = false;
      const failure = flaw ?? this.#failures.shift()?.reason;
      if (failure === undefined) this.#ready(image);
      else this.#fail(image, failure);
      const status = failure === undefined ? "Finished" : "Failed";
      const error = failure === undefined ? undefined : { code: "ImportImageFailed", message: failure };
      Object.assign(task, { status, finishedAt: this.#world.now(), error });
    });
    return { image, task };
  }

  /** Forgets an image. Its snapshots stay and become free to delete. */
  remove(image: Image): void {
    this.#world.images.delete(`${image.regionId}:${image.imageId}`);
    this.#world.tags.remove("image", image.imageId);
    for (const { snapshotId } of image.disks) {
      if (snapshotId !== undefined) this.#world.snapshots.get(snapshotId)?.imageIds.delete(image.imageId);
    }
    const place = this.#waiting.indexOf(image);
    if (place !== -1) this.#waiting.splice(place, 1);
    else if (image.isCopied && image.status === "Creating") this.#endCopy(image.regionId);
    image.status = "UnAvailable";
  }

  /** The image a family answers with (IMAGING-4), or undefined when none is Available. */
  newestOf(regionId: string, family: string): Image | undefined {
    let newest: Image | undefined;
    for (const image of this.#world.images.values()) {
      if (image.family !== family || image.regionId !== regionId || image.status !== "Available") continue;
      if (newest === undefined || isNewer(image, newest)) newest = image;
    }
    return newest;
  }

  #finish(snapshot: Snapshot, status: "accomplished" | "failed"): void {
    snapshot.status = status;
    this.#progressing.delete(snapshot.sourceDiskId);
    if (status === "accomplished") return;
    for (const imageId of snapshot.imageIds) {
      const image = this.#world.image(snapshot.regionId, imageId);
      if (image?.status === "Creating") this.#fail(image, `snapshot ${snapshot.snapshotId} failed`);
    }
  }

  #ready(image: Image): void {
    image.status = "Available";
    const label = `${image.imageId} usable`;
    this.#world.kernel.time.after(this.#world.delays.usableMs, { label }, () => {
      image.isUsable = true;
    });
  }

  #fail(image: Image, reason: string): void {
    image.status = "CreateFailed";
    image.failure = reason;
  }

  #startCopy(image: Image): void {
    this.#copying.set(image.regionId, (this.#copying.get(image.regionId) ?? 0) + 1);
    Object.assign(image, { status: "Creating", startedAt: this.#world.now() });
    this.#world.kernel.time.after(image.durationMs, { label: `${image.imageId} copied` }, () => {
      if (image.status !== "Creating") return;
      const failure = this.#copyFailures.get(image.regionId)?.shift();
      if (failure === undefined) this.#ready(image);
      else this.#fail(image, failure.reason);
      this.#endCopy(image.regionId);
    });
  }

  #endCopy(regionId: string): void {
    this.#copying.set(regionId, (this.#copying.get(regionId) ?? 1) - 1);
    const place = this.#waiting.findIndex((image) => image.regionId === regionId);
    const [next] = place === -1 ? [] : this.#waiting.splice(place, 1);
    if (next !== undefined) this.#startCopy(next);
  }

  #expire(snapshot: Snapshot, days: number): void {
    const label = `${snapshot.snapshotId} expires`;
    this.#world.kernel.time.after(days * 86_400_000, { label, background: true }, () => {
      if (snapshot.imageIds.size === 0) this.dropSnapshot(snapshot);
    });
  }
}

function isNewer(image: Image, other: Image): boolean {
  const [a, b] = [Math.floor(image.createdAt / 1000), Math.floor(other.createdAt / 1000)];
  // The order within one second is documented nowhere; the later call is our guess.
  return a === b ? image.seq > other.seq : a > b;
}
