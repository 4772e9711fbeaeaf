/**
 * Who may run how much. Pure: a ledger, a request and the fleet as it is listed in, a grant out.
 *
 * G1. A grant is open until every instance it led to has been seen in a list. Open grants count in full,
 *     and instances they launch or wake are not counted again, so a list that lags cannot make room twice.
 * G2. Instances to wake are named in the grant: no two open grants wake the same one. A wake needs the room
 *     of a launch. In a later round the run names those that do wake; the room of the others is free again.
 * G3. A run asks once a round. Asked again for the same round it gets the same answer.
 * G4. A grant still open after a day belongs to a run that is dead; from then on only its instances count.
 * G5. What sleeps needs no room, neither under `max` nor under the price ceiling: Kiln starts nothing without a
 *     grant. A subscription needs it, awake or asleep, because it is paid for either way.
 * G6. Prices are what an instance costs at most: the list price, or the spot limit.
 * G7. Of a fleet's list of host names a grant gets those that nothing awake has and no open grant got, and
 *     first those that no sleeper has. A sleeper whose name was given away is not woken.
 * G8. At most `max` run, at most `max` sleep, and between a stop and the release it leads to (surplus.ts of
 *     stop-idle) `max` more do; a fleet that has three times `max` cannot release its sleepers and gets no more.
 */
import { days, hours } from "../duration.ts";

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
  readonly wakeOnly?: true;
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
  /** Stopped; whatever else its status is, it runs or is about to. */
  readonly asleep: boolean;
  /** A subscription: paid for to its end whether it runs or not. */
  readonly prepaid: boolean;
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
  /** For a run that launches nothing and may give what it wakes another type, which costs up to `price`. */
  readonly wakeOnly?: true;
  /** In a later round: which of the instances granted to wake do (G2). */
  readonly woke?: readonly string[];
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
  const known = ledger.grants.find(({ run }) => run === ask.run);
  if (known && known.launches.length > ask.round) return known;
  const earlier = known && { ...known, wakes: known.wakes.filter((id) => ask.woke?.includes(id)) };
  const others = ledger.grants.filter(({ run }) => run !== ask.run);
  const open = [...others, ...(earlier ? [earlier] : [])].filter((each) => isOpen(each, now));
  const load = loadOf(members, open);
  const budget = budgetOf(ask, load, limits);
  const held = heldNames(members, open, load.taken);
  const sleepers = members
    .filter(({ id, wakeable }) => wakeable && !load.taken.has(id))
    .map((one) => ({ ...one, price: wakePrice(one.price, ask) }));
  const wakes = ask.round === 0 ? chooseWakes(sleepers, ask, load, limits, budget, held) : [];
  const wanted = ask.count - wakes.length;
  const rooms = [
    ...roomsOf(load, wakes, limits, budget),
    ...(ask.wakeOnly ? [] : launchRooms(ledger, load, limits, now)),
  ].filter(({ room }) => room < wanted);
  const launches = ask.wakeOnly ? 0 : Math.max(0, Math.min(wanted, ...rooms.map(({ room }) => room)));
  const names = ask.names && freeNames(ask.names, members, held).slice(0, launches);
  return {
    run: ask.run,
    at: now,
    launches: [...(earlier?.launches ?? []), launches],
    wakes: [...(earlier?.wakes ?? []), ...wakes.map(({ id }) => id)],
    ...(names && { names: [...(earlier?.names ?? []), ...names] }),
    open: true,
    ...(ask.price !== undefined && { price: ask.price }),
    ...(ask.wakeOnly && { wakeOnly: true }),
    short: [...(earlier?.short ?? []), ...rooms.map(({ name }) => `limit ${name}`)],
  };
}

const isOpen = ({ open, at }: Grant, now: number): boolean => open && at > now - EXPIRES_MS;

/** The instances that open grants name to be woken. */
export const wakingIn = (ledger: Ledger, now: number): ReadonlySet<string> =>
  new Set(ledger.grants.filter((each) => isOpen(each, now)).flatMap(({ wakes }) => wakes));

/** What the fleet has and is about to have. */
interface Load {
  /** Everything there is, and the launches of open grants. */
  readonly all: number;
  /** What runs, and all that open grants led to (G1). */
  readonly awake: number;
  /** Subscriptions that are asleep (G5). */
  readonly prepaid: number;
  /** What that costs an hour at most; 0 where there is no ceiling. */
  readonly spent: number;
  /** Instances that an open grant wakes. */
  readonly taken: ReadonlySet<string>;
}

