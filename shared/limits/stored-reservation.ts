/**
 * Reservations as they are stored: what one holds, and how the state of a fleet goes on. Pure. How one is decided, with the
 * rules RESERVE-…, is in reservation.ts.
 */
import * as z from "zod/mini";
import { days, hours } from "../duration.ts";

/** A stored reservation. */
export const Reservation = z.strictObject({
  run: z.string(),
  at: z.int(),
  /** How many instances the run may launch, one number for each round (RESERVE-3). */
  launches: z.array(z.int()),
  wakes: z.array(z.string()),
  /** One for each launch, where the fleet lists its host names. */
  names: z.optional(z.array(z.string())),
  /** The first place of each round (RESERVE-10). */
  places: z.exactOptional(z.array(z.int())),
  /** How many of its launches came to nothing (RESERVE-9). */
  lost: z.exactOptional(z.int()),
  open: z.boolean(),
  /** The most one of its instances may cost an hour, where the fleet has a ceiling. */
  price: z.optional(z.number()),
  wakeOnly: z.exactOptional(z.literal(true)),
  /** The member it replaces (RESERVE-11). */
  leaving: z.exactOptional(z.string()),
  /** The limits that kept it below the request. */
  short: z.array(z.string()),
});
export type Reservation = z.infer<typeof Reservation>;

/** All reservations of a fleet: one stored log entry. */
export const Reservations = z.object({ v: z.literal(2), grants: z.array(Reservation) });
export type Reservations = z.infer<typeof Reservations>;

const EXPIRES_MS = days(1);

/** Whether a reservation holds: not closed, and not of a dead run (RESERVE-4). */
export const isOpen = ({ open, at }: Reservation, now: number): boolean => open && at > now - EXPIRES_MS;

export const openOf = (reservations: readonly Reservation[], now: number): Reservation[] =>
  reservations.filter((reservation) => isOpen(reservation, now));

/** The instances that open reservations name to be woken. */
export const wakingIn = ({ grants }: Reservations, now: number): ReadonlySet<string> =>
  new Set(openOf(grants, now).flatMap(({ wakes }) => wakes));

/** The next state of a reservation, when `left` of its launches are still to be made. */
export function nextOf(reservation: Reservation | undefined, left: number) {
  const { launches = [left], places = [], names = [] } = reservation ?? {};
  const from = sum(launches) - left;
  const hostNames = names.slice(from);
  let before = 0;
  for (const [round, size] of launches.entries()) {
    const start = places[round];
    if (start !== undefined && from < before + size)
      return { hostNames, place: start + from - before, inARow: before + size - from };
    before += size;
  }
  return { hostNames, place: from, inARow: left };
}

/** The launches of a reservation that came to something (RESERVE-9). */
export const liveOf = (reservation: Reservation): number => launchesOf(reservation) - (reservation.lost ?? 0);

/** The next state, with `reservation` in it; reservations older than a day are dropped (RESERVE-4). */
export function withReservation(
  { grants }: Reservations,
  reservation: Reservation,
  now: number,
): Reservations {
  const others = grants.filter(({ run, at }) => run !== reservation.run && at > now - EXPIRES_MS);
  return { v: 2, grants: [...merged(others, now), reservation] };
}

/**
 * Closed reservations of more than an hour ago only count in the window of a day. Those of one hour become one, with the
 * instant of the newest: a busy fleet's state stays small.
 */
function merged(grants: readonly Reservation[], now: number): Reservation[] {
  const isPast = ({ open, at }: Reservation): boolean => !open && now - at > hours(1);
  const past = new Map<number, Reservation>();
  for (const each of grants.filter(isPast)) {
    const hour = Math.floor(each.at / hours(1));
    const before = past.get(hour);
    const launches = [launchesOf(each) + (before === undefined ? 0 : launchesOf(before))];
    past.set(hour, { ...each, at: Math.max(before?.at ?? 0, each.at), launches });
  }
  return [...past.values(), ...grants.filter((each) => !isPast(each))];
}

/** The reservation of a run that has ended: its launches still count in the windows of an hour and a day. */
export const closed = (
  { names: _names, places: _places, lost: _lost, ...reservation }: Reservation,
  launched: number,
): Reservation => ({
  ...reservation,
  open: false,
  launches: [launched],
  wakes: [],
  short: [],
});

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** How many instances a reservation allows to be launched, in all rounds. */
export const launchesOf = ({ launches }: Reservation): number => sum(launches);

/** Whether an open reservation leads to this instance: its run has not seen all of its instances yet (RESERVE-1). */
export const isComing = (
  { grants }: Reservations,
  { id, run }: { readonly id: string; readonly run: string | undefined },
  now: number,
): boolean => openOf(grants, now).some((each) => each.run === run || each.wakes.includes(id));
