/**
 * A request for at least `min` instances or none.
 *
 * MINIMUM-1. What limits do not allow is not begun. What fails later is undone: the instances that the run launched are
 *     released, each read again right before. Members that it woke run on until they are idle.
 * MINIMUM-2. A subscription cannot be released, so a fleet of subscriptions takes no such request.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { releaseEach } from "../../../shared/cloud/ecs/each.ts";
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import type { Input } from "./events.ts";
import { canRelease, releasableBy } from "./launched.ts";

/** Releases are sequential calls; as many are made in one step. */
const RELEASE_SLICE = 20;

type Asked = Pick<Input, "count" | "min">;

/** Why a request for a minimum cannot be held, or undefined. */
export function minimumProblem({ count, min }: Asked, isSubscription: boolean): string | undefined {
  if (min === undefined) return undefined;
  if (min > count) return `min is ${min}, more than the ${count} instances asked for`;
  return isSubscription
    ? "min cannot be held by a fleet of subscriptions, which are not released; leave it out"
    : undefined;
}

/** Why so few are not enough, or undefined. */
export const tooFew = (found: number, { count, min = 0 }: Asked): string | undefined =>
  found < min ? `at least ${min} of ${count} are asked for, and there are ${found}` : undefined;

/** Releases some of the instances that a run launched. @returns how many; 0 when none is left that may be released. */
export async function undoSome(
  run: string,
  launched: readonly Instance[],
  cloud: CloudClient,
): Promise<number> {
  const some = launched.filter(canRelease).slice(0, RELEASE_SLICE);
  const own = (await releasableBy(run, some, cloud)).map(({ id }) => id);
  await releaseEach(cloud, own, { force: true });
  return own.length;
}
