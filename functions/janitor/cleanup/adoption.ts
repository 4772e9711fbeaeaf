/**
 * Finds the resources of a version before `kiln:deployment` (shared/ownership.ts) and adopts them.
 *
 * ADOPTION-1. Copies lie in the regions that the promotion of their image names. They go first: an image that has the
 *     tag is not looked at again.
 */
import * as z from "zod/mini";
import { inRegion } from "../../../shared/cloud/client.ts";
import { tagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { batches } from "../../../shared/cloud/ecs/pages.ts";
import { describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import type { Taggable } from "../../../shared/cloud/ecs/tags.ts";
import { unadoptedRun } from "../../../shared/ownership.ts";
import { documentNames } from "../../../shared/document-store.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { memberTags, ownTags, ROLE, TAG, type Tags } from "../../../shared/tags.ts";
import { knownRun } from "../known-run.ts";
import { leftovers, type Leftovers } from "./orphans.ts";

/** Resources of one kind in one region, as many as one call tags. */
interface Batch {
  readonly kind: Taggable;
  readonly region: string;
  readonly ids: readonly string[];
}

export interface Unadopted {
  /** Those whose run has a log here. */
  readonly adoptable: readonly Batch[];
  /** Those that a run leaves behind. */
  readonly left: Leftovers;
  /** Those of them whose run has no log here. */
  readonly unknown: Leftovers;
}

interface Resource {
  readonly id: string;
  readonly tags: Tags;
}

/** TagResources takes 50 ids: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-tagresources */
const BATCH = 50;

/** Everything without a deployment. Changes nothing. */
export async function findUnadopted(ports: Ports): Promise<Unadopted> {
  const { cloud } = ports;
  const home = cloud.access.region;
  const known = new Map<string, boolean>();
  const adoptable = async (kind: Taggable, resources: readonly Resource[], region = home) => {
    const ids: string[] = [];
    for (const resource of resources) {
      const run = unadoptedRun(resource);
      if (run === undefined) continue;
      if (!known.has(run)) known.set(run, (await knownRun(run, ports)) !== undefined);
      if (known.get(run) === true) ids.push(resource.id);
    }
    return batches(ids, BATCH).map((batch) => ({ kind, region, ids: batch }));
  };
  const all = await leftovers(cloud, (role) => ({ [TAG.role]: role }));
  const left = some(all, (resource) => unadoptedRun(resource) !== undefined);
  const found: Batch[] = [];
  for (const region of await regionsOf(left.images, ports)) {
    const tags = (role: string) => ({ tags: { [TAG.role]: role } });
    found.push(...(await adoptable("image", await describeImages(cloud, tags(ROLE.copy), region), region)));
    const snapshots = await describeSnapshots(cloud, tags(ROLE.snapshot), region);
    found.push(...(await adoptable("snapshot", snapshots, region)));
  }
  for (const fleet of await documentNames(cloud, "fleets")) {
    const members = await describeInstances(cloud, { tags: memberTags(fleet), many: true });
    found.push(...(await adoptable("instance", members)));
  }
  found.push(...(await adoptable("instance", left.instances)));
  found.push(...(await adoptable("snapshot", left.snapshots)));
  found.push(...(await adoptable("image", left.images)));
  const unknown = some(left, (resource) => known.get(unadoptedRun(resource) ?? "") !== true);
  return { adoptable: found, left, unknown };
}

const some = (
  { instances, images, snapshots }: Leftovers,
  which: (resource: Resource) => boolean,
): Leftovers => ({
  instances: instances.filter(which),
  images: images.filter(which),
  snapshots: snapshots.filter(which),
});

/** The other regions of the images' promotions (ADOPTION-1). */
async function regionsOf(images: readonly Image[], ports: Ports): Promise<Set<string>> {
  const regions = new Set<string>();
  for (const { tags } of images) {
    const [word, run = ""] = (tags[TAG.promotion] ?? "").split(" ");
    const known = word === "promoted" ? await knownRun(run, ports) : undefined;
    const promoted = Regions.safeParse(known?.completion?.result?.["regions"]);
    for (const region of promoted.success ? Object.keys(promoted.data) : []) regions.add(region);
  }
  regions.delete(ports.cloud.access.region);
  return regions;
}

const Regions = z.record(z.string(), z.string());

/** Tags the resources of a batch. @throws Error that names those that cannot be tagged; the others are. */
export async function adopt({ kind, region, ids }: Batch, { cloud }: Ports): Promise<void> {
  const refused = await tagEach(inRegion(cloud, region), ids, ownTags(cloud, {}), kind);
  if (refused.length > 0)
    throw new Error(refused.map(({ id, code, message }) => `${id}: ${code} ${message}`).join("; "));
}
