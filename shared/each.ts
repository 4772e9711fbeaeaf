/**
 * Changes to many instances where one that is unfit does not spoil the others.
 *
 * A batch that is refused as a whole (one of its instances is gone, one has its twenty tags) is repeated one
 * by one. An error that asks for patience is thrown: nothing of it is lost, since all of this may be repeated.
 */
import type { CloudClient } from "./cloud/client.ts";
import {
  deleteInstance,
  startInstances,
  stopInstances,
  type InstanceOutcome,
  type StoppedMode,
} from "./cloud/instances.ts";
import { tagResources, untagResources } from "./cloud/tags.ts";
import { CloudError } from "./errors.ts";

/** An instance that was left out, and why. */
export interface Refused {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** @returns those that could not be tagged. */
export const tagEach = (
  cloud: CloudClient,
  ids: readonly string[],
  tags: Readonly<Record<string, string>>,
): Promise<Refused[]> => each(ids, async (some) => (await tagResources(cloud, "instance", some, tags), []));

/** @returns those whose tags could not be taken away. */
export const untagEach = (
  cloud: CloudClient,
  ids: readonly string[],
  keys: readonly string[],
): Promise<Refused[]> => each(ids, async (some) => (await untagResources(cloud, "instance", some, keys), []));

/** @returns those that were not stopped. */
export const stopEach = (
  cloud: CloudClient,
  ids: readonly string[],
  stoppedMode: StoppedMode,
): Promise<Refused[]> => each(ids, async (some) => unfit(await stopInstances(cloud, some, { stoppedMode })));

/** @returns those that were not started. */
export const startEach = (cloud: CloudClient, ids: readonly string[]): Promise<Refused[]> =>
  each(ids, async (some) => unfit(await startInstances(cloud, some)));

/**
 * `force` releases running ones too. One by one from the start: their batch has no answers one by one.
 * @returns those that were not released.
 */
export async function releaseEach(
  cloud: CloudClient,
  ids: readonly string[],
  options: { readonly force: boolean },
): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const id of ids) {
    const release = async () => (await deleteInstance(cloud, id, options), []);
    refused.push(...(await each([id], release)));
  }
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
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    const [only, ...others] = ids;
    if (only !== undefined && others.length === 0)
      return [{ id: only, code: error.code, message: error.message }];
    const refused: Refused[] = [];
    for (const id of ids) refused.push(...(await each([id], change)));
    return refused;
  }
}
