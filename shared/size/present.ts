/** How many members of a fleet run, or are about to. Pure. */
import type { Instance } from "../cloud/ecs/instance.ts";
import { isDown } from "../instance-tags.ts";
import { liveOf, openOf, sum, wakingIn, type Reservations } from "../limits/stored-reservation.ts";
import { TAG } from "../tags.ts";

/** An instance that is interrupted ends within five minutes: https://www.alibabacloud.com/help/en/ecs/user-guide/spot-instances-overview */
const isTakenBack = ({ locks }: Instance): boolean => locks.includes("Recycling");

/** Whether a member runs or starts, and the cloud does not take it back. */
export const isPresent = (member: Instance): boolean => !isDown(member) && !isTakenBack(member);

/** Counts a member once, and all that open reservations lead to, listed or not. One that the cloud takes back is gone. */
export function presentOf(members: readonly Instance[], reservations: Reservations, now: number): number {
  const open = openOf(reservations.grants, now);
  const waking = wakingIn(reservations, now);
  const runs = new Set(open.map(({ run }) => run));
  const settled = members.filter(
    (member) => isPresent(member) && !waking.has(member.id) && !runs.has(member.tags[TAG.run] ?? ""),
  );
  return settled.length + waking.size + sum(open.map(liveOf));
}
