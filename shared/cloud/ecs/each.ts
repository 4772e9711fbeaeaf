/**
 * Changes many instances; one that is refused does not hold up the others.
 *
 * A batch that is refused as a whole (an instance was released, another has its twenty tags already) is repeated one
 * by one. An error that a retry may cure is thrown, because all of these changes are safe to repeat.
 */
import type { CloudClient } from "../client.ts";
import {
  deleteInstance,
  setAutoRelease,
  startInstances,
  stopInstances,
  type Instance,
  type InstanceOutcome,
  type StoppedMode,
} from "./instances.ts";
import { tagResources, untagResources, type Taggable } from "./tags.ts";
import { permanent } from "../../errors.ts";

/** An instance whose change was refused, and why. */
export interface Refused {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** @returns the resources that could not be tagged. */
export const tagEach = (
  cloud: CloudClient,
  ids: readonly string[],
  tags: Readonly<Record<string, string>>,
  kind: Taggable = "instance",
): Promise<Refused[]> => each(ids, async (some) => (await tagResources(cloud, kind, some, tags), []));

/** @returns the instances whose tags could not be removed. */
export const untagEach = (
  cloud: CloudClient,
  ids: readonly string[],
  keys: readonly string[],
): Promise<Refused[]> => each(ids, async (some) => (await untagResources(cloud, "instance", some, keys), []));

/** @returns the instances that were not stopped. */
export const stopEach = (
  cloud: CloudClient,
  ids: readonly string[],
  stoppedMode: StoppedMode,
): Promise<Refused[]> => each(ids, async (some) => unfit(await stopInstances(cloud, some, { stoppedMode })));

/** @returns the instances that were not started. */
export const startEach = (cloud: CloudClient, ids: readonly string[]): Promise<Refused[]> =>
  each(ids, async (some) => unfit(await startInstances(cloud, some)));

/**
 * Releases one by one, because DeleteInstances has one answer for all. `force` releases running instances too.
 * @returns the instances that were not released.
 */
export async function releaseEach(
  cloud: CloudClient,
  ids: readonly string[],
  options: { readonly force: boolean },
): Promise<Refused[]> {
  return oneByOne(ids, (id) => deleteInstance(cloud, id, options));
}

/**
 * Lets the cloud release the stopped ones at `at`, before they are started, if they would run for ever; all of them may be
 * started when `at` is undefined. A subscription has no such instant.
 * @returns the ids of the stopped ones that may be started, and those that got no instant.
 */
export async function expireStopped(
  cloud: CloudClient,
  instances: readonly Instance[],
  at: number | undefined,
): Promise<{ readonly startable: string[]; readonly refused: Refused[] }> {
  const stopped = instances.filter(({ status }) => status === "Stopped");
  const endless = stopped.filter(
    ({ chargeType, autoReleaseAt }) => chargeType === "PostPaid" && autoReleaseAt === undefined,
  );
  const ids = at === undefined ? [] : endless.map(({ id }) => id);
  const refused = await oneByOne(ids, (id) => setAutoRelease(cloud, id, at));
  const refusedIds = new Set(refused.map(({ id }) => id));
  return { startable: stopped.map(({ id }) => id).filter((id) => !refusedIds.has(id)), refused };
}

async function oneByOne(ids: readonly string[], change: (id: string) => Promise<void>): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const id of ids) refused.push(...(await each([id], async () => (await change(id), []))));
  return refused;
}

const unfit = (outcomes: readonly InstanceOutcome[]): Refused[] => outcomes.filter(({ ok }) => !ok);

async function each(
  ids: readonly string[],
  change: (ids: readonly string[]) => Promise<Refused[]>,
): Promise<Refused[]> {
  if (ids.length === 0) return [];
  try {
    return await change(ids);
  } catch (error) {
    const { code, message } = permanent(error);
    const [only, ...others] = ids;
    if (only !== undefined && others.length === 0) return [{ id: only, code, message }];
    const refused: Refused[] = [];
    for (const id of ids) refused.push(...(await each([id], change)));
    return refused;
  }
}
