/**
 * How many instances a run may launch and start. Pure: reservations, a request and the members of the fleet in, a
 * reservation out.
 *
 * RESERVE-1. A reservation is open until every instance it led to was seen in a list. Open reservations count in
 *     full, and the instances they launch or wake are not counted again, so a delayed list adds no headroom.
 * RESERVE-2. Instances to wake are named in the reservation: no two open reservations wake the same one. A wake
 *     needs the headroom of a launch. In a later round the run names those that do wake; the headroom of the others
 *     is free again.
 * RESERVE-3. A run makes one request a round. A repeated request gets the same answer.
 * RESERVE-4. A reservation that is open for a day belongs to a dead run; from then on only its instances count.
 * RESERVE-5. A stopped member needs no headroom, neither under `max` nor under the price ceiling: Kiln starts
 *     nothing without a reservation. A stopped subscription does, because it is paid for either way.
 * RESERVE-6. Prices are the most an instance may cost: the list price, or the spot limit.
 * RESERVE-7. Of a fleet's list of host names a run gets those that no running member and no open reservation has,
 *     names of stopped members last. A stopped member whose name is in use again is not woken.
 * RESERVE-9. A later round may replace instances that were lost. They count in the windows of an hour and a day, and
 *     neither as running nor in the price.
 * RESERVE-10. Of a fleet that numbers its instances a run gets a block of places for each round (places.ts).
 * RESERVE-8. At most `max` members run, at most `max` are stopped, and `max` more are stopped until the idle check
 *     releases them. A fleet with three times `max` cannot release its stopped members and launches no more.
 * RESERVE-11. A member that the cloud takes away counts neither for the request that replaces it nor for others of the next
 *     ten minutes: an instance that is interrupted ends within five. Its name and place are free once it is gone.
 *     https://www.alibabacloud.com/help/en/ecs/user-guide/spot-instances-overview
 */
import { days, hours, minutes } from "../duration.ts";
import { freeBlock } from "./places.ts";
import {
  launchesOf,
  liveOf,
  openOf,
  sum,
  type Reservation,
  type Reservations,
} from "./stored-reservation.ts";

export interface Limits {
  readonly max: number;
  readonly perHour?: number | undefined;
  readonly perDay?: number | undefined;
  readonly maxPricePerHour?: number | undefined;
}

/** The part of an instance that limits depend on. */
export interface Member {
  readonly id: string;
  readonly run: string | undefined;
  /** Every member that is not stopped runs or is about to. */
  readonly stopped: boolean;
  /** A subscription: paid for to its end whether it runs or not. */
  readonly prepaid: boolean;
  /** May be started instead of a launch. */
  readonly wakeable: boolean;
  /** The most it costs an hour; only read where there is a ceiling. */
  readonly price?: number | undefined;
  readonly hostName?: string | undefined;
  /** Its places in the fleet (RESERVE-10). */
  readonly places?: readonly number[];
}

export interface ReservationRequest {
  readonly run: string;
  readonly round: number;
  readonly count: number;
  /** For a run that launches nothing, and may change the type of what it wakes to one that costs up to `price`. */
  readonly wakeOnly?: true;
  /** In a later round: which of the reserved wakes happened (RESERVE-2). */
  readonly woke?: readonly string[] | undefined;
  /** In a later round: how many launches of the earlier ones were lost (RESERVE-9). */
  readonly lost?: number | undefined;
  /** The member that is taken away, and that this run replaces (RESERVE-11). */
  readonly leaving?: string | undefined;
  /** Whether the fleet numbers its instances. */
  readonly numbered?: boolean;
  /** The most one more instance costs an hour. */
  readonly price?: number | undefined;
  /** All host names of the fleet. */
  readonly names?: readonly string[] | undefined;
}

/** The state of a fleet that a request is decided on. */
export interface FleetState {
  readonly reservations: Reservations;
  readonly members: readonly Member[];
  readonly limits: Limits;
  readonly now: number;
}

const LEAVES_WITHIN_MS = minutes(10);

