/**
 * Which deliveries are to be requested again. Pure: the list of deliveries is all there is to know.
 *
 * REDELIVER-1. An event is lost while no attempt to deliver it has succeeded. An earlier success counts too: an operator may
 *     have sent it again by hand.
 * REDELIVER-2. The waits between attempts grow: a webhook that refuses an event goes on to refuse it until its settings
 *     change.
 * REDELIVER-3. GitHub lists nothing of a request that it refuses, so its event stays due. None of those may keep others of its
 *     kind from their turn: half of the requests are for the newest events, the other half for any of the rest.
 * REDELIVER-4. Of a job that began or ended while the webhook was away, the announcement is lost too, and must not launch. So
 *     ends are requested first, then beginnings, and announcements when there is no more of both than one run may request.
 */
import { hours, minutes } from "../../../shared/duration.ts";
import { takeTurns } from "../turns.ts";
import type { Delivery } from "./github.ts";

const WAIT_MS = minutes(5);
const WAIT_MAX_MS = hours(6);

/** The events that this deployment acts on; a hook may send others too. */
const EVENT = "workflow_job";

interface Lost {
  /** The newest attempt of each event that is lost, the newest first. */
  readonly failed: readonly Delivery[];
  /** Those of them that may be requested now. */
  readonly due: readonly Delivery[];
}

export function lostIn(deliveries: readonly Delivery[], now: number): Lost {
  const attempts = new Map<string, Delivery[]>();
  for (const one of deliveries.toSorted((a, b) => a.at - b.at))
    if (one.event === EVENT) attempts.set(one.guid, [...(attempts.get(one.guid) ?? []), one]);
  const lost = [...attempts.values()]
    .filter((all) => !all.some(({ ok }) => ok))
    .flatMap((all) => all.slice(-1).map((newest) => ({ newest, dueAt: newest.at + waitMs(all.length) })))
    .toSorted((a, b) => b.newest.at - a.newest.at);
  return {
    failed: lost.map(({ newest }) => newest),
    due: lost.filter(({ dueAt }) => dueAt <= now).map(({ newest }) => newest),
  };
}

/** REDELIVER-4. */
const FIRST = ["completed", "in_progress"];
const rankOf = ({ action }: Pick<Delivery, "action">): number => {
  const rank = FIRST.indexOf(action);
  return rank === -1 ? FIRST.length : rank;
};

/**
 * The next `most` of those that are due, in the order in which they are requested. `due` is in the order of `lostIn`; `random`
 * is from 0 to 1 (REDELIVER-3).
 */
export function nextOf<T extends Pick<Delivery, "action">>(
  due: readonly T[],
  most: number,
  random: number,
): readonly T[] {
  const chosen: T[] = [];
  for (let rank = 0; rank <= FIRST.length; rank++) {
    const own = due.filter((one) => rankOf(one) === rank);
    chosen.push(...takeTurns(own, most - chosen.length, (length) => Math.floor(random * length)));
  }
  return chosen;
}

/** After the first attempt none (REDELIVER-2). */
const waitMs = (attempts: number): number =>
  attempts === 1 ? 0 : Math.min(WAIT_MS * 2 ** (attempts - 2), WAIT_MAX_MS);

/**
 * The results of requested redeliveries, by the attempts since then.
 * @param requested the attempt that each is a repetition of, and its event; it may be listed as well
 */
export function resultsOf(
  requested: readonly (readonly [id: string, guid: string])[],
  since: readonly Delivery[],
) {
  const resultOf = ([id, guid]: readonly [id: string, guid: string]) => {
    const found = since.filter((one) => one.guid === guid && one.id !== id);
    if (found.length === 0) return "pending";
    return found.some(({ ok }) => ok) ? "delivered" : "failedAgain";
  };
  const results = requested.map(resultOf);
  const count = (wanted: string): number => results.filter((result) => result === wanted).length;
  return { delivered: count("delivered"), failedAgain: count("failedAgain"), pending: count("pending") };
}
