/**
 * One run at a time: a small object in the bucket that only one run can create.
 *
 * A claim whose run has ended, or whose run never wrote a record, is stale after a while and is taken over.
 */
import type { CloudClient } from "./cloud/client.ts";
import { deleteObject, getObject, putObject } from "./cloud/oss.ts";
import { hours } from "./duration.ts";
import { hasEnded, readRecord } from "./journal.ts";

interface Holder {
  readonly run: string;
  readonly at: number;
}

/** A run without a record is only believed dead after this; records are written within seconds. */
const SILENT_MS = hours(1);

const keyOf = (subject: string): string => `claims/${subject}.json`;

/** Tries to hold `subject` for `run`. Answers undefined when it is held now, else the run that holds it. */
export async function claim(
  client: CloudClient,
  subject: string,
  run: string,
  now: number,
): Promise<string | undefined> {
  const holder: Holder = { run, at: now };
  const put = () => putObject(client, keyOf(subject), JSON.stringify(holder), { ifAbsent: true });
  if ((await put()).written) return undefined;
  const found = await getObject(client, keyOf(subject));
  if (found === undefined) return (await put()).written ? undefined : "another run";
  const other = JSON.parse(found.text) as Holder;
  if (other.run === run) return undefined;
  const record = await readRecord(client, other.run);
  const over = record ? hasEnded(record) : now - other.at > SILENT_MS;
  if (!over) return other.run;
  await deleteObject(client, keyOf(subject));
  return (await put()).written ? undefined : "another run";
}

/** Lets go of `subject`, if `run` holds it. */
export async function release(client: CloudClient, subject: string, run: string): Promise<void> {
  const found = await getObject(client, keyOf(subject));
  if (found === undefined || (JSON.parse(found.text) as Holder).run !== run) return;
  await deleteObject(client, keyOf(subject));
}
