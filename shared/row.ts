/**
 * A row of numbered entries in the bucket, the newest of which is the whole state of something.
 *
 * N1. A change is a new number, and the bucket lets only one writer have it; whoever loses reads again.
 * N2. Old entries may go (the sweep takes those of yesterday), the newest never: numbers must not come back.
 * Needs a bucket without versioning: in a versioned one everybody may write every number.
 */
import type { CloudClient } from "./cloud/client.ts";
import { getObject, listObjects, putObject } from "./cloud/oss.ts";
import { EventError } from "./errors.ts";

/** Numbers count down, so that the newest entry is the first of the list. */
const COUNT_DOWN_FROM = 999_999_999;

/** The newest entry of a row, or undefined when it has none. `folder` ends with a slash. */
export async function readNewest<T>(client: CloudClient, folder: string): Promise<T | undefined> {
  const [newest] = await listObjects(client, folder, { most: 1 });
  if (newest === undefined) return undefined;
  const object = await getObject(client, newest.key);
  // Never taken for an empty row: its numbers would be given out anew.
  if (object === undefined) throw new EventError(`${newest.key} is listed but cannot be read`);
  return JSON.parse(object.text) as T;
}

/** Writes entry `n`, by default only if nobody has (N1); false when somebody was first. */
export async function writeEntry(
  client: CloudClient,
  folder: string,
  n: number,
  entry: unknown,
  { ifAbsent = true }: { readonly ifAbsent?: boolean } = {},
): Promise<boolean> {
  const key = `${folder}${String(COUNT_DOWN_FROM - n).padStart(9, "0")}.json`;
  const options = { contentType: "application/json", ifAbsent };
  return (await putObject(client, key, JSON.stringify(entry), options)).written;
}
