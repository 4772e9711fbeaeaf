/**
 * A fleet's grants in the bucket, one numbered object per change, each created only if absent.
 *
 * L1. The newest entry is the whole state. A change is a new number, and the bucket lets only one writer
 *     have it; whoever loses reads again. So grants are made one after another, whatever runs in parallel.
 * L2. The ledger is read before the instances it is held against: a grant closed in between is then counted
 *     as open, never as nothing.
 * L3. Old entries may go (the sweep takes those of yesterday), the newest never: numbers must not come back.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { getObject, listObjects, putObject } from "../../shared/cloud/oss.ts";
import { seconds } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/handler.ts";
import { wait } from "../../shared/machine.ts";
import type { Ledger } from "./grant.ts";

const EMPTY: Ledger = { v: 1, n: 0, grants: [] };

/** Numbers count down, so that the newest entry is the first of the list. */
const COUNT_DOWN_FROM = 999_999_999;
const folder = (fleet: string): string => `ledger/${fleet}/`;
const keyOf = (fleet: string, n: number): string =>
  `${folder(fleet)}${String(COUNT_DOWN_FROM - n).padStart(9, "0")}.json`;

/** The state of a fleet's grants. */
export async function readLedger(client: CloudClient, fleet: string): Promise<Ledger> {
  const [newest] = await listObjects(client, folder(fleet), { most: 1 });
  if (newest === undefined) return EMPTY;
  const object = await getObject(client, newest.key);
  // Never taken for an empty ledger: that would hand every number and every limit out anew.
  if (object === undefined) throw new EventError(`${newest.key} is listed but cannot be read`);
  return JSON.parse(object.text) as Ledger;
}

/** Makes `ledger` the newest entry; false when somebody else was first (L1). */
export async function writeLedger(client: CloudClient, fleet: string, ledger: Ledger): Promise<boolean> {
  const { written } = await putObject(client, keyOf(fleet, ledger.n), JSON.stringify(ledger), {
    contentType: "application/json",
    ifAbsent: true,
  });
  return written;
}

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

/** Comes back later than the others that lost: the more often in a row, the wider they are spread. */
export const afterLosing = ({ tries }: { readonly tries: number }, fleet: string, { dice }: Ports) => ({
  ...wait(
    seconds(1 + Math.round(dice.next() * 4 * Math.min(tries + 1, 8))),
    `other requests of fleet ${fleet} were first`,
  ),
  troubled: true,
});
