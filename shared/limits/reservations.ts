/**
 * A fleet's reservations in the bucket, a log (shared/workflow/log.ts).
 *
 * RESERVATIONS-1. The newest line is the whole state, and only one writer can append the next one. So reservations are
 *     made one after another, whatever runs in parallel.
 * RESERVATIONS-2. Reservations are read before the instances they are compared with: one that is closed in between
 *     still counts as open.
 */
import type { CloudClient } from "../cloud/client.ts";
import { seconds } from "../duration.ts";
import type { Ports } from "../invocation.ts";
import { reservationsKey } from "../keys.ts";
import { appendOrLose, readLog, TAIL_BYTES } from "../workflow/log.ts";
import { previousReservations } from "../workflow/previous-version.ts";
import { wait } from "../workflow/workflow.ts";
import { closed, Reservation, Reservations, withReservation } from "./stored-reservation.ts";

async function readState(client: CloudClient, fleet: string) {
  const key = reservationsKey(fleet);
  const tail = await readLog(client, key, Reservations, TAIL_BYTES);
  // A line that is longer than that is never taken for an empty log.
  let found = tail;
  for (let most = TAIL_BYTES; found.lines.length === 0 && most < found.end;)
    found = await readLog(client, key, Reservations, (most *= 4));
  const { lines, end } = found;
  const newest = lines.at(-1)?.line;
  const previous = end === 0 ? await previousReservations(client, fleet, Reservation) : undefined;
  return { state: newest ?? { v: 2 as const, grants: previous?.grants ?? [] }, end };
}

/** All reservations of a fleet. */
export const readReservations = async (client: CloudClient, fleet: string): Promise<Reservations> =>
  (await readState(client, fleet)).state;

/** The reservation of one run; undefined when it has none. */
export const readReservation = async (
  client: CloudClient,
  fleet: string,
  run: string,
): Promise<Reservation | undefined> =>
  (await readReservations(client, fleet)).grants.find((reservation) => reservation.run === run);

type LogPorts = Pick<Ports, "cloud" | "clock" | "writer">;

/** How often one invocation reads again after a lost race. */
const TRIES = 3;

/**
 * Changes the reservations once. `change` reads what it needs after they were read (RESERVATIONS-2) and returns the
 * next state, or undefined when nothing has to change. False: another run was first every time.
 * @throws CloudError when it is unknown whether the change was made; a repeat finds it.
 */
export async function updateReservations(
  ports: LogPorts,
  fleet: string,
  change: (reservations: Reservations) => Promise<Reservations | undefined>,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { state, end } = await readState(ports.cloud, fleet);
    const next = await change(state);
    if (next === undefined) return true;
    if ((await appendOrLose(ports, reservationsKey(fleet), end, next)) !== undefined) return true;
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
export const closeReservation = (ports: LogPorts, { fleet, run, launched }: Closing): Promise<boolean> =>
  updateReservations(ports, fleet, (reservations) => {
    const open = reservations.grants.find((reservation) => reservation.run === run && reservation.open);
    return Promise.resolve(open && withReservation(reservations, closed(open, launched), ports.clock.now()));
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
