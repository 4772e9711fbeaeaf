/**
 * The change that gives a fleet the members it is to have. Pure.
 *
 * RECONCILE-1. One change at a time, of a bounded number of members. Instances that open reservations lead to count.
 * RECONCILE-2. The members of a surplus are selected by the run that ends them, which sees who is busy.
 * RECONCILE-3. A member that a user stops lowers the number by itself, once, unless it is beyond the number or needed for its
 *     min; started again, it gives back what it has lowered.
 *     A spot member that the cloud stops when it takes it back looks the same once it is down, so its stop lowers nothing:
 *     https://www.alibabacloud.com/help/en/ecs/user-guide/preemptible-instance-data-retention-and-data-recovery-after-interrupt-reclamation
 * RECONCILE-4. Subscriptions are bought on request only.
 * RECONCILE-5. A change that came to nothing is tried again after a pause that doubles. The pause is for that change only: one of
 *     the other kind, to another number, or of more members is made at once.
 * RECONCILE-6. A level that does not count any more is dropped, also while nothing may change (WANTED-1).
 * RECONCILE-7. A refresh may wait for hours: for a soak, an agent, capacity. Whatever it waits for, members that are missing
 *     are launched beside it, as many as it leaves the fleet itself; nothing is ended.
 * RECONCILE-8. A member that Kiln stopped and a user starts raises the number by itself, once, up to the fleet's max. While it
 *     starts it is not too many.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import { hours, minutes, utcMinute } from "../../../shared/duration.ts";
import { isDown, isStartedByHand, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import { wakingIn, type Reservations } from "../../../shared/limits/stored-reservation.ts";
import { presentOf } from "../../../shared/size/present.ts";
import type { Child, SizeState } from "../../../shared/size/log.ts";
import {
  isSized,
  isStillLowered,
  levelOf,
  standingLevel,
  wantedOf,
  type Sized,
  type Wanted,
} from "../../../shared/size/wanted.ts";

/** A surplus is ended in steps, each with its own look at what is busy. */
const END_MAX = 20;
const LAUNCH_MAX = 100;

export interface Situation {
  readonly document: Fleet;
  readonly state: SizeState;
  /** Of this deployment. */
  readonly members: readonly Instance[];
  readonly reservations: Reservations;
  /** How the run ended to which the last change was handed on. */
  readonly last: "none" | "open" | "vain" | "useful";
  /** How the last launch beside a refresh ended. */
  readonly meanwhile?: Situation["last"];
  /** The run that stops members of the fleet now. */
  readonly stopping?: string | undefined;
  readonly now: number;
}

/** A change that a run is to make; `beside`: a refresh. */
type Handed = Omit<Child, "run" | "kind"> & { readonly kind: "launch" | "end"; readonly beside?: true };

/** The change, or why there is none. `state` is to be written; with `child`, without its run, when a run makes the change. */
export interface Decision {
  readonly wanted: number;
  readonly present: number;
  readonly why: string;
  readonly state?: SizeState;
  readonly child?: Handed;
}

/** The change that `situation` asks for. */
export function decide(given: Situation): Decision {
  const { document, state, now } = given;
  if (!isSized(document)) return { wanted: 0, present: 0, why: "the fleet has no size" };
  const { level, ...rest } = state;
  if (level === undefined || standingLevel(document, level, now) !== undefined)
    return change(given, document);
  // RECONCILE-6.
  const decision = change({ ...given, state: rest }, document);
  return decision.state === undefined
    ? { ...decision, state: rest, why: `${decision.why}; what ${level.by} asked for is over` }
    : decision;
}

function change(situation: Situation, document: Fleet & Sized): Decision {
  const { state, members, reservations, now } = situation;
  const wanted = wantedOf(document, state.level, now);
  const present = presentOf(members, reservations, now);
  const none = (why: string): Decision => ({ wanted: wanted.desired, present, why });
  const refresh = state.child?.kind === "refresh" && situation.last === "open" ? state.child : undefined;
  const hindrance = hindranceOf(refresh === undefined ? situation : { ...situation, last: "none" });
  if (hindrance !== undefined) return none(hindrance);
  const starts = startsOf(situation);
  const noted = stopsOf(situation, wanted, present, starts.started);
  const { asked } = noted;
  const isLowered = asked < wanted.desired || isStillLowered(document, state.level, now);
  const lowered = isLowered && { lowered: true as const };
  const level = levelOf(document, wanted, { desired: asked, at: now, by: "user", ...lowered });
  const { desired } = level;
  const least = refresh === undefined ? desired : leastBeside(document, { ...wanted, desired });
  const missing = least < present ? Math.min(0, least - present + starts.starting) : least - present;
  const after = {
    ...state,
    level: desired === wanted.desired ? state.level : level,
    byUser: noted.byUser,
    beside: noted.beside,
    going: noted.going,
    byHand: starts.byHand,
  };
  const isRest = refresh !== undefined && missing <= 0;
  const next = isRest ? { why: `${refresh.run} is at work` } : nextOf(situation, desired, missing);
  if ("count" in next) {
    const { kind, count, why } = next;
    const vain = (vainTry(situation, { kind, wanted: desired, missing })?.vain ?? -1) + 1;
    const beside = refresh !== undefined && ({ beside: true } as const);
    const child = { at: now, vain, kind, count, wanted: desired, missing, ...beside };
    const going = kind === "launch" ? stoppedByUser(situation, "Stopping") : [];
    return { wanted: desired, present, why, state: { ...after, going }, child };
  }
  if (!noted.changed) return { wanted: desired, present, why: next.why };
  return { wanted: desired, present, why: noted.why, state: after };
}

