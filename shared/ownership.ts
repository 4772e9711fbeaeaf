/**
 * Whose a resource is, by its tags: read right before every change (OWN-3). Also adopts the resources of a version
 * before `kiln:deployment`.
 *
 * ADOPT-1. Such a resource belongs to the deployment whose bucket has a log or record of the run in its tags. It gets that
 *     deployment's tag, once, and is like any other from then on.
 * ADOPT-2. A run that no log names may be another deployment's: its resources are left alone.
 */
import { inRegion, type CloudClient } from "./cloud/client.ts";
import { tagResources, type Taggable } from "./cloud/ecs/tags.ts";
import { CloudError } from "./errors.ts";
import { isRunId } from "./names.ts";
import { ok, problem, type Result } from "./result.ts";
import { isOwn, ownTags, TAG } from "./tags.ts";
import { readRunLog } from "./workflow/run-log.ts";

interface Tagged {
  readonly tags: Readonly<Record<string, string>>;
}

interface Resource extends Tagged {
  readonly id: string;
}

/** What a resource is, and where; without a region it is at home. */
interface Sort {
  readonly kind: Taggable;
  readonly region?: string;
}

/** The run of a resource that no deployment has; undefined for any other resource. */
export function unadoptedRun({ tags }: Tagged): string | undefined {
  const run = tags[TAG.run];
  return TAG.deployment in tags || run === undefined || !isRunId(run) ? undefined : run;
}

/** The resource if it is this deployment's, else a sentence that names it. One of the previous version is adopted. */
export async function owned<T extends Resource>(
  cloud: CloudClient,
  { kind, region }: Sort,
  resource: T,
): Promise<Result<T>> {
  if (isOwn(cloud, resource)) return ok(resource);
  const foreign = await foreignProblem(cloud, resource);
  if (foreign !== undefined) return problem(foreign);
  const tags = ownTags(cloud, {});
  await tagResources(inRegion(cloud, region), kind, [resource.id], tags);
  return ok({ ...resource, tags: { ...resource.tags, ...tags } });
}

/** Why Kiln must not change a resource: another deployment or a user made it. For dry runs as well: adopts nothing. */
export async function foreignProblem(cloud: CloudClient, resource: Resource): Promise<string | undefined> {
  if (isOwn(cloud, resource)) return undefined;
  const run = unadoptedRun(resource);
  if (run !== undefined && (await isKnown(run, cloud))) return undefined;
  return `${resource.id} does not carry the tag ${TAG.deployment} = ${cloud.access.bucket}, so Kiln leaves it as it is`;
}

/**
 * Why Kiln must not work on a machine that a user names: another deployment has it. One that no deployment has made is the
 * user's own, and there is no reason.
 */
export async function otherOwnerProblem(cloud: CloudClient, resource: Resource): Promise<string | undefined> {
  const { id, tags } = resource;
  const run = unadoptedRun(resource);
  if (!(TAG.deployment in tags) && run === undefined) return undefined;
  if ((await foreignProblem(cloud, resource)) === undefined) return undefined;
  const whose =
    run === undefined
      ? `the deployment of bucket ${tags[TAG.deployment]}`
      : `another deployment (run ${run})`;
  return `${id} belongs to ${whose}, so Kiln leaves it as it is; name an instance of your own`;
}

/** As `owned`, for what a run made for itself: it is this run's too. Undefined stays undefined. */
export async function ownedByRun<T extends Resource>(
  cloud: CloudClient,
  sort: Sort,
  resource: T | undefined,
  run: string,
): Promise<Result<T | undefined>> {
  if (resource === undefined) return ok(undefined);
  if (resource.tags[TAG.run] === run) return owned(cloud, sort, resource);
  return problem(`${resource.id} does not carry the tag ${TAG.run} = ${run}, so Kiln leaves it as it is`);
}

async function isKnown(run: string, cloud: CloudClient): Promise<boolean> {
  try {
    return (await readRunLog(cloud, run)).lines.length > 0;
  } catch (error) {
    if (error instanceof CloudError) throw error;
    // An object that is no log names no run.
    return false;
  }
}
