/**
 * A log of numbered entries in the bucket; the newest entry is the whole state.
 *
 * LOG-1. A change is a new number, and the bucket lets only one writer create it; whoever loses reads again.
 * LOG-2. Old entries may be deleted (the janitor deletes those of yesterday), the newest never: a number must
 *     not be used twice.
 * Needs a bucket that never had versioning: there, several writers may create the same number
 * (https://www.alibabacloud.com/help/en/oss/developer-reference/putobject, x-oss-forbid-overwrite).
 */
import type * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { getObject, listObjects, putObject } from "../cloud/oss/objects.ts";
import { EventError } from "../errors.ts";
import { parse } from "../invocation.ts";

/** Numbers count down, so that the newest entry is the first of the list. */
const COUNT_DOWN_FROM = 999_999_999;

/** The newest entry of a log, or undefined when it is empty. `folder` ends with a slash. @throws EventError */
export async function readNewest<T>(
  client: CloudClient,
  folder: string,
  schema: z.ZodMiniType<T>,
): Promise<T | undefined> {
  const [newest] = await listObjects(client, folder, { most: 1 });
  if (newest === undefined) return undefined;
  const object = await getObject(client, newest.key);
  // Never taken for an empty log: its numbers would be used twice.
  if (object === undefined) throw new EventError(`${newest.key} is listed but cannot be read`);
  return parse(schema, JSON.parse(object.text), newest.key);
}

/** Writes entry number `n`, by default only if it does not exist (LOG-1); false when another writer was first. */
export async function appendEntry(
  client: CloudClient,
  folder: string,
  entry: object & { readonly n: number },
  { ifAbsent = true }: { readonly ifAbsent?: boolean } = {},
): Promise<boolean> {
  const { n } = entry;
  const key = `${folder}${String(COUNT_DOWN_FROM - n).padStart(9, "0")}.json`;
  const options = { contentType: "application/json", ifAbsent };
  return (await putObject(client, key, JSON.stringify(entry), options)).written;
}
