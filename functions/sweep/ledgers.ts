/**
 * Old entries of rows (shared/row.ts): the fleets' ledgers and the claims. The newest
 * of a folder holds the whole state, so the others are history. It is never touched: numbers must not come
 * back. Nor is one of the last day: a writer that read it may still be about to write the number after it.
 */
import { deleteObject, listObjects } from "../../shared/cloud/oss.ts";
import { days } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";

/** So many a sweep, that one after a busy day still ends in time; the next goes on. */
const MOST = 500;

/** How many entries are forgotten now, or would be. */
export async function forgetEntries({ cloud, clock }: Ports, dryRun: boolean): Promise<number> {
  const entries = [...(await listObjects(cloud, "ledger/")), ...(await listObjects(cloud, "claims/"))];
  const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
  // Numbers count down, so the first of a folder is its newest.
  const newest = new Set(new Map(entries.toReversed().map(({ key }) => [folderOf(key), key])).values());
  const old = entries.filter(
    ({ key, lastModifiedAt }) => !newest.has(key) && clock.now() - lastModifiedAt > days(1),
  );
  const now = old.slice(0, MOST);
  for (const { key } of dryRun ? [] : now) await deleteObject(cloud, key);
  return now.length;
}