function loadOf(members: readonly Member[], open: readonly Grant[]): Load {
  const taken = new Set(open.flatMap(({ wakes }) => wakes));
  const openRuns = new Set(open.map(({ run }) => run));
  const settled = members.filter(({ run }) => run === undefined || !openRuns.has(run));
  const counted = settled.filter(({ id }) => !taken.has(id));
  const awake = counted.filter(({ asleep }) => !asleep);
  const prepaid = counted.filter(({ asleep, prepaid: paid }) => asleep && paid);
  const prices = new Map(members.map(({ id, price }) => [id, price]));
  const coming = open.map((each) => {
    const wakes = each.wakes.map((id) => wakePrice(prices.get(id) ?? each.price, each));
    return total([each]) * (each.price ?? 0) + sum(wakes);
  });
  const launches = total(open);
  return {
    all: settled.length + launches,
    awake: awake.length + launches + taken.size,
    prepaid: prepaid.length,
    spent: sum([...awake, ...prepaid].map(({ price = 0 }) => price)) + sum(coming),
    taken,
  };
}

/** What an instance of price `own` costs at most once it is woken. */
const wakePrice = (
  own: number | undefined,
  { price = 0, wakeOnly }: Pick<Ask, "price" | "wakeOnly">,
): number => Math.max(own ?? 0, wakeOnly ? price : 0);

/** A thousandth of slack, less than the smallest price step, keeps 0.1 + 0.2 from costing an instance. */
const SLACK = 0.001;

/** What may still be spent an hour, and on an instance; undefined without a ceiling. */
interface Budget {
  readonly left: number;
  readonly price: number;
}

function budgetOf({ price }: Ask, { spent }: Load, { maxPricePerHour }: Limits): Budget | undefined {
  if (maxPricePerHour === undefined || price === undefined) return undefined;
  return { left: maxPricePerHour - spent, price };
}

/** Sleepers in the order they are listed in, as far as there is room for them awake. */
function chooseWakes(
  sleepers: readonly Member[],
  { count, names }: Ask,
  { awake, prepaid }: Load,
  { max }: Limits,
  budget: Budget | undefined,
  held: Set<string>,
): Member[] {
  const wakes: Member[] = [];
  let left = budget === undefined ? Number.POSITIVE_INFINITY : budget.left + SLACK * budget.price;
  let rest = prepaid;
  for (const member of sleepers) {
    if (wakes.length === count || awake + wakes.length >= max) break;
    const { hostName = "", price = 0 } = member;
    if (names?.includes(hostName) && held.has(hostName)) continue;
    if (!member.prepaid && (awake + wakes.length + rest >= max || price > left)) continue;
    if (member.prepaid) rest -= 1;
    else left -= price;
    wakes.push(member);
    held.add(hostName);
  }
  return wakes;
}

/** How many more may run beside these wakes. */
function roomsOf(
  { awake, prepaid, spent }: Load,
  wakes: readonly Member[],
  { max, maxPricePerHour }: Limits,
  budget: Budget | undefined,
) {
  const fresh = wakes.filter((each) => !each.prepaid);
  const owned = awake + prepaid;
  const paid = prepaid > 0 ? `, ${prepaid} of them stopped subscriptions` : "";
  const rooms = [
    { room: max - owned - fresh.length, name: `max ${max}: ${owned} running or on their way${paid}` },
  ];
  if (budget !== undefined) {
    const left = budget.left - sum(fresh.map(({ price = 0 }) => price));
    const room = Math.floor(left / budget.price + SLACK);
    rooms.push({ room, name: `maxPricePerHour ${maxPricePerHour}: ${spent.toFixed(3)} used` });
  }
  return rooms;
}

/** How many may be launched now, whatever runs. */
function launchRooms(ledger: Ledger, { all }: Load, { max, perHour, perDay }: Limits, now: number) {
  const crowd = `${all} there, most of them stopped and kept from release; release them yourself or raise it`;
  const windows = [
    { limit: perHour, since: now - hours(1), name: "perHour" },
    { limit: perDay, since: now - days(1), name: "perDay" },
  ];
  const timed = windows.flatMap(({ limit, since, name }) => {
    if (limit === undefined) return [];
    const used = total(ledger.grants.filter(({ at }) => at > since));
    return [{ room: limit - used, name: `${name} ${limit}: ${used} used` }];
  });
  return [{ room: 3 * max - all, name: `max ${max}: ${crowd}` }, ...timed];
}

/** Host names of what is awake or about to be (G7). */
function heldNames(
  members: readonly Member[],
  open: readonly Grant[],
  taken: ReadonlySet<string>,
): Set<string> {
  const awake = members.filter(({ id, asleep }) => !asleep || taken.has(id));
  const theirs = awake.flatMap(({ hostName }) => hostName ?? []);
  return new Set([...theirs, ...open.flatMap(({ names = [] }) => names)]);
}

function freeNames(
  names: readonly string[],
  members: readonly Member[],
  held: ReadonlySet<string>,
): string[] {
  const asleep = new Set(members.map(({ hostName }) => hostName));
  const free = names.filter((name) => !held.has(name));
  return [...free.filter((name) => !asleep.has(name)), ...free.filter((name) => asleep.has(name))];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

const total = (grants: readonly Grant[]): number => sum(grants.flatMap(({ launches }) => launches));

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
