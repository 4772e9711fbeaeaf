/** The answer of `GET /_control/world`: the truth, whatever lists and callers are shown. */
import type { Image, Snapshot } from "../ecs/records.ts";
import type { Cloud } from "../index.ts";

export function worldOf(cloud: Cloud): object {
  const { world, time, region } = cloud;
  const tagsOf = (type: string, id: string): Record<string, string> =>
    Object.fromEntries(world.tags.of(type, id).map(({ key, value }) => [key, value]));
  const own = [...world.images.values()].filter(({ ownerAlias }) => ownerAlias === "self");
  const regions = [...new Set([region, ...own.map(({ regionId }) => regionId)])];
  return {
    now: time.now(),
    instances: [...world.instances.values()].map((one) => ({
      instanceId: one.instanceId,
      status: one.status,
      imageId: one.imageId,
      instanceType: one.type.id,
      zoneId: one.zoneId,
      tags: tagsOf("instance", one.instanceId),
      stoppedMode: one.stoppedMode,
    })),
    images: own.map((image) => ({ ...describeImage(image), tags: tagsOf("image", image.imageId) })),
    snapshots: [...world.snapshots.values()].map((snapshot) => ({
      ...describeSnapshot(snapshot),
      tags: tagsOf("snapshot", snapshot.snapshotId),
    })),
    families: servedIn(cloud, own, region),
    regions: Object.fromEntries(regions.map((one) => [one, servedIn(cloud, own, one)])),
    calls: countCalls(cloud),
  };
}

const describeImage = ({ imageId, name, status, family, regionId }: Readonly<Image>) => ({
  imageId,
  name,
  status,
  family,
  region: regionId,
});

const describeSnapshot = ({
  snapshotId,
  name,
  status,
  regionId,
  sourceDiskId,
  imageIds,
}: Readonly<Snapshot>) => ({
  snapshotId,
  name,
  status,
  region: regionId,
  sourceDiskId,
  imageIds: [...imageIds],
});

/** The account's own families in a region, and the image each of them serves. */
function servedIn({ world }: Cloud, own: readonly Readonly<Image>[], region: string): Record<string, string> {
  const families = new Set(own.filter(({ regionId }) => regionId === region).map(({ family }) => family));
  return Object.fromEntries(
    [...families].flatMap((family) => {
      const served = family === "" ? undefined : world.served(region, family);
      return served === undefined ? [] : [[family, served.imageId]];
    }),
  );
}

/** How often each action was called, refused calls included: `ecs:RunInstances`. */
function countCalls({ callLog }: Cloud): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { product, action } of callLog.entries()) {
    const name = `${product}:${action}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
