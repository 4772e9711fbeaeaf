/** The stops and starts of members by users since the last look. Pure. */
import { isDown, isStartedByHand, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import { wakingIn } from "../../../shared/limits/stored-reservation.ts";
import type { SizeState } from "../../../shared/size/log.ts";
import type { Wanted } from "../../../shared/size/wanted.ts";
import type { Situation } from "./decide.ts";

/** Members that stop or are stopped, and not by Kiln. */
export function stoppedByUser(
  { members, reservations, now }: Situation,
  status: "Stopping" | "Stopped",
): string[] {
  const waking = wakingIn(reservations, now);
  return members
    .filter(
      (member) =>
        member.status === status &&
        member.startedAt !== undefined &&
        stoppedByKilnAt(member) === undefined &&
        member.stopsWhenTakenBack === undefined &&
        !waking.has(member.id),
    )
    .map(({ id }) => id)
    .toSorted();
}

/** So many are written down: beyond them a start raises nothing. */
const BY_HAND_MAX = 100;

/** RECONCILE-8. */
function startsOf({ members, state, reservations, now }: Situation) {
  const { byUser = [], byHand: { from, starts: known } = { from: now, starts: {} } } = state;
  const waking = wakingIn(reservations, now);
  const all = members.filter((member) => isStartedByHand(member) && !waking.has(member.id));
  const up = all.filter(({ status }) => status === "Running");
  const counted = up
    .flatMap(({ id, startedAt = 0 }): [string, number][] => (startedAt > from ? [[id, startedAt]] : []))
    .slice(0, BY_HAND_MAX);
  return {
    byHand: { from, starts: Object.fromEntries(counted) },
    started: counted.flatMap(([id, at]) => (known[id] === at || byUser.includes(id) ? [] : [id])),
    starting: all.length - up.length,
  };
}

/** RECONCILE-3. The first look only writes down who is stopped; `raisedBy`: how many others users have started. */
function stopsOf(situation: Situation, { desired, min }: Wanted, present: number, raisedBy: number) {
  const { members, state } = situation;
  const { byUser: known, beside = [], going = [] } = state;
  const byUser = stoppedByUser(situation, "Stopped");
  const stopped = known === undefined ? [] : byUser.filter((id) => !known.includes(id));
  const up = new Set(members.filter((member) => !isDown(member)).map(({ id }) => id));
  const started = (known ?? []).filter((id) => up.has(id));
  const raised = desired + started.filter((id) => !beside.includes(id)).length + raisedBy;
  // For these others were launched, so they are not missing any more.
  const replaced = stopped.filter((id) => going.includes(id));
  const missing = Math.max(0, raised - present);
  const lowers = Math.min(stopped.length, missing + replaced.length, Math.max(0, raised - min));
  const lowering = new Set([...replaced, ...stopped].slice(0, lowers));
  return {
    byUser,
    beside: byUser.filter((id) => beside.includes(id) || (stopped.includes(id) && !lowering.has(id))),
    going: going.filter((id) => stoppedByUser(situation, "Stopping").includes(id)),
    asked: raised - lowers,
    stopped,
    started,
  };
}

interface Acts {
  /** The number that they ask for. */
  readonly asked: number;
  readonly state: Pick<SizeState, "byUser" | "beside" | "going" | "byHand">;
  /** Members that users start now. */
  readonly starting: number;
  /** Whether there are some that were not written down before. */
  readonly changed: boolean;
  readonly why: string;
}

/** Those of users wait. */
export const noActs = ({ desired }: Wanted): Acts => ({
  asked: desired,
  state: {},
  starting: 0,
  changed: false,
  why: "",
});

/** What users have done to the members of a fleet that has `present` (RECONCILE-3, RECONCILE-8). */
export function actsOfUsers(situation: Situation, wanted: Wanted, present: number): Acts {
  const { state } = situation;
  const { byHand, started: others, starting } = startsOf(situation);
  const { asked, stopped, started, ...noted } = stopsOf(situation, wanted, present, others.length);
  const isFirst = state.byUser === undefined || state.byHand === undefined;
  const all = [...started, ...others];
  const why = [
    isFirst ? "its size is kept from now on" : "",
    stopped.length > 0 ? `${stopped.join(", ")} stopped by a user` : "",
    all.length > 0 ? `${all.join(", ")} started by a user` : "",
  ];
  return {
    asked,
    state: { ...noted, byHand },
    starting,
    changed: isFirst || state.byUser?.join() !== noted.byUser.join() || others.length > 0,
    why: why.filter(Boolean).join("; ") || "a member that a user stopped is gone",
  };
}
