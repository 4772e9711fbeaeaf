/**
 * A fleet's grants in the bucket, a row of entries (shared/row.ts).
 *
 * L1. The newest entry is the whole state, and only one writer has the next number. So grants are made one
 *     after another, whatever runs in parallel.
 * L2. The ledger is read before the instances it is held against: a grant closed in between is then counted
 *     as open, never as nothing.
 */
import type { CloudClient } from "../cloud/client.ts";
import { seconds } from "../duration.ts";
import type { Ports } from "../handler.ts";
import { wait } from "../machine.ts";
import { readNewest, writeEntry } from "../row.ts";
import { closed, withGrant, type Ledger } from "./grant.ts";

const EMPTY: Ledger = { v: 1, n: 0, grants: [] };

const folderOf = (fleet: string): string => `ledger/${fleet}/`;

/** The state of a fleet's grants. */
export const readLedger = async (client: CloudClient, fleet: string): Promise<Ledger> =>
  (await readNewest<Ledger>(client, folderOf(fleet))) ?? EMPTY;

/** Makes `ledger` the newest entry; false when somebody else was first (L1). */
export const writeLedger = (client: CloudClient, fleet: string, ledger: Ledger): Promise<boolean> =>
  writeEntry(client, folderOf(fleet), ledger.n, ledger);

/** How often one invocation reads again after losing, before it leaves the field for a while. */
const TRIES = 3;

/**
 * Changes the ledger once. `change` reads what it needs after the ledger was read (L2) and answers the next
 * entry, or undefined when the ledger already says what it should. False: others were first every time.
 */
export async function amend(
  client: CloudClient,
  fleet: string,
  change: (ledger: Ledger) => Promise<Ledger | undefined>,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const next = await change(await readLedger(client, fleet));
    if (next === undefined || (await writeLedger(client, fleet, next))) return true;
  }
  return false;
}

/**
 * Closes the grant of a run that is over and launched so many; a run without an open one changes nothing.
 * False: others were first every time.
 */
export const closeGrant = (
  client: CloudClient,
  fleet: string,
  run: string,
  launched: number,
  now: number,
): Promise<boolean> =>
  amend(client, fleet, (ledger) => {
    const given = ledger.grants.find((grant) => grant.run === run);
    return Promise.resolve(given?.open ? withGrant(ledger, closed(given, launched), now) : undefined);
  });

/** Comes back later than the others that lost: the more often in a row, the wider they are spread. */
export const afterLosing = ({ tries }: { readonly tries: number }, fleet: string, { dice }: Ports) => ({
  ...wait(
    seconds(1 + Math.round(dice.next() * 4 * Math.min(tries + 1, 8))),
    `other requests of fleet ${fleet} were first`,
  ),
  troubled: true,
});
