/**
 * A fleet's reservations in the bucket, a numbered log (shared/workflow/numbered-log.ts).
 *
 * RESERVATIONS-1. The newest entry is the whole state, and only one writer can create the next one. So reservations
 *     are made one after another, whatever runs in parallel.
 * RESERVATIONS-2. Reservations are read before the instances they are compared with: one that is closed in between
 *     still counts as open.
 */
import type { CloudClient } from "../cloud/client.ts";
import { seconds } from "../duration.ts";
import type { Ports } from "../invocation.ts";
import { reservationsFolder } from "../keys.ts";
import { appendEntry, readNewest } from "../workflow/numbered-log.ts";
import { wait } from "../workflow/workflow.ts";
import { closed, Reservations, withReservation, type Reservation } from "./reservation.ts";

const EMPTY: Reservations = { v: 1, n: 0, grants: [] };

/** All reservations of a fleet. */
export const readReservations = async (client: CloudClient, fleet: string): Promise<Reservations> =>
  (await readNewest(client, reservationsFolder(fleet), Reservations)) ?? EMPTY;

/** The reservation of one run; undefined when it has none. */
export const readReservation = async (
  client: CloudClient,
  fleet: string,
  run: string,
): Promise<Reservation | undefined> =>
  (await readReservations(client, fleet)).grants.find((reservation) => reservation.run === run);

/** How often one invocation reads again after a lost race. */
const TRIES = 3;

/**
 * Changes the reservations once. `change` reads what it needs after they were read (RESERVATIONS-2) and returns the
 * next entry, or undefined when nothing has to change. False: another run was first every time.
 */
export async function updateReservations(
  client: CloudClient,
  fleet: string,
  change: (reservations: Reservations) => Promise<Reservations | undefined>,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const next = await change(await readReservations(client, fleet));
    if (next === undefined || (await appendEntry(client, reservationsFolder(fleet), next))) return true;
  }
  return false;
}

interface Closing {
  readonly fleet: string;
  readonly run: string;
  readonly launched: number;
}

/**
 * Closes the reservation of a run that launched so many; a run without an open one changes nothing.
 * False: another run was first every time.
 */
export const closeReservation = (
  client: CloudClient,
  { fleet, run, launched }: Closing,
  now: number,
): Promise<boolean> =>
  updateReservations(client, fleet, (reservations) => {
    const open = reservations.grants.find((reservation) => reservation.run === run && reservation.open);
    return Promise.resolve(open && withReservation(reservations, closed(open, launched), now));
  });

/** The retry of a phase that lost the race for the next entry, with growing jitter. */
export const afterLostRace = (
  { attempt }: { readonly attempt: number },
  fleet: string,
  { random }: Pick<Ports, "random">,
) => ({
  ...wait(
    seconds(1 + Math.round(random.next() * 4 * Math.min(attempt + 1, 8))),
    `other requests of fleet ${fleet} were first`,
  ),
  throttled: true,
});
