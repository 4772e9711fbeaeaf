/**
 * Which members a smaller fleet loses, and how each is ended.
 *
 * SHRINK-1. Members that are opted out, locked, protected, subscriptions, in their grace or on their way stay, and so does
 *     one that works, or of which the last minutes are not known.
 * SHRINK-2. The order: an old image, then idle over the whole window, then the oldest.
 * SHRINK-3. A member is ended as idle ones are; one of an image that no wake starts again is released.
 * SHRINK-4. One that a caller names may be at work and young; the rest of SHRINK-1 holds.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { optedOutUntil } from "../../../shared/instance-tags.ts";
import { TAG } from "../../../shared/tags.ts";
import { protectedBy, unreleasable } from "../idle-check/decide.ts";
import { quietOnes } from "../idle-check/metrics.ts";

/** A member to end, and why. */
export const Leaver = z.strictObject({
  id: z.string(),
  action: z.enum(["stop", "release"]),
  why: z.string(),
});
export type Leaver = z.infer<typeof Leaver>;

/** Metrics are read of as many: four calls for each. */
const LOOKED_AT_MAX = 200;

/** Working hours say when a fleet is up, not how large it is; and a look at the last minutes replaces the window. */
export const policyNow = ({ upDuring: _hours, ...policy }: IdlePolicy): IdlePolicy => ({
  ...policy,
  outside: "idle",
});

/** As `policyNow`, of the hours in the tag of a member. */
function withoutHours(member: Instance): Instance {
  const { [TAG.upDuring]: _hours, ...tags } = member.tags;
  return { ...member, tags };
}

/** Why a member stays whoever asks; undefined when it may be ended. */
export function whyKept(
  member: Instance,
  { idle }: Fleet,
  action: Leaver["action"],
  now: number,
): string | undefined {
  const { status, locks, deletionProtection } = member;
  if (status !== "Running") return `it is ${status}`;
  if (deletionProtection) return "it is protected from release";
  const [, unfit] = (action === "release" && unreleasable(member)) || [];
  if (unfit !== undefined) return `it ${unfit}`;
  if (locks.length > 0) return `it is locked (${locks.join(", ")})`;
  const tag = idle?.optOutTag ?? TAG.keep;
  return optedOutUntil(member, tag, now) === undefined ? undefined : `its tag ${tag} asks for it`;
}

/** As `whyKept`, of a member that no caller names. */
const whyNotNow = (member: Instance, fleet: Fleet, policy: IdlePolicy, now: number): string | undefined =>
  whyKept(member, fleet, actionOf(member, fleet, undefined), now) ??
  protectedBy(member, { ...policyNow(policy), windowMs: 0 }, now)?.[1];

/** SHRINK-3. `current`: the image that the family serves. */
export function actionOf(
  { imageId }: Instance,
  { idle, wake }: Fleet,
  current: string | undefined,
): Leaver["action"] {
  const isOld = current !== undefined && imageId !== current;
  return idle?.action === "stop" && !(isOld && !wake.olderImages) ? "stop" : "release";
}

interface Selection {
  readonly fleet: Fleet;
  readonly policy: IdlePolicy;
  readonly current: string | undefined;
  readonly now: number;
}

/** The members that may leave, those that leave first at the front (SHRINK-2). @throws CloudError without metrics */
export async function leavers(
  members: readonly Instance[],
  { fleet, policy, current, now }: Selection,
  cloud: CloudClient,
): Promise<Leaver[]> {
  const isOld = ({ imageId }: Instance): boolean => current !== undefined && imageId !== current;
  const open = members
    .map(withoutHours)
    .filter((member) => whyNotNow(member, fleet, policy, now) === undefined)
    .toSorted((a, b) => Number(isOld(b)) - Number(isOld(a)) || compareAge(a, b))
    .slice(0, LOOKED_AT_MAX);
  const quiet = await quietOnes(cloud, open, policyNow(policy), now);
  return quiet
    .toSorted(
      (a, b) =>
        Number(isOld(b.instance)) - Number(isOld(a.instance)) ||
        Number(b.idle) - Number(a.idle) ||
        compareAge(a.instance, b.instance),
    )
    .flatMap(({ instance, idle, reason }) => {
      const action = actionOf(instance, fleet, current);
      if (whyKept(instance, fleet, action, now) !== undefined) return [];
      const why = isOld(instance)
        ? `its image ${instance.imageId} is not the one that ${fleet.family} serves`
        : idle
          ? reason
          : "it is the oldest that does not work now";
      return [{ id: instance.id, action, why }];
    });
}

const compareAge = (a: Instance, b: Instance): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