/** RECONCILE-7. */
const leastBeside = ({ refresh = REFRESH }: Fleet, { min, desired }: Wanted): number =>
  Math.max(min, desired - refresh.maxUnavailable);

/** Why nothing may change in a fleet now. */
export function hindranceOf({ state, last, meanwhile, stopping }: Situation): string | undefined {
  if (state.paused !== undefined) return `paused by ${state.paused.by}`;
  if (last === "open") return `${state.child?.run} is at work`;
  if (meanwhile === "open") return `${state.meanwhile?.run} is at work`;
  return stopping === undefined ? undefined : `${stopping} is at work`;
}

/** Members that stop or are stopped, and not by Kiln. */
function stoppedByUser({ members, reservations, now }: Situation, status: "Stopping" | "Stopped"): string[] {
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

/** RECONCILE-3. The first look only writes down who is stopped. */
function stopsOf(situation: Situation, { desired, min }: Wanted, present: number, byHand: readonly string[]) {
  const { members, state } = situation;
  const { byUser: known, beside = [], going = [] } = state;
  const byUser = stoppedByUser(situation, "Stopped");
  const stopped = known === undefined ? [] : byUser.filter((id) => !known.includes(id));
  const up = new Set(members.filter((member) => !isDown(member)).map(({ id }) => id));
  const started = (known ?? []).filter((id) => up.has(id));
  const raised = desired + started.filter((id) => !beside.includes(id)).length + byHand.length;
  // For these others were launched, so they are not missing any more.
  const replaced = stopped.filter((id) => going.includes(id));
  const missing = Math.max(0, raised - present);
  const lowers = Math.min(stopped.length, missing + replaced.length, Math.max(0, raised - min));
  const lowering = new Set([...replaced, ...stopped].slice(0, lowers));
  const isFirst = known === undefined || state.byHand === undefined;
  const why = [
    isFirst ? "its size is kept from now on" : "",
    stopped.length > 0 ? `${stopped.join(", ")} stopped by a user` : "",
    started.length + byHand.length > 0 ? `${[...started, ...byHand].join(", ")} started by a user` : "",
  ];
  const changed = isFirst || known?.join() !== byUser.join() || byHand.length > 0;
  return {
    byUser,
    beside: byUser.filter((id) => beside.includes(id) || (stopped.includes(id) && !lowering.has(id))),
    going: going.filter((id) => stoppedByUser(situation, "Stopping").includes(id)),
    asked: raised - lowers,
    changed,
    why: why.filter(Boolean).join("; ") || "a member that a user stopped is gone",
  };
}

type Next =
  | { readonly kind: "launch" | "end"; readonly count: number; readonly why: string }
  | { readonly why: string };

function nextOf(situation: Situation, wanted: number, missing: number): Next {
  const { document } = situation;
  if (missing === 0) return { why: "it is as it is to be" };
  const kind = missing > 0 ? "launch" : "end";
  const waits = waitOf(vainTry(situation, { kind, wanted, missing }), situation.now);
  if (waits !== undefined) return { why: waits };
  const isPrepaid = document.launch.InstanceChargeType === "PrePaid" || document.allowSubscription;
  if (missing > 0 && isPrepaid)
    return {
      why: `${missing} are missing; a subscription is bought on request: scale-out ${document.name} ${missing}`,
    };
  if (missing < 0 && document.idle === undefined)
    return {
      why: `${-missing} are too many; without idle it is not known which are busy: scale-in ${document.name} INSTANCE`,
    };
  return missing > 0
    ? {
        kind: "launch",
        count: Math.min(missing, document.limits.perRequest, LAUNCH_MAX),
        why: `${missing} are missing`,
      }
    : { kind: "end", count: Math.min(-missing, END_MAX), why: `${-missing} are too many` };
}

/** The last try, if it was one of the same need and came to nothing (RECONCILE-5). */
function vainTry(
  { state, ...ends }: Situation,
  { kind, wanted, missing }: Pick<Child, "kind"> & { readonly wanted: number; readonly missing: number },
): Child | undefined {
  const child = state.meanwhile ?? state.child;
  const last = state.meanwhile === undefined ? ends.last : ends.meanwhile;
  if (last !== "vain" || child?.kind !== kind || (child.wanted ?? wanted) !== wanted) return undefined;
  return Math.abs(missing) > Math.abs(child.missing ?? missing) ? undefined : child;
}

function waitOf(vain: Child | undefined, now: number): string | undefined {
  if (vain === undefined) return undefined;
  const until = vain.at + Math.min(minutes(10) * 2 ** vain.vain, hours(2));
  return now < until ? `${vain.run} came to nothing; the next try is from ${utcMinute(until)} on` : undefined;
}
