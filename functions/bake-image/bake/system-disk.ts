/**
 * An image without the data disks of its instance: system-snapshot → capture. CreateImage takes all disks of an instance, so the
 * image is made of a snapshot of the system disk. The snapshot is the run's own and becomes that of the image.
 */
import { createSnapshot, systemDiskOf } from "../../../shared/cloud/ecs/system-disk.ts";
import { describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { filledTags } from "../../../shared/documents/image-name.ts";
import { hours } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ROLE, runTags, TAG } from "../../../shared/tags.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Capture, findSource, SystemSnapshot } from "./image.ts";
import { releaseFailed } from "./release.ts";

async function takeSnapshot(given: SystemSnapshot, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { run, instanceId } = given;
  const [snapshot] = await describeSnapshots(cloud, { tags: runTags(cloud, run, ROLE.snapshot) });
  if (snapshot?.status === "accomplished") return next(Capture, { from: { snapshotId: snapshot.id } });
  if (snapshot?.status === "failed")
    return releaseFailed({}, `the cloud could not make ${snapshot.id}, the snapshot of ${instanceId}`);
  // One that was just made may not be listed yet.
  const id = snapshot?.id ?? given.snapshotId;
  return id === undefined
    ? begin(given, ports)
    : poll(given, clock, PACE.image, `snapshot ${id} is being made`);
}

async function begin(given: SystemSnapshot, { cloud }: Ports): Promise<Outcome> {
  const { run, instanceId, input } = given;
  const found = await findSource(given, instanceId, cloud);
  if (!found.ok) return releaseFailed({}, found.problem);
  const disk = found.value && (await systemDiskOf(cloud, instanceId));
  if (disk === undefined) return releaseFailed({}, `${instanceId} is gone before its image was made`);
  const own = { ...runTags(cloud, run, ROLE.snapshot), [TAG.recipe]: input.recipe };
  const tags = { ...filledTags(input.document, input.parameters), ...own };
  const token = clientToken(run, "system-snapshot", 0, { disk, tags });
  const snapshotId = await createSnapshot(cloud, disk, tags, token);
  const options = { afterMs: PACE.image.firstMs, note: `${snapshotId} of the system disk is being made` };
  return next(SystemSnapshot, { instanceId, snapshotId }, options);
}

/** The first snapshot of a large disk takes hours. */
export const systemSnapshot = phase(SystemSnapshot, {
  limitMs: hours(6),
  creates: true,
  run: takeSnapshot,
  compensate: (_given, reason) => releaseFailed({}, reason),
});
