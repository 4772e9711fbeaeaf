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
import { whyKept } from "../../../shared/kept.ts";
import { oldestFirst } from "../../../shared/limits/members.ts";
import { TAG } from "../../../shared/tags.ts";
import { protectedBy } from "../idle-check/decide.ts";
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

/** Whether a member may be ended that no caller names. */
const mayLeave = (member: Instance, { fleet, policy, current, now }: Selection): boolean =>
  whyKept(member, fleet, actionOf(member, fleet, current), now) === undefined &&
  protectedBy(member, { ...policyNow(policy), windowMs: 0 }, now) === undefined;

/** `current`: the image that the family serves. */
const isOld = ({ imageId }: Instance, current: string | undefined): boolean =>
  current !== undefined && imageId !== current;

/** SHRINK-3. */
export const actionOf = (
  member: Instance,
  { idle, wake }: Fleet,
  current: string | undefined,
): Leaver["action"] =>
  idle?.action === "stop" && (wake.olderImages || !isOld(member, current)) ? "stop" : "release";

interface Selection {
  readonly fleet: Fleet;
  readonly policy: IdlePolicy;
  readonly current: string | undefined;
  readonly now: number;
}

/** The members that may leave, those that leave first at the front (SHRINK-2). @throws CloudError without metrics */
export async function leavers(
  members: readonly Instance[],
  selection: Selection,
  cloud: CloudClient,
): Promise<Leaver[]> {
  const { fleet, policy, current, now } = selection;
  const oldImageFirst = (a: Instance, b: Instance): number =>
    Number(isOld(b, current)) - Number(isOld(a, current));
  const open = members
    .map(withoutHours)
    .filter((member) => mayLeave(member, selection))
    .toSorted((a, b) => oldImageFirst(a, b) || oldestFirst(a, b))
    .slice(0, LOOKED_AT_MAX);
  const quiet = await quietOnes(cloud, open, policyNow(policy), now);
  return quiet
    .toSorted(
      (a, b) =>
        oldImageFirst(a.instance, b.instance) ||
        Number(b.idle) - Number(a.idle) ||
        oldestFirst(a.instance, b.instance),
    )
    .map(({ instance, idle, reason }) => {
      const why = isOld(instance, current)
        ? `its image ${instance.imageId} is not the one that ${fleet.family} serves`
        : idle
          ? reason
          : "it is the oldest that does not work now";
      return { id: instance.id, action: actionOf(instance, fleet, current), why };
    });
}
