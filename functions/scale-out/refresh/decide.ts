/**
 * The next move of a refresh: members of the new image are launched beside the others, which then end. Pure.
 *
 * REFRESH-1. At most `surge` members more than wanted, never above the fleet's max; at most `maxUnavailable` less, never below
 *     the min of the instant.
 * REFRESH-2. The canaries are the first launch, and nothing of the rest moves before they have passed.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { RefreshPolicy } from "../../../shared/documents/refresh.ts";
import { oldestFirst } from "../../../shared/limits/members.ts";
import type { Reservations } from "../../../shared/limits/stored-reservation.ts";
import { isPresent, presentOf } from "../../../shared/size/present.ts";
import type { Wanted } from "../../../shared/size/wanted.ts";

/** An end is one run of stop-idle, with its own look at what is busy. */
const END_MAX = 20;

export interface Look {
  /** Of this deployment. */
  readonly members: readonly Instance[];
  readonly reservations: Reservations;
  readonly wanted: Wanted;
  readonly limits: { readonly max: number; readonly perRequest: number };
  readonly policy: Pick<RefreshPolicy, "maxUnavailable" | "surge" | "canary">;
  /** Whether a member is to be replaced. */
  readonly isOld: (member: Instance) => boolean;
  /** Members that could not be ended. */
  readonly left: readonly string[];
  /** Whether the canaries are still to be launched. */
  readonly untested: boolean;
  readonly now: number;
}

export type Move =
  | { readonly kind: "launch"; readonly count: number }
  | { readonly kind: "end"; readonly ids: readonly string[]; readonly least: number }
  | { readonly kind: "finish" }
  | { readonly kind: "stuck"; readonly why: string };

/** The move that `look` asks for. */
export function nextMove(look: Look): Move {
  const { members, reservations, wanted, limits, policy, now } = look;
  const up = members.filter(isPresent);
  const left = new Set(look.left);
  const old = up.filter((member) => look.isOld(member) && !left.has(member.id));
  if (old.length === 0) return { kind: "finish" };
  const present = presentOf(members, reservations, now);
  const kept = up.filter((member) => !look.isOld(member) || left.has(member.id)).length;
  const canaries = look.untested ? canariesOf(policy, wanted) : undefined;
  const room = Math.min(
    wanted.desired - kept,
    canaries ?? wanted.desired + policy.surge - present,
    limits.max - present,
    limits.perRequest,
  );
  if (room > 0) return { kind: "launch", count: room };
  const least = Math.max(wanted.min, wanted.desired - policy.maxUnavailable);
  const count = Math.min(old.length, present - least, END_MAX, canaries ?? END_MAX);
  const ids = old.toSorted(oldestFirst).map(({ id }) => id);
  if (count > 0) return { kind: "end", ids: ids.slice(0, count), least };
  return {
    kind: "stuck",
    why: `no member can be replaced: ${present} of at most ${limits.max} are there, and ${least} are needed at least; raise limits.max, or refresh.surge or maxUnavailable`,
  };
}

/**
 * The first `most` moves from `look` on, if each of them does what it is to do; none when nothing is to be replaced, fewer when
 * the refresh is over or stuck.
 */
export function batchesOf(look: Look, most: number): Move[] {
  const fresh = new Set<string>();
  const isOld = (one: Instance): boolean => !fresh.has(one.id) && look.isOld(one);
  // Any member that is replaced, as it is once it has the other image.
  const model = look.members.find((one) => isPresent(one) && look.isOld(one));
  const moves: Move[] = [];
  let now: Look = { ...look, isOld };
  while (model !== undefined && moves.length < most) {
    const move = nextMove(now);
    if (move.kind === "finish") break;
    moves.push(move);
    if (move.kind === "stuck") break;
    const added = move.kind === "launch" ? newOnes(model, moves.length, move.count) : [];
    for (const { id } of added) fresh.add(id);
    const ended = new Set(move.kind === "end" ? move.ids : []);
    const members = [...now.members.filter(({ id }) => !ended.has(id)), ...added];
    now = { ...now, members, untested: now.untested && move.kind !== "launch" };
  }
  return moves;
}

/** Launches without an open reservation, which count as they are. */
const newOnes = (model: Instance, turn: number, count: number): Instance[] =>
  Array.from({ length: count }, (_, n) => ({ ...model, id: `new ${turn}-${n}`, tags: {} }));

const canariesOf = ({ canary }: Look["policy"], { desired }: Wanted): number | undefined =>
  canary && Math.max(1, Math.ceil((desired * canary.percent) / 100));
