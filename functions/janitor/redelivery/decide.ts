/**
 * Which deliveries are to be requested again. Pure: the list of deliveries is all there is to know.
 *
 * REDELIVER-1. An event is lost while no attempt to deliver it has succeeded. An earlier success counts too: an operator may
 *     have sent it again by hand.
 * REDELIVER-2. The waits between attempts grow: a webhook that refuses an event goes on to refuse it until its settings
 *     change.
 * REDELIVER-3. GitHub lists nothing of a request that it refuses, so its event stays due. A run passes over what GitHub has
 *     refused it, so that no number of those keeps others from their turn.
 * REDELIVER-4. The list names no job, so the order is that of time, the newest event first: what a job or a machine did last
 *     overrules what it did before, and the jobs that still wait are among the newest.
 * REDELIVER-5. The end of a job releases a machine, unless that has begun another one since. So no end is requested while a
 *     beginning that may be later is lost. An announcement waits with the ends that came after it, because its job may have
 *     ended; not for a beginning that three attempts do not deliver, and not after its own first repeat.
 */
import { hours, minutes, seconds } from "../../../shared/duration.ts";
import type { Delivery } from "./github.ts";

const WAIT_MS = minutes(5);
const WAIT_MAX_MS = hours(6);

/** The events that this deployment acts on; a hook may send others too. */
const EVENT = "workflow_job";

interface Lost {
  /** The newest attempt of each event that is lost, the newest event first. */
  readonly failed: readonly Delivery[];
  /** Those of them that may be requested now, in this order. */
  readonly due: readonly Delivery[];
}

/** `passed`: the events that the run passes over, by `guid` (REDELIVER-3). */
export function lostIn(
  deliveries: readonly Delivery[],
  now: number,
  passed: ReadonlySet<string> = new Set(),
): Lost {
  const attempts = new Map<string, Delivery[]>();
  for (const one of deliveries)
    if (one.event === EVENT) attempts.set(one.guid, [...(attempts.get(one.guid) ?? []), one]);
  const lost = [...attempts.values()]
    .filter((all) => !all.some(({ ok }) => ok))
    .map((all) => eventOf(all, now))
    .toSorted((a, b) => b.at - a.at);
  const isFresh = ({ newest, tries }: LostEvent): boolean => tries <= FRESH_TRIES && !passed.has(newest.guid);
  const waiting = waitingIn(lost, isFresh);
  const due = lost.filter((one) => one.isDue && !waiting.has(one) && !passed.has(one.newest.guid));
  return { failed: lost.map(({ newest }) => newest), due: due.map(({ newest }) => newest) };
}

interface LostEvent {
  readonly newest: Delivery;
  /** When it happened, epoch ms. */
  readonly at: number;
  readonly tries: number;
  readonly isDue: boolean;
}

function eventOf(attempts: readonly Delivery[], now: number): LostEvent {
  const [first, ...more] = attempts.toSorted((a, b) => a.at - b.at);
  if (first === undefined) throw new RangeError("an event has no attempt");
  const newest = more.at(-1) ?? first;
  const at = first.at + (first.action === BEGUN ? SAME_MOMENT_MS : 0);
  return { newest, at, tries: attempts.length, isDue: newest.at + waitMs(attempts.length) <= now };
}

const BEGUN = "in_progress";
const ENDED = "completed";
/** GitHub delivers what happens within a moment in any order, so a beginning counts as later. */
const SAME_MOMENT_MS = seconds(30);
const FRESH_TRIES = 3;

/** Of events, the newest first, those that wait for others (REDELIVER-5). */
function waitingIn(lost: readonly LostEvent[], isFresh: (one: LostEvent) => boolean): ReadonlySet<LostEvent> {
  const waiting = new Set<LostEvent>();
  let begun = false;
  let begunFresh = false;
  let ended = false;
  for (const one of lost) {
    const { action } = one.newest;
    const waits = action === ENDED ? begun : action !== BEGUN && ended && one.tries === 1;
    if (waits) waiting.add(one);
    begun ||= action === BEGUN;
    begunFresh ||= action === BEGUN && isFresh(one);
    ended ||= action === ENDED && begunFresh;
  }
  return waiting;
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
