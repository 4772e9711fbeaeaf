/**
 * A request for at least `min` instances or none.
 *
 * MINIMUM-1. A request that limits do not allow is not begun. One that fails later is undone: the instances that the run launched
 *     are released, each read again right before. One that the cloud refuses holds up no other. Members that it woke run on until they are
 *     idle.
 * MINIMUM-2. A subscription cannot be released, so a fleet of subscriptions takes no such request.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { releaseEach } from "../../../shared/cloud/ecs/each.ts";
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import type { Input } from "./events.ts";
import { canRelease, releasableBy, summarize } from "./launched.ts";

/** Releases are sequential calls; as many are made in one step. */
const RELEASE_SLICE = 20;

/** A refusal travels in the event, so its length is limited. */
const REFUSAL_MAX = 120;

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

/** How far the release of what was launched has come. It goes through the instances by id, again while any is released. */
export const Undo = z.strictObject({
  /** The last one that was tried; empty before the first. */
  after: z.string(),
  /** How many were released since the first. */
  released: z.int(),
  /** The latest refusal since the first. */
  refusal: z.optional(z.string()),
});
type Undo = z.infer<typeof Undo>;

/** @returns how many were released; how it goes on, when it does; and else, when any was refused, a note that says so. */
export async function undoSome(
  run: string,
  launched: readonly Instance[],
  { after, released, refusal }: Undo,
  cloud: CloudClient,
): Promise<{ readonly count: number; readonly next?: Undo; readonly note?: string }> {
  const all = launched.filter(canRelease).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const left = all.filter(({ id }) => id > after);
  const some = left.slice(0, RELEASE_SLICE);
  const own = (await releasableBy(run, some, cloud)).map(({ id }) => id);
  const refused = await releaseEach(cloud, own, { force: true });
  const count = own.length - refused.length;
  const latest =
    refused.map(({ code, message }) => `${code} ${message}`.slice(0, REFUSAL_MAX)).at(-1) ?? refusal;
  const last = some.at(-1)?.id ?? after;
  if (left.length > some.length)
    return { count, next: { after: last, released: released + count, refusal: latest } };
  if (released + count > 0) return { count, next: { after: "", released: 0 } };
  if (latest === undefined) return { count };
  return { count, note: `${summarize(all.map(({ id }) => id))} cannot be released: ${latest}` };
}
