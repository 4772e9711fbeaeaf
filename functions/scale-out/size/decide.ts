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
 * RECONCILE-7. A refresh may wait for hours: for a soak, an agent, capacity; a stop for the probes of those that it asks.
 *     Whatever they wait for, members that are missing are launched beside them: as many as a refresh leaves the fleet itself,
 *     and for a stop the min, below which none goes. Nothing is ended meanwhile.
 * RECONCILE-8. A member that Kiln stopped and a user starts raises the number by itself, once, up to the fleet's max. While it
 *     starts it is not too many.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import { hours, minutes, utcMinute } from "../../../shared/duration.ts";
import type { Reservations } from "../../../shared/limits/stored-reservation.ts";
import { presentOf } from "../../../shared/size/present.ts";
import type { Child, SizeState } from "../../../shared/size/log.ts";
import {
  isSized,
  isStillLowered,
  levelOf,
  standingLevel,
  wantedOf,
  type Level,
  type Sized,
  type Wanted,
} from "../../../shared/size/wanted.ts";
import { actsOfUsers, noActs, stoppedByUser } from "./by-user.ts";

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
  const isWaiting = openWait(situation) !== undefined;
  const hindrance = hindranceOf(isWaiting ? { ...situation, last: "none", stopping: undefined } : situation);
  if (hindrance !== undefined) return { wanted: wanted.desired, present, why: hindrance };
  // A stop lowers the number once it is over, by what has run when it began.
  const acts = isStopping(situation) ? noActs(wanted) : actsOfUsers(situation, wanted, present);
  const level = levelAfter(situation, document, wanted, acts.asked);
  const { desired } = level ?? wanted;
  const after = { ...state, level: level ?? state.level, ...acts.state };
  const missing = missingOf(situation, document, { ...wanted, desired }, { present, ...acts });
  const next = nextOf(situation, desired, missing);
  const here = { wanted: desired, present, why: next.why };
  if ("count" in next) {
    const going = next.kind === "launch" ? stoppedByUser(situation, "Stopping") : [];
    return { ...here, state: { ...after, going }, child: handed(situation, next, desired, missing) };
  }
  return acts.changed ? { ...here, why: acts.why, state: after } : here;
}

/** Whether a run stops members, or is about to. */
const isStopping = ({ state: { child }, last, stopping }: Situation): boolean =>
  stopping !== undefined || (child?.kind === "end" && last === "open");

/** The run at work that may wait for long, and that launches nothing itself before it has reserved it (RECONCILE-7). */
const openWait = (situation: Situation): string | undefined => {
  const { state, last, stopping } = situation;
  const open = last === "open" ? state.child : undefined;
  return open?.kind === "launch" ? undefined : (open?.run ?? stopping);
};

function handed(
  situation: Situation,
  { kind, count }: Pick<Handed, "kind" | "count">,
  wanted: number,
  missing: number,
): Handed {
  const vain = (vainTry(situation, { kind, wanted, missing })?.vain ?? -1) + 1;
  const child = { at: situation.now, vain, kind, count, wanted, missing };
  return situation.last === "open" ? { ...child, beside: true } : child;
}

/** The level once users have asked for so many members; undefined when that is the number already. */
function levelAfter(
  { state, now }: Situation,
  document: Sized,
  wanted: Wanted,
  asked: number,
): Level | undefined {
  const isLowered = asked < wanted.desired || isStillLowered(document, state.level, now);
  const lowered = isLowered && { lowered: true as const };
  const level = levelOf(document, wanted, { desired: asked, at: now, by: "user", ...lowered });
  return level.desired === wanted.desired ? undefined : level;
}

/** How many are missing; less than 0: too many, without those that users start (RECONCILE-7, RECONCILE-8). */
function missingOf(
  situation: Situation,
  { refresh = REFRESH }: Fleet,
  { min, desired }: Wanted,
  { present, starting }: { readonly present: number; readonly starting: number },
): number {
  if (openWait(situation) !== undefined) {
    const least = isStopping(situation) ? min : Math.max(min, desired - refresh.maxUnavailable);
    return Math.max(0, least - present);
  }
  return desired < present ? Math.min(0, desired - present + starting) : desired - present;
}

/** Why nothing may change in a fleet now. */
export function hindranceOf({ state, last, meanwhile, stopping }: Situation): string | undefined {
  if (state.paused !== undefined) return `paused by ${state.paused.by}`;
  if (last === "open") return `${state.child?.run} is at work`;
  if (meanwhile === "open") return `${state.meanwhile?.run} is at work`;
  return stopping === undefined ? undefined : `${stopping} is at work`;
}

type Next =
  | { readonly kind: "launch" | "end"; readonly count: number; readonly why: string }
  | { readonly why: string };

function nextOf(situation: Situation, wanted: number, missing: number): Next {
  const { document } = situation;
  if (missing === 0) {
    const open = openWait(situation);
    return { why: open === undefined ? "it is as it is to be" : `${open} is at work` };
  }
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
