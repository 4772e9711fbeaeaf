/** The image: stops its instance, makes it, waits for it and tags its snapshots. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { createImage, describeImages, type Image, importImage } from "../../../shared/cloud/ecs/images.ts";
import { describeInstances, stopInstance, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import { describeTask } from "../../../shared/cloud/ecs/tasks.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { deleteObject, headObject } from "../../../shared/cloud/oss/objects.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import { InstanceId } from "../../../shared/ephemeral-instance/events.ts";
import { ownInstance } from "../../../shared/ephemeral-instance/own.ts";
import { CloudError } from "../../../shared/errors.ts";
import { tagSnapshots } from "../../../shared/image-snapshots.ts";
import { isLate } from "../../../shared/late.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { recipeOfDisk } from "../../../shared/keys.ts";
import { otherOwnerProblem } from "../../../shared/ownership.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { isOwn, ROLE, runTags, TAG } from "../../../shared/tags.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { FIRST_IMAGE_MS, PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { checksumsOf } from "./checksum.ts";
import { dataDiskKeys } from "./data-disks.ts";
import { Compared, diskKeys, Hash, ImportFile } from "./import.ts";
import { attributesOf } from "./attributes.ts";
import { PlannedInput } from "./input.ts";
import { ownImage } from "./own-image.ts";
import { Release, releaseFailed } from "./release.ts";

const event = eventsWith(PlannedInput);

export const Stop = event("stop", { instanceId: InstanceId });
type Stop = EventOf<typeof Stop>;

/** `snapshotId`: what was begun. */
export const SystemSnapshot = event("system-snapshot", {
  instanceId: InstanceId,
  snapshotId: z.optional(z.string()),
});
export type SystemSnapshot = EventOf<typeof SystemSnapshot>;

const AwaitSnapshots = event("await-snapshots", { instanceId: InstanceId });
type AwaitSnapshots = EventOf<typeof AwaitSnapshots>;

/**
 * The instance an image is made of, right before a change: the builder of this run, or the instance that the recipe
 * names in the bucket. A problem for any other.
 */
export async function findSource(
  { input, run }: Pick<Stop, "input" | "run">,
  id: string,
  cloud: CloudClient,
): Promise<Result<Instance | undefined>> {
  const { recipe, document } = input;
  if (document.source.kind !== "instance") return ownInstance(cloud, run, id);
  const read = await loadRecipe(cloud, recipe);
  const source = "document" in read ? read.document.source : undefined;
  if (source?.kind !== "instance" || source.id !== id)
    return problem(`recipe ${recipe} does not name ${id} any more, so Kiln leaves it as it is; bake again`);
  const [instance] = await describeInstances(cloud, { ids: [id] });
  const foreign = instance && (await otherOwnerProblem(cloud, instance));
  return foreign === undefined ? ok(instance) : problem(foreign);
}

/** BAKE-2. */
async function stopInstanceOf(given: Stop, { cloud, clock }: Ports): Promise<Outcome> {
  const { instanceId } = given;
  const found = await findSource(given, instanceId, cloud);
  if (!found.ok) return releaseFailed({}, found.problem);
  const instance = found.value;
  if (instance === undefined) return releaseFailed(given, `${instanceId} is gone before its image was made`);
  if (instance.status === "Stopped") return captureOf(given.input, instanceId);
  const snapshot = instance.status === "Running" ? await snapshotUnderWay(given, cloud) : undefined;
  if (snapshot !== undefined) return next(AwaitSnapshots, { instanceId }, { note: snapshot });
  // KeepCharging keeps the public IP address of a source instance, which is started again.
  if (instance.status === "Running") await stopInstance(cloud, instanceId, { stoppedMode: "KeepCharging" });
  return poll(given, clock, PACE.shutdown, `${instanceId} is stopping`);
}

/** The phase that makes an image of an instance: of all its disks, or of a snapshot of the system disk (system-disk.ts). */
export function captureOf(input: PlannedInput, instanceId: string, note?: string): Outcome {
  const { source } = input.document;
  return source.kind === "instance" && source.dataDisks === false
    ? next(SystemSnapshot, { instanceId }, { note, input })
    : next(Capture, { from: { instanceId } }, { note, input });
}

