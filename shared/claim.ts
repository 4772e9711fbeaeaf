/**
 * One run at a time: a row (row.ts) of which the newest entry says who holds a subject.
 *
 * C1. Number n + 1 is created by whoever saw the holder of n be over, and only one can create it. Nothing is
 *     deleted while it counts: of two runs that take over a dead one's claim, or of a late copy that lets go,
 *     none can take away what is another's by now. (A deletion could: OSS deletes without asking whose it is.)
 * C2. A holder is over when it let go, or when its run has ended. A run without a record is unknown and not dead:
 *     it holds for as long as one of its events may still wait in a queue.
 */
import type { CloudClient } from "./cloud/client.ts";
import { days } from "./duration.ts";
import { hasEnded, readRecord } from "./journal.ts";
import { readNewest, writeEntry } from "./row.ts";

/** An entry, as it lies in the bucket. The sweep forgets old ones, but never the newest of a subject. */
export interface Claim {
  readonly n: number;
  readonly run: string;
  readonly at: number;
  readonly released: boolean;
}

/** An event of a queue lives no longer than this (maxAsyncEventAgeInSeconds in s.yaml). */
const SILENT_MS = days(1);

const folderOf = (subject: string): string => `claims/${subject}/`;

/** Tries to hold `subject` for `run`. Answers undefined when it is held now, else the run that holds it. */
export async function claim(
  client: CloudClient,
  subject: string,
  run: string,
  now: number,
): Promise<string | undefined> {
  const newest = await readNewest<Claim>(client, folderOf(subject));
  if (newest?.run === run) return undefined;
  const holder = await stillHolding(client, newest, now);
  if (holder !== undefined) return holder;
  const next: Claim = { n: (newest?.n ?? 0) + 1, run, at: now, released: false };
  if (await writeEntry(client, folderOf(subject), next.n, next)) return undefined;
  return (await readNewest<Claim>(client, folderOf(subject)))?.run ?? "another run";
}

/** The run that holds `subject` now; undefined when it is free. Only looks. */
export async function holderOf(
  client: CloudClient,
  subject: string,
  now: number,
): Promise<string | undefined> {
  return stillHolding(client, await readNewest<Claim>(client, folderOf(subject)), now);
}

/** Lets go of `subject`, if `run` holds it. */
export async function release(client: CloudClient, subject: string, run: string): Promise<void> {
  const newest = await readNewest<Claim>(client, folderOf(subject));
  // The number is this run's own for good, so writing it again changes nobody else's claim.
  if (newest?.run === run && !newest.released)
    await writeEntry(client, folderOf(subject), newest.n, { ...newest, released: true }, { ifAbsent: false });
}

async function stillHolding(
  client: CloudClient,
  newest: Claim | undefined,
  now: number,
): Promise<string | undefined> {
  if (newest === undefined || newest.released) return undefined;
  const { run, at } = newest;
  const record = await readRecord(client, run);
  const over = record ? hasEnded(record) : now - at > SILENT_MS;
  return over ? undefined : run;
}
