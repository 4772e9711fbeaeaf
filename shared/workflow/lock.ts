/**
 * One run at a time: a numbered log whose newest entry says who holds a subject.
 *
 * LOCK-1. Entry n + 1 is created by whichever run saw the holder of n be over, and only one can create it. No
 *     entry is deleted while it counts, so neither two runs that take over a stale lock nor a late release can
 *     take away a lock that is another run's by now. (OSS deletes without asking whose an object is.)
 * LOCK-2. A lock is stale when it was released, or when the run of its holder has ended. A run without a record is
 *     unknown and not dead: it holds the lock as long as one of its events may still wait in a queue.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { days } from "../duration.ts";
import { lockFolder } from "../keys.ts";
import { RunId } from "../names.ts";
import { appendEntry, readNewest } from "./numbered-log.ts";
import { hasEnded, readRecord } from "./record.ts";

/** Stored lock entry. */
const Lock = z.strictObject({ n: z.int(), run: RunId, at: z.int(), released: z.boolean() });
export type Lock = z.infer<typeof Lock>;

/** An event waits in a queue no longer than this (maxAsyncEventAgeInSeconds in s.yaml). */
const SILENT_MS = days(1);

/** Acquires the lock of `subject` for `run`. Returns undefined on success, else the run that holds it. */
export async function acquireLock(
  client: CloudClient,
  subject: string,
  run: string,
  now: number,
): Promise<string | undefined> {
  const folder = lockFolder(subject);
  const newest = await readNewest(client, folder, Lock);
  if (newest?.run === run) return undefined;
  const holder = await currentHolder(client, newest, now);
  if (holder !== undefined) return holder;
  const next: Lock = { n: (newest?.n ?? 0) + 1, run, at: now, released: false };
  if (await appendEntry(client, folder, next)) return undefined;
  return (await readNewest(client, folder, Lock))?.run ?? "another run";
}

/** The run that holds the lock of `subject` now; undefined when it is free. Changes nothing. */
export async function holderOf(
  client: CloudClient,
  subject: string,
  now: number,
): Promise<string | undefined> {
  return currentHolder(client, await readNewest(client, lockFolder(subject), Lock), now);
}

/** Releases the lock of `subject`, if `run` holds it. */
export async function releaseLock(client: CloudClient, subject: string, run: string): Promise<void> {
  const folder = lockFolder(subject);
  const newest = await readNewest(client, folder, Lock);
  // The number stays this run's own, so writing it again changes no other run's lock.
  if (newest?.run === run && !newest.released) {
    const freed: Lock = { ...newest, released: true };
    await appendEntry(client, folder, freed, { ifAbsent: false });
  }
}

async function currentHolder(
  client: CloudClient,
  newest: Lock | undefined,
  now: number,
): Promise<string | undefined> {
  if (newest === undefined || newest.released) return undefined;
  const { run, at } = newest;
  const record = await readRecord(client, run);
  const stale = record ? hasEnded(record) : now - at > SILENT_MS;
  return stale ? undefined : run;
}