/** Decides what a run may launch and wake in this round. The answer holds only once it is stored. */
export function reserve(request: ReservationRequest, state: FleetState): Reservation {
  const { reservations, members, limits, now } = state;
  const { run, round, count, price } = request;
  const staying = stayingOf(request, state);
  const known = reservations.grants.find((each) => each.run === run);
  if (known && known.launches.length > round) return known;
  const earlier = earlierRounds(known ?? noneOf(request, now), request);
  const others = reservations.grants.filter((each) => each !== known);
  const open = openOf([...others, earlier], now);
  const usage = usageOf(staying, members, open);
  const budget = { price, left: (limits.maxPricePerHour ?? Infinity) - usage.spent };
  const wakes = round === 0 ? chooseWakes(request, usage, budget.left, { ...state, members: staying }) : [];
  const wanted = count - wakes.length;
  const reached = [
    ...runHeadrooms(usage, wakes, budget, limits),
    ...(request.wakeOnly ? [] : launchHeadrooms(usage, state)),
  ].filter(({ headroom }) => headroom < wanted);
  const most = Math.max(0, Math.min(wanted, ...reached.map(({ headroom }) => headroom)));
  const binding = reached.filter(({ headroom }) => Math.max(0, headroom) === most);
  const launches = request.wakeOnly ? 0 : most;
  return {
    ...earlier,
    at: now,
    launches: [...earlier.launches, launches],
    wakes: [...earlier.wakes, ...wakes.map(({ id }) => id)],
    ...namesAndPlaces(request, {
      earlier,
      launches,
      members,
      open,
      inUse: [...usage.hostNames, ...namesOf(wakes)],
    }),
    open: true,
    price,
    ...(request.wakeOnly && { wakeOnly: true }),
    // With another limit raised, these would leave as little.
    short: [...earlier.short, ...binding.map(({ limit }) => `limit ${limit}`)],
  };
}

/** Whether one of the reasons for which a reservation is short is `max`, which a kept size does not exceed either. */
export const isFull = ({ short }: Pick<Reservation, "short">): boolean =>
  short.some((why) => why.startsWith("limit max "));

/** The members but those that were replaced a moment ago, or are now (RESERVE-11). */
function stayingOf({ leaving }: ReservationRequest, { reservations, members, now }: FleetState): Member[] {
  const recent = reservations.grants.filter(({ at }) => at > now - LEAVES_WITHIN_MS);
  const gone = new Set([leaving, ...recent.map((each) => each.leaving)]);
  return members.filter(({ id }) => !gone.has(id));
}

/** The launches that are left of the rounds before (RESERVE-2, RESERVE-9). */
function earlierRounds(known: Reservation, { woke, lost = 0 }: ReservationRequest): Reservation {
  const gone = (known.lost ?? 0) + lost;
  return {
    ...known,
    wakes: known.wakes.filter((id) => woke?.includes(id)),
    ...(gone > 0 && { lost: gone }),
  };
}

interface Round {
  readonly earlier: Reservation;
  readonly launches: number;
  readonly members: readonly Member[];
  readonly open: readonly Reservation[];
  /** Host names in use. */
  readonly inUse: readonly string[];
}

/** The names and places of all rounds, where the fleet has them (RESERVE-7, RESERVE-10). */
function namesAndPlaces(
  { names, numbered = false }: ReservationRequest,
  { earlier, launches, members, open, inUse }: Round,
) {
  const free = names && freeNames(names, members, inUse).slice(0, launches);
  return {
    ...(free && { names: [...(earlier.names ?? []), ...free] }),
    ...(numbered && { places: [...(earlier.places ?? []), nextPlaces(launches, members, open)] }),
  };
}

/** The first place of this round. */
function nextPlaces(launches: number, members: readonly Member[], open: readonly Reservation[]): number {
  const reserved = open.flatMap(({ places = [], launches: sizes }) =>
    places.flatMap((start, round) => Array.from({ length: sizes[round] ?? 0 }, (_, n) => start + n)),
  );
  return freeBlock([...members.flatMap(({ places = [] }) => places), ...reserved], launches);
}

const noneOf = ({ run, leaving }: ReservationRequest, at: number): Reservation => ({
  run,
  ...(leaving !== undefined && { leaving }),
  at,
  launches: [],
  wakes: [],
  open: false,
  short: [],
});

/** What the fleet has and is about to have. */
interface Usage {
  /** All members, and the launches of open reservations. */
  readonly all: number;
  /** Running members, and all that open reservations lead to (RESERVE-1). */
  readonly running: number;
  /** Stopped subscriptions (RESERVE-5). */
  readonly prepaid: number;
  /** The most that costs an hour. */
  readonly spent: number;
  /** Instances that an open reservation wakes. */
  readonly waking: ReadonlySet<string>;
  /** Host names in use (RESERVE-7). */
  readonly hostNames: readonly string[];
}

