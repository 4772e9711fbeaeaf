/**
 * Who may launch how much: a fleet's grants, one numbered object per change, each created only if absent.
 *
 * L1. The newest entry is the whole state. A change is a new number, and the bucket lets only one writer
 *     have it; whoever loses reads again. So grants are made one after another, whatever runs in parallel.
 * L2. A grant is open until every instance it led to has been seen in a list. Open grants count in full,
 *     and instances of open runs are not counted again, so a list that lags cannot make room twice.
 * L3. Instances to wake are named in the grant: no two open grants wake the same one.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { getObject, listObjects, putObject } from "../../shared/cloud/oss.ts";
import { days, hours } from "../../shared/duration.ts";

export interface Grant {
  readonly run: string;
  readonly at: number;
  /** How many instances the run may launch. */
  readonly launches: number;
  readonly wakes: readonly string[];
  readonly open: boolean;
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
}

/** An instance as far as limits care. */
export interface Member {
  readonly id: string;
  readonly run: string | undefined;
  /** May be started instead of buying a new one. */
  readonly wakeable: boolean;
}

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
  return object === undefined ? EMPTY : (JSON.parse(object.text) as Ledger);
}

/** Makes `ledger` the newest entry; false when somebody else was first (L1). */
export async function writeLedger(client: CloudClient, fleet: string, ledger: Ledger): Promise<boolean> {
  const body = JSON.stringify(ledger);
  const { written } = await putObject(client, keyOf(fleet, ledger.n), body, {
    contentType: "application/json",
    ifAbsent: true,
  });
  return written;
}

/** Decides what `run` may have. Pure; asked again for the same run it answers the same grant. */
export function grant(
  ledger: Ledger,
  request: { readonly run: string; readonly count: number },
  members: readonly Member[],
  limits: Limits,
  now: number,
): Grant {
  const earlier = ledger.grants.find(({ run }) => run === request.run);
  if (earlier) return earlier;
  const open = ledger.grants.filter((each) => each.open);
  const taken = new Set(open.flatMap(({ wakes }) => wakes));
  const wakes = members
    .filter(({ id, wakeable }) => wakeable && !taken.has(id))
    .map(({ id }) => id)
    .slice(0, request.count);
  const wanted = request.count - wakes.length;
  const openRuns = new Set(open.map(({ run }) => run));
  const counted = members.filter(({ run }) => run === undefined || !openRuns.has(run)).length;
  const rooms = [
    {
      room: limits.max - counted - sum(open),
      name: `max ${limits.max}: ${counted + sum(open)} there or on their way`,
    },
    ...windowRoom(ledger, limits.perHour, now - hours(1), "perHour"),
    ...windowRoom(ledger, limits.perDay, now - days(1), "perDay"),
  ];
  const launches = Math.max(0, Math.min(wanted, ...rooms.map(({ room }) => room)));
  const short = rooms.filter(({ room }) => room < wanted).map(({ name }) => `limit ${name}`);
  return { run: request.run, at: now, launches, wakes, open: true, short };
}

function windowRoom(ledger: Ledger, limit: number | undefined, since: number, name: string) {
  if (limit === undefined) return [];
  const used = sum(ledger.grants.filter(({ at }) => at > since));
  return [{ room: limit - used, name: `${name} ${limit}: ${used} used` }];
}

const sum = (grants: readonly Grant[]): number => grants.reduce((total, { launches }) => total + launches, 0);

/** The next entry with `given` in it; grants older than a day are forgotten once they are closed. */
export function withGrant(ledger: Ledger, given: Grant, now: number): Ledger {
  const others = ledger.grants.filter(
    ({ run, at, open }) => run !== given.run && (open || at > now - days(1)),
  );
  return { v: 1, n: ledger.n + 1, grants: [...others, given] };
}
