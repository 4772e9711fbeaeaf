/**
 * Deletes old entries of numbered logs (LOG-2): reservations and locks. The newest entry of a log is its state and
 * stays. An entry of the last day stays too: a writer that read it may be about to write the number after it.
 */
import { deleteObject, listObjects } from "../../../shared/cloud/oss/objects.ts";
import { days } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER } from "../../../shared/keys.ts";

/** Entries deleted by one cleanup, so that it ends in time after a busy day; the next one goes on. */
const MOST = 500;

/** The number of entries deleted, or in a dry run of those that would be. */
export async function deleteOldEntries({ cloud, clock }: Ports, dryRun: boolean): Promise<number> {
  const folders = [FOLDER.reservations, FOLDER.locks];
  const entries = (await Promise.all(folders.map((folder) => listObjects(cloud, folder)))).flat();
  const logOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
  // Numbers count down, so the first entry of a log is its newest.
  const newest = new Set(new Map(entries.toReversed().map(({ key }) => [logOf(key), key])).values());
  const isOld = ({ key, lastModifiedAt }: (typeof entries)[number]): boolean =>
    !newest.has(key) && clock.now() - lastModifiedAt > days(1);
  const old = entries.filter(isOld).slice(0, MOST);
  for (const { key } of dryRun ? [] : old) await deleteObject(cloud, key);
  return old.length;
}