/** A snapshot of the instance of a user that a stop would fail, in words. A builder has none but those of its bake. */
async function snapshotUnderWay(
  { input, instanceId }: Stop | AwaitSnapshots,
  cloud: CloudClient,
): Promise<string | undefined> {
  if (input.document.source.kind !== "instance") return undefined;
  const [snapshot] = await describeSnapshots(cloud, { instanceId, underWay: true });
  return snapshot && `snapshot ${snapshot.id} of ${instanceId} is in progress, and a stop would fail it`;
}

/** BAKE-5. */
async function waitForSnapshots(given: AwaitSnapshots, { cloud, clock }: Ports): Promise<Outcome> {
  const snapshot = await snapshotUnderWay(given, cloud);
  return snapshot === undefined
    ? next(Stop, { instanceId: given.instanceId })
    : poll(given, clock, PACE.image, snapshot);
}

/** The first snapshot of a large disk takes hours. */
export const awaitSnapshots = phase(AwaitSnapshots, {
  limitMs: hours(6),
  run: waitForSnapshots,
  compensate: (_given, reason) => releaseFailed({}, reason),
});

export const stop = phase(Stop, { limitMs: minutes(30), run: stopInstanceOf, compensate: releaseFailed });

const Disk = z.strictObject({
  kind: z.enum(["system", "data"]),
  snapshotId: z.exactOptional(z.string()),
  device: z.string(),
  sizeGb: z.exactOptional(z.int()),
});
/** The source of the image. Exactly one: CreateImage silently ignores a second one. */
const Source = z.union([
  z.strictObject({ instanceId: InstanceId }),
  z.strictObject({ snapshotId: z.string() }),
  z.strictObject({ disks: z.array(Disk) }),
  z.strictObject({ file: ImportFile }),
]);
export const Capture = event("capture", { from: Source, compared: z.optional(Compared) });
type Capture = EventOf<typeof Capture>;

interface Started {
  readonly imageId: string;
  /** Imports only. */
  readonly taskId?: string;
}

const instanceOf = ({ from }: Capture): string | undefined =>
  "instanceId" in from ? from.instanceId : undefined;

async function makeImage(given: Capture, { cloud, clock }: Ports): Promise<Outcome> {
  const source = instanceOf(given);
  const found = source === undefined ? ok(undefined) : await findSource(given, source, cloud);
  if (!found.ok) return releaseFailed({}, found.problem);
  // LATE-1.
  const earlier = isLate(given, clock) ? await imageOf(given.run, cloud) : undefined;
  const { imageId, taskId }: Started =
    earlier === undefined
      ? await startImage(given, cloud).catch((error: unknown) => imageOfTakenName(error, given, cloud))
      : { imageId: earlier.id };
  const state = { instanceId: source, imageId, taskId, compared: given.compared };
  return next(AwaitImage, state, { afterMs: FIRST_IMAGE_MS, note: `${imageId} is being made` });
}

/** Where the parameters of CreateImage stand in a recipe. */
const RECIPE_FIELDS = {
  InstanceId: "source.instance.id",
  SnapshotId: "source",
  ResourceGroupId: "image.resourceGroupId",
};

function placed(error: unknown): never {
  throw error instanceof CloudError ? error.in(RECIPE_FIELDS) : error;
}

async function startImage(given: Capture, cloud: CloudClient): Promise<Started> {
  const { from, run } = given;
  const attributes = attributesOf(given, cloud);
  const token = clientToken(run, "capture", 0, { from, attributes });
  if (!("file" in from)) return { imageId: await createImage(cloud, from, attributes, token).catch(placed) };
  const { key, format, sizeGb, dataDisks = [], ...own } = from.file;
  const { bucket } = cloud.access;
  const system = { bucket, key, format, ...(sizeGb !== undefined && { sizeGb }) };
  const files = [system, ...dataDisks.map((disk) => ({ bucket, ...disk }))];
  return importImage(cloud, files, { ...attributes, ...own }, token);
}

export const capture = phase(Capture, {
  creates: true,
  limitMs: minutes(60),
  run: makeImage,
  compensate: (given, reason) => releaseFailed({ instanceId: instanceOf(given) }, reason),
});

/** The image that an earlier attempt made. */
const imageOf = async (run: string, cloud: CloudClient): Promise<Image | undefined> =>
  (await describeImages(cloud, { tags: runTags(cloud, run, ROLE.image) }))[0];

/** The image of this run, when its name is taken because the cloud has forgotten the client token. @throws error */
async function imageOfTakenName(error: unknown, given: Capture, cloud: CloudClient): Promise<Started> {
  if (!(error instanceof CloudError) || error.code !== "InvalidImageName.Duplicated") throw error;
  const named = await describeImages(cloud, { name: given.input.plan.imageName });
  const own = named.find((image) => image.tags[TAG.run] === given.run && isOwn(cloud, image));
  if (own === undefined) throw error;
  return { imageId: own.id };
}

