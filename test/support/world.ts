/** Questions that tests ask the local cloud. */
import type { Instance } from "../cloud/index.ts";
import type { Deployment } from "./deployment.ts";
import { json } from "./known.ts";

export const HOME = "cn-hangzhou";

/** What a family answers with. */
export const served = ({ cloud }: Deployment, region = HOME, family = "web"): string | undefined =>
  cloud.world.served(region, family)?.imageId;

/** Own images of a region, oldest first, as `status family`. */
export const imagesIn = ({ cloud }: Deployment, region: string) =>
  [...cloud.world.images.values()].filter(
    (image) => image.ownerAlias === "self" && image.regionId === region,
  );

/** The value of one tag of an image. */
export const tagOf = ({ cloud }: Deployment, imageId: string, key: string): string | undefined =>
  cloud.world.tags.of("image", imageId).find((tag) => tag.key === key)?.value;

export const machines = ({ cloud }: Deployment): Readonly<Instance>[] => [...cloud.world.instances.values()];

export const tagsOf = ({ cloud }: Deployment, id: string): Record<string, string> =>
  Object.fromEntries(cloud.world.tags.of("instance", id).map(({ key, value }) => [key, value]));

/** The deployment that each instance, own image and snapshot names in its tags, by id. */
export function deploymentsIn({ cloud }: Deployment): Record<string, string | undefined> {
  const { instances, images, snapshots, tags } = cloud.world;
  const of = (kind: string, id: string) =>
    [id, tags.of(kind, id).find(({ key }) => key === "kiln:deployment")?.value] as const;
  const own = [...images.values()].filter(({ ownerAlias }) => ownerAlias === "self");
  return Object.fromEntries([
    ...[...instances.keys()].map((id) => of("instance", id)),
    ...own.map(({ imageId }) => of("image", imageId)),
    ...[...snapshots.keys()].map((id) => of("snapshot", id)),
  ]);
}

/** An instance launched by hand, with any tags. */
export async function launchTagged(
  kiln: Deployment,
  tags: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const named = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { InstanceIdSets } = await kiln.ecs<{ InstanceIdSets: { InstanceIdSet: string[] } }>("RunInstances", {
    ...(!("ImageId" in more) && { ImageFamily: "acs:alibaba_cloud_linux_3_2104_lts_x64" }),
    InstanceType: "ecs.g7.large",
    "SystemDisk.Category": "cloud_essd",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
    Tag: named,
    ...more,
  });
  return InstanceIdSets.InstanceIdSet[0] ?? "";
}

/** Successful calls of one action, with their parameters. */
export const callsOf = ({ cloud }: Deployment, action: string) =>
  cloud.callLog.entries({ action, status: 200 });

/** Builders, test instances, and snapshots that no image needs. A settled world has none. */
export function leftovers({ cloud }: Deployment): string[] {
  const { instances, snapshots, images, tags } = cloud.world;
  const roleOf = (id: string) => tags.of("instance", id).find(({ key }) => key === "kiln:role")?.value ?? "";
  const rented = [...instances.keys()].filter((id) => ["builder", "tester"].includes(roleOf(id)));
  const used = new Set(
    [...images.values()].flatMap(({ disks }) => disks.map(({ snapshotId }) => snapshotId)),
  );
  return [...rented, ...[...snapshots.keys()].filter((id) => !used.has(id))];
}

/** Images of the account itself, oldest first. */
export const ownImages = ({ cloud }: Deployment) =>
  [...cloud.world.images.values()].filter(({ ownerAlias }) => ownerAlias === "self");

const AWAKE: ReadonlySet<string> = new Set(["Pending", "Starting", "Running"]);

/** Answers how many ran, or were about to, at once since it was asked for. */
export function watchMost({ cloud }: Deployment): () => number {
  let most = 0;
  const count = () => {
    const awake = [...cloud.world.instances.values()].filter(({ status }) => AWAKE.has(status));
    most = Math.max(most, awake.length);
    return most;
  };
  const look = () => {
    count();
    cloud.time.after(1000, { label: "count the fleet", background: true }, look);
  };
  look();
  return count;
}

/** Everything a function has logged. */
export const logOf = ({ cloud }: Deployment, name: string): string =>
  cloud.fc.invocations
    .filter((one) => one.function === `kiln-${name}`)
    .flatMap(({ logs }) => logs)
    .join("\n");

/** The report of a cleanup. */
interface CleanupReport {
  readonly unknown?: readonly { readonly id: string; readonly run: string; readonly releasesAt?: string }[];
  readonly goneRecipes?: readonly string[];
}

/** The result of the newest cleanup. */
export function lastReport({ cloud }: Deployment): CleanupReport {
  const reports = cloud.fc.invocations
    .filter(({ function: name }) => name === "kiln-janitor")
    .map(({ result }) => json<CleanupReport | undefined>(result ?? "null"));
  // The other timer reports events that were sent again.
  return reports.findLast((report) => report?.unknown !== undefined) ?? {};
}

/** Stops members as an idle check does: tagged, and without charges. A scale-out wakes these and no others. */
export function putToSleep(
  kiln: Deployment,
  ids: readonly string[] = machines(kiln).map(({ instanceId }) => instanceId),
): void {
  const { world, time } = kiln.cloud;
  const at = new Date(time.now()).toISOString();
  for (const id of ids) {
    world.tag(id, { "kiln:stopped-by": "idle-test", "kiln:stopped-at": at });
    world.stop(id, "StopCharging");
  }
}
