/**
 * Who may launch how much. Pure: a ledger, a request and the fleet as it is listed in, a grant out.
 *
 * G1. A grant is open until every instance it led to has been seen in a list. Open grants count in full,
 *     and instances of open runs are not counted again, so a list that lags cannot make room twice.
 * G2. Instances to wake are named in the grant: no two open grants wake the same one. Waking makes no
 *     instance, so it needs no room; a wake that fails frees none either, and asks again in a second round.
 * G3. A run asks once a round. Asked again for the same round it gets the same answer.
 * G4. A grant still open after a day belongs to a run that is dead; from then on only its instances count.
 * G5. The price of a fleet is that of all its instances, running or stopped, at what they cost at most:
 *     the list price, or the spot limit. So nothing that wakes or gets dearer can break the ceiling.
 * G6. Of a fleet's list of host names a grant gets those that no instance has and no open grant got.
 */
import { days, hours } from "../../shared/duration.ts";

export interface Grant {
  readonly run: string;
  readonly at: number;
  /** How many instances the run may launch, one number for each round (G3). */
  readonly launches: readonly number[];
  readonly wakes: readonly string[];
  /** One for each launch, where the fleet names its hosts one by one. */
  readonly names?: readonly string[];
  readonly open: boolean;
  /** What one instance of it may cost an hour, where the fleet has a ceiling. */
  readonly price?: number;
  /** What kept the grant below the request, in words. */
  readonly short: readonly string[];
}

export interface Ledger {
  readonly v: 1;
  readonly n: number;
  readonly grants: readonly Grant[];
}

export interface Limits {
  readonly max: number;
  readonly perHour?: number | undefined;
  readonly perDay?: number | undefined;
  readonly maxPricePerHour?: number | undefined;
}

/** An instance as far as limits care. */
export interface Member {
  readonly id: string;
  readonly run: string | undefined;
  /** May be started instead of buying a new one. */
  readonly wakeable: boolean;
  /** At most this an hour; only read where there is a ceiling. */
  readonly price?: number;
  readonly hostName?: string;
}

export interface Ask {
  readonly run: string;
  readonly round: number;
  readonly count: number;
  /** What one more instance costs an hour at most. */
  readonly price?: number;
  /** All host names of the fleet. */
  readonly names?: readonly string[];
}

const EXPIRES_MS = days(1);

/** Decides what a run may have in this round (G3). The answer holds only once it is in the ledger. */
export function grant(
  ledger: Ledger,
  ask: Ask,
  members: readonly Member[],
  limits: Limits,
  now: number,
): Grant {
  const earlier = ledger.grants.find(({ run }) => run === ask.run);
  if (earlier && earlier.launches.length > ask.round) return earlier;
  const open = ledger.grants.filter((each) => each.open && each.at > now - EXPIRES_MS);
  const taken = new Set(open.flatMap(({ wakes }) => wakes));
  const free = members.filter(({ id, wakeable }) => wakeable && !taken.has(id)).map(({ id }) => id);
  const wakes = ask.round === 0 ? free.slice(0, ask.count) : [];
  const wanted = ask.count - wakes.length;
  const rooms = roomsOf(ledger, open, ask, members, limits, now).filter(({ room }) => room < wanted);
  const launches = Math.max(0, Math.min(wanted, ...rooms.map(({ room }) => room)));
  const held = new Set([
    ...members.map(({ hostName }) => hostName),
    ...open.flatMap(({ names = [] }) => names),
  ]);
  const names = ask.names?.filter((name) => !held.has(name)).slice(0, launches);
  return {
    run: ask.run,
    at: now,
    launches: [...(earlier?.launches ?? []), launches],
    wakes: [...(earlier?.wakes ?? []), ...wakes],
    ...(names && { names: [...(earlier?.names ?? []), ...names] }),
    open: true,
    ...(ask.price !== undefined && { price: ask.price }),
    short: [...(earlier?.short ?? []), ...rooms.map(({ name }) => `limit ${name}`)],
  };
}

function roomsOf(
  ledger: Ledger,
  open: readonly Grant[],
  ask: Ask,
  members: readonly Member[],
  { max, perHour, perDay, maxPricePerHour }: Limits,
  now: number,
) {
  const openRuns = new Set(open.map(({ run }) => run));
  const counted = members.filter(({ run }) => run === undefined || !openRuns.has(run));
  const owned = counted.length + total(open);
  const rooms = [{ room: max - owned, name: `max ${max}: ${owned} there or on their way` }];
  const windows = [
    { limit: perHour, since: now - hours(1), name: "perHour" },
    { limit: perDay, since: now - days(1), name: "perDay" },
  ];
  for (const { limit, since, name } of windows) {
    if (limit === undefined) continue;
    const used = total(ledger.grants.filter(({ at }) => at > since));
    rooms.push({ room: limit - used, name: `${name} ${limit}: ${used} used` });
  }
  if (maxPricePerHour !== undefined && ask.price !== undefined) {
    const there = counted.reduce((sum, { price = 0 }) => sum + price, 0);
    const coming = open.reduce((sum, each) => sum + total([each]) * (each.price ?? 0), 0);
    const spent = there + coming;
    // A thousandth of slack, less than the smallest price step, keeps 0.1 + 0.2 from costing an instance.
    const room = Math.floor((maxPricePerHour - spent) / ask.price + 0.001);
    rooms.push({ room, name: `maxPricePerHour ${maxPricePerHour}: ${spent.toFixed(3)} used` });
  }
  return rooms;
}

const total = (grants: readonly Grant[]): number =>
  grants.flatMap(({ launches }) => launches).reduce((sum, launches) => sum + launches, 0);

/** The next entry with `given` in it; grants older than a day are forgotten (G4). */
export function withGrant(ledger: Ledger, given: Grant, now: number): Ledger {
  const others = ledger.grants.filter(({ run, at }) => run !== given.run && at > now - EXPIRES_MS);
  return { v: 1, n: ledger.n + 1, grants: [...others, given] };
}

/** The grant once its run is over: what it led to goes on counting in the windows of an hour and a day. */
export const closed = ({ names: _names, ...given }: Grant, launched: number): Grant => ({
  ...given,
  open: false,
  launches: [launched],
  wakes: [],
  short: [],
});
