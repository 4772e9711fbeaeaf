/** What dead runs left in the cloud: found by tag, judged by the record of its run, given back or reported. */
import { deleteImage, describeImages } from "../../shared/cloud/images.ts";
import { deleteInstance, describeInstances } from "../../shared/cloud/instances.ts";
import { deleteSnapshot, describeSnapshots } from "../../shared/cloud/snapshots.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { days } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import type { RunRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";
import { isRunId } from "../../shared/run.ts";
import { knownRecord } from "./lost-runs.ts";
import { judgeImage, judgeMachine, judgeSnapshot, TEMPORARY_ROLES, type Finding } from "./decide.ts";

/** Older ones were looked at many times; a sweep must not read a record for every image there ever was. */
const LOOK_BACK_MS = days(3);

/** Machines, images and snapshots that carry a run's tag in a role that can be left behind, each with a verdict. */
export async function findOrphans(ports: Ports): Promise<Finding[]> {
  const { cloud, clock } = ports;
  const now = clock.now();
  const found: Finding[] = [];
  const judge = async <T extends Tagged>(
    items: readonly T[],
    verdict: (run: string, record: RunRecord | undefined, item: T) => Finding,
  ): Promise<void> => {
    for (const item of items) {
      const run = item.tags[TAG.run];
      // Without the id of a run it is not one of ours, whatever its role says.
      if (run !== undefined && isRunId(run)) found.push(verdict(run, await knownRecord(run, ports), item));
    }
  };
  for (const role of TEMPORARY_ROLES) {
    const machines = await describeInstances(cloud, { tags: { [TAG.role]: role } });
    await judge(machines, (_run, record, machine) => judgeMachine(machine, record, now));
  }
  const recent = ({ createdAt }: Tagged): boolean => now - createdAt < LOOK_BACK_MS;
  const images = await describeImages(cloud, { tags: { [TAG.role]: "image" } });
  await judge(images.filter(recent), (run, record, { id, family }) =>
    judgeImage({ id, run, family }, record),
  );
  const snapshots = await describeSnapshots(cloud, { tags: { [TAG.role]: "snapshot" } });
  await judge(snapshots.filter(recent), (run, record, { id }) => judgeSnapshot({ id, run }, record));
  return found;
}

interface Tagged {
  readonly id: string;
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A machine that neither this deployment nor the cloud will end. */
export const isEndless = ({ id, unknown, releasesAt }: Finding): boolean =>
  unknown === true && id.startsWith("i-") && releasesAt === undefined;

/** Writes down where a person looks for trouble that only a person can end this machine. Repeated, it is the same. */
export async function report(finding: Finding, { cloud }: Ports): Promise<void> {
  const { id, run, why } = finding;
  const text = JSON.stringify({ problem: `${id}: ${why}`, instance: id, run });
  await putObject(cloud, `failures/unknown-${id}.json`, text, { contentType: "application/json" });
}

/** Gives one orphan back; gone is success, and what is still in use waits for the next sweep. */
export async function giveBack({ id, run }: Finding, { cloud }: Ports): Promise<void> {
  if (id.startsWith("i-")) return deleteInstance(cloud, id, { force: true });
  if (id.startsWith("s-")) return deleteSnapshot(cloud, id);
  const [image] = await describeImages(cloud, { ids: [id] });
  if (image === undefined) return undefined;
  // Told first, so that the snapshots are still found when the image is gone.
  const tags = { [TAG.run]: run, [TAG.role]: "snapshot" };
  if (image.snapshotIds.length > 0) await tagResources(cloud, "snapshot", image.snapshotIds, tags);
  return deleteImage(cloud, id);
}