function usageOf(
  staying: readonly Member[],
  members: readonly Member[],
  open: readonly Reservation[],
): Usage {
  const waking = new Set(open.flatMap(({ wakes }) => wakes));
  const openRuns = new Set(open.map(({ run }) => run));
  const settled = staying.filter(({ run }) => run === undefined || !openRuns.has(run));
  const counted = settled.filter(({ id }) => !waking.has(id));
  const running = counted.filter(({ stopped }) => !stopped);
  const prepaid = counted.filter((each) => each.stopped && each.prepaid);
  const prices = new Map(members.map(({ id, price }) => [id, price]));
  const coming = open.map((each) => {
    const wakes = each.wakes.map((id) => wakePrice(prices.get(id) ?? each.price, each));
    return liveOf(each) * (each.price ?? 0) + sum(wakes);
  });
  const launches = sum(open.map(liveOf));
  return {
    all: settled.length + launches,
    running: running.length + launches + waking.size,
    prepaid: prepaid.length,
    spent: costOf([...running, ...prepaid]) + sum(coming),
    waking,
    hostNames: [
      ...namesOf(members.filter(({ id, stopped }) => !stopped || waking.has(id))),
      // After a loss all of a run were looked for: those that are there have their names, the other names are free.
      ...open.flatMap(({ names = [], lost = 0 }) => (lost > 0 ? [] : names)),
    ],
  };
}

/** The most an instance of price `own` costs once it is woken. */
const wakePrice = (
  own: number | undefined,
  { price = 0, wakeOnly }: { readonly price?: number | undefined; readonly wakeOnly?: true | undefined },
): number => Math.max(own ?? 0, wakeOnly ? price : 0);

/** A thousandth of slack, less than the smallest price step, keeps 0.1 + 0.2 from costing an instance. */
const SLACK = 0.001;

/** What may still be spent an hour; infinite without a ceiling. */
interface Budget {
  readonly left: number;
  /** What one more instance costs. */
  readonly price: number | undefined;
}

/** Stopped members in the order they are listed in, as far as there is headroom for them. */
function chooseWakes(
  request: ReservationRequest,
  usage: Usage,
  budget: number,
  { members, limits: { max } }: FleetState,
): Member[] {
  const { count, names = [], price: slackOf = 0 } = request;
  const chosen: Member[] = [];
  const inUse = new Set(usage.hostNames);
  // Only the names that the fleet lists have to be unique.
  const nameOf = ({ id, hostName = id }: Member) => (names.includes(hostName) ? hostName : id);
  let left = budget + SLACK * slackOf;
  let { running, prepaid } = usage;
  const stopped = members.filter(({ id, wakeable }) => wakeable && !usage.waking.has(id));
  for (const member of stopped.map((one) => ({ ...one, price: wakePrice(one.price, request) }))) {
    if (chosen.length === count || running >= max) break;
    const paid = Number(member.prepaid);
    const cost = paid ? 0 : member.price;
    const fits = member.prepaid || (running + prepaid < max && cost <= left);
    if (!fits || inUse.has(nameOf(member))) continue;
    chosen.push(member);
    running += 1;
    prepaid -= paid;
    left -= cost;
    inUse.add(nameOf(member));
  }
  return chosen;
}

/** How many more may run beside these wakes. */
function runHeadrooms(
  { running, prepaid, spent }: Usage,
  wakes: readonly Member[],
  { left, price }: Budget,
  { max, maxPricePerHour }: Limits,
) {
  const starting = wakes.filter((each) => !each.prepaid);
  const used = running + prepaid;
  const paid = prepaid > 0 ? `, ${prepaid} of them stopped subscriptions` : "";
  return [
    { headroom: max - used - starting.length, limit: `max ${max}: ${used} running or on their way${paid}` },
    {
      headroom: price === undefined ? Infinity : Math.floor((left - costOf(starting)) / price + SLACK),
      limit: `maxPricePerHour ${maxPricePerHour}: ${spent.toFixed(3)} used`,
    },
  ];
}

/** How many more may be launched now, whatever runs. */
function launchHeadrooms({ all }: Usage, { reservations, limits, now }: FleetState) {
  const { max, perHour = Infinity, perDay = Infinity } = limits;
  const since = (ms: number): number =>
    sum(reservations.grants.filter(({ at }) => at > now - ms).map(launchesOf));
  const [hour, day] = [since(hours(1)), since(days(1))];
  const crowd = `${all} exist, most of them stopped and protected from release; release some or raise limits.max`;
  return [
    { headroom: 3 * max - all, limit: `max ${max}: ${crowd}` },
    { headroom: perHour - hour, limit: `perHour ${perHour}: ${hour} used` },
    { headroom: perDay - day, limit: `perDay ${perDay}: ${day} used` },
  ];
}

/** The names that are not in use, those of stopped members last (RESERVE-7). */
function freeNames(names: readonly string[], members: readonly Member[], inUse: readonly string[]): string[] {
  const stopped = new Set(namesOf(members));
  const free = names.filter((name) => !inUse.includes(name));
  return free.toSorted((a, b) => Number(stopped.has(a)) - Number(stopped.has(b)));
}

const namesOf = (members: readonly Member[]): string[] => members.flatMap(({ hostName }) => hostName ?? []);

const costOf = (members: readonly Member[]): number => sum(members.map(({ price = 0 }) => price));
