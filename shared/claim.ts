/**
 * One run at a time: a row of numbered entries in the bucket, of which the newest says who holds a subject.
 *
 * C1. Number n + 1 is created by whoever saw the holder of n be over, and only one can create it. Nothing is
 *     deleted while it counts: of two runs that take over a dead one's claim, or of a late copy that lets go,
 *     none can take away what is another's by now. (A deletion could: OSS deletes without asking whose it is.)
 * C2. A holder is over when it let go, when its run has ended, or when it was silent for long without a record.
 */
import type { CloudClient } from "./cloud/client.ts";
import { getObject, listObjects, putObject } from "./cloud/oss.ts";
import { hours } from "./duration.ts";
import { EventError } from "./errors.ts";
import { hasEnded, readRecord } from "./journal.ts";

/** An entry, as it lies in the bucket. The sweep forgets old ones, but never the newest of a subject. */
export interface Claim {
  readonly n: number;
  readonly run: string;
  readonly at: number;
  readonly released: boolean;
}

/** A run without a record is only believed dead after this; records are written within seconds. */
const SILENT_MS = hours(1);

/** Numbers count down, so that the newest entry is the first of the list. */
const COUNT_DOWN_FROM = 999_999_999;
const folder = (subject: string): string => `claims/${subject}/`;
const keyOf = (subject: string, n: number): string =>
  `${folder(subject)}${String(COUNT_DOWN_FROM - n).padStart(9, "0")}.json`;

/** Tries to hold `subject` for `run`. Answers undefined when it is held now, else the run that holds it. */
export async function claim(
  client: CloudClient,
  subject: string,
  run: string,
  now: number,
): Promise<string | undefined> {
  const newest = await readNewest(client, subject);
  if (newest?.run === run) return undefined;
  if (newest !== undefined && !(await isOver(client, newest, now))) return newest.run;
  const next: Claim = { n: (newest?.n ?? 0) + 1, run, at: now, released: false };
  if (await write(client, subject, next, true)) return undefined;
  return (await readNewest(client, subject))?.run ?? "another run";
}

/** Lets go of `subject`, if `run` holds it. */
export async function release(client: CloudClient, subject: string, run: string): Promise<void> {
  const newest = await readNewest(client, subject);
  // The number is this run's own for good, so writing it again changes nobody else's claim.
  if (newest?.run === run && !newest.released)
    await write(client, subject, { ...newest, released: true }, false);
}

async function readNewest(client: CloudClient, subject: string): Promise<Claim | undefined> {
  const [newest] = await listObjects(client, folder(subject), { most: 1 });
  if (newest === undefined) return undefined;
  const object = await getObject(client, newest.key);
  // Never taken for an unheld subject: its number would be given twice.
  if (object === undefined) throw new EventError(`${newest.key} is listed but cannot be read`);
  return JSON.parse(object.text) as Claim;
}

async function isOver(client: CloudClient, { run, at, released }: Claim, now: number): Promise<boolean> {
  if (released) return true;
  const record = await readRecord(client, run);
  return record ? hasEnded(record) : now - at > SILENT_MS;
}

async function write(
  client: CloudClient,
  subject: string,
  entry: Claim,
  ifAbsent: boolean,
): Promise<boolean> {
  const options = { contentType: "application/json", ifAbsent };
  return (await putObject(client, keyOf(subject, entry.n), JSON.stringify(entry), options)).written;
}