const made = { instanceId: z.optional(InstanceId), imageId: z.string() };
const AwaitImage = event("await-image", {
  ...made,
  taskId: z.optional(z.string()),
  compared: z.optional(Compared),
});
type AwaitImage = EventOf<typeof AwaitImage>;

/** An image that is not listed this long after it was requested is gone. */
const ABSENT_MS = minutes(5);

/** BAKE-3. */
async function waitForImage(given: AwaitImage, { cloud, clock }: Ports): Promise<Outcome> {
  const { imageId, taskId } = given;
  // The task comes first: it is not documented whether a failed import leaves an image.
  const failure = taskId === undefined ? undefined : await importFailure(taskId, cloud);
  if (failure !== undefined) {
    const reason = `Import of ${imageId} failed: ${failure}. Fix the disk file and upload it again.`;
    return releaseFailed(given, reason);
  }
  const [image] = await describeImages(cloud, { ids: [imageId] });
  if (image === undefined) {
    return clock.now() - given.phaseStartedAt > ABSENT_MS
      ? releaseFailed(given, `${imageId} is gone before it was available`)
      : poll(given, clock, PACE.image, `${imageId} is not listed yet`);
  }
  const { status, usable, progress } = image;
  if (status === "CreateFailed")
    return releaseFailed(given, `the cloud could not make ${imageId}: ${status}`);
  if (status === "Available" && usable) return whenMade(given, { cloud, clock });
  const percent = progress === undefined ? "" : ` ${progress} %`;
  return poll(given, clock, PACE.image, `${imageId} is ${status}${percent}`);
}

/** CHECKSUM-4. Of a disk that was replaced meanwhile, which has a bake of its own, the checksums are of the new one. */
async function whenMade(
  given: AwaitImage,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Outcome> {
  const { instanceId, imageId, input, compared } = given;
  const note = `${imageId} is available`;
  const finish = next(TagSnapshots, { instanceId, imageId }, { note });
  const keys = diskKeys(input);
  const head = keys[0] === undefined ? undefined : await headObject(cloud, keys[0]);
  if (head === undefined || head.etag !== input.upload?.etag) return finish;
  const found = await checksumsOf(keys, cloud, compared);
  if (!found.ok) return releaseFailed({ imageId }, found.problem);
  const disks = [...found.value.toRead];
  return disks.length === 0
    ? finish
    : next(Hash, { disks, read: 0, begunAt: clock.now(), imageId }, { note });
}

/** Why an import failed; undefined while it may still succeed. */
async function importFailure(taskId: string, cloud: CloudClient): Promise<string | undefined> {
  const { status, errors } = await describeTask(cloud, taskId);
  if (status !== "Failed" && status !== "Deleted") return undefined;
  return errors.join("; ") || `its task ${taskId} is ${status}`;
}

// Imports of large disks take hours.
export const awaitImage = phase(AwaitImage, {
  limitMs: hours(6),
  run: waitForImage,
  compensate: releaseFailed,
});

export const TagSnapshots = event("tag-snapshots", made);
type TagSnapshots = EventOf<typeof TagSnapshots>;

/** CreateImage tags the image only. Its snapshots get their own tags, and an imported file is deleted on request. */
async function finishImage(given: TagSnapshots, { cloud }: Ports): Promise<Outcome> {
  const { instanceId, imageId, run, input } = given;
  const found = await ownImage(cloud, run, imageId);
  if (!found.ok) return releaseFailed({ instanceId }, found.problem);
  const { recipe, upload, document } = input;
  const tags = { [TAG.run]: run, [TAG.recipe]: recipe, [TAG.image]: imageId };
  if (found.value !== undefined) await tagSnapshots(cloud, found.value, tags);
  const { source } = document;
  const isOwnFile = upload !== undefined && recipeOfDisk(upload.key) === recipe;
  if (isOwnFile && source.kind === "upload" && !source.keepObject)
    for (const key of [...dataDiskKeys(source, upload.key), upload.key]) await deleteObject(cloud, key);
  return next(Release, { instanceId, imageId, verdict: { ok: true, note: `${imageId} is made` } });
}

export const finish = phase(TagSnapshots, {
  limitMs: minutes(30),
  run: finishImage,
  compensate: releaseFailed,
});
