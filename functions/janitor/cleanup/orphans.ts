/** Resources that ended runs left in the cloud: found by tag, judged by the log of their run, released or reported. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { deleteInstance, describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { deleteSnapshot, describeSnapshots, type Snapshot } from "../../../shared/cloud/ecs/snapshots.ts";
import { days } from "../../../shared/duration.ts";
import { deleteImageOf } from "../../../shared/image-snapshots.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isRunId } from "../../../shared/names.ts";
import { ownTags, ROLE, TAG, type Tags } from "../../../shared/tags.ts";
import type { Standing } from "../../../shared/workflow/run-log.ts";
import { knownRun } from "../known-run.ts";
import { judgeImage, judgeInstance, type Finding } from "./decide.ts";

/** Older images and snapshots were judged many times; a cleanup must not read a log for each of them for ever. */
const LOOK_BACK_MS = days(3);

interface Tagged {
  readonly id: string;
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What runs may leave behind. */
export interface Leftovers {
  /** Builders and test instances. */
  readonly instances: readonly Instance[];
  readonly images: readonly Image[];
  readonly snapshots: readonly Snapshot[];
}

/** Every instance, image and snapshot of a role that a run may leave behind, by the tags that `tagsOf` gives a role. */
export async function leftovers(cloud: CloudClient, tagsOf: (role: string) => Tags): Promise<Leftovers> {
  const withRole = (role: string) => ({ tags: tagsOf(role) });
  const builders = await describeInstances(cloud, withRole(ROLE.builder));
  const testers = await describeInstances(cloud, withRole(ROLE.tester));
  return {
    instances: [...builders, ...testers],
    images: await describeImages(cloud, withRole(ROLE.image)),
    snapshots: await describeSnapshots(cloud, withRole(ROLE.snapshot)),
  };
}

/** What this deployment's runs left behind. */
export const ownLeftovers = (cloud: CloudClient): Promise<Leftovers> =>
  leftovers(cloud, (role) => ownTags(cloud, { [TAG.role]: role }));

/** Judges each of them by the log of its run. */
export async function findOrphans(
  { instances, images, snapshots }: Leftovers,
  ports: Ports,
): Promise<Finding[]> {
  const now = ports.clock.now();
  const isRecent = ({ createdAt }: Tagged): boolean => now - createdAt < LOOK_BACK_MS;
  return [
    ...(await judged(instances, (...given) => judgeInstance(...given, now), ports)),
    ...(await judged(images.filter(isRecent), (...given) => judgeImage("image", ...given), ports)),
    ...(await judged(snapshots.filter(isRecent), (...given) => judgeImage("snapshot", ...given), ports)),
  ];
}

async function judged<T extends Tagged>(
  resources: readonly T[],
  judge: (resource: T, run: string, now: Standing | undefined) => Finding,
  ports: Ports,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const resource of resources) {
    const run = resource.tags[TAG.run];
    // A resource without the id of a run is not Kiln's, whatever its role says.
    if (run !== undefined && isRunId(run)) found.push(judge(resource, run, await knownRun(run, ports)));
  }
  return found;
}

/**
 * Releases an orphan. One that is gone is a success; one that is in use waits for the next cleanup.
 * @throws Error for an image that has joined a family since it was judged
 */
export async function release({ kind, id, run }: Finding, { cloud }: Ports): Promise<void> {
  if (kind === "instance") return deleteInstance(cloud, id, { force: true });
  if (kind === "snapshot") return deleteSnapshot(cloud, id);
  const [image] = await describeImages(cloud, { ids: [id] });
  const stays = image && (await deleteImageOf(cloud, run, image));
  if (stays !== undefined) throw new Error(stays);
}
