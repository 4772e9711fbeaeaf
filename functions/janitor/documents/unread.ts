/**
 * The objects that no function reads. Uploads to other folders start nothing, so only a look into the bucket finds them.
 *
 * UNREAD-1. The look is bounded: a page of each folder that Kiln fills itself or that is not its own, all of the others. One
 *     that does not get to the end goes on there the next time.
 * UNREAD-2. A reported object stays in the bucket, and must not hide a new one: half of a report is the newest objects of each
 *     folder in turn, the other half is any of the rest, others each hour.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import {
  deleteObject,
  getObject,
  listObjects,
  putObject,
  type ObjectInfo,
} from "../../../shared/cloud/oss/objects.ts";
import { hours } from "../../../shared/duration.ts";
import { FOLDER, UNREAD_CURSOR } from "../../../shared/keys.ts";
import { unreadReason } from "../../../shared/unread.ts";
import { takeTurns } from "../turns.ts";

/** Objects of a page; listings of a look; objects that are reported in one. */
const [PAGE, PAGES_MAX, REPORTED_MAX] = [200, 100, 100];

/** Folders of which every object has a reader of its own or is reported. */
const WHOLE = new Set<string>([FOLDER.recipes, FOLDER.fleets, FOLDER.disks, FOLDER.components]);

export interface Unread extends Pick<ObjectInfo, "key" | "etag" | "lastModifiedAt"> {
  readonly reason: string;
}

/** A hundred of the objects that no function reads (UNREAD-2). */
export async function unreadObjects(cloud: CloudClient, now: number): Promise<readonly Unread[]> {
  const begun = await getObject(cloud, UNREAD_CURSOR);
  const found: Unread[] = [];
  let after = begun?.text;
  for (let page = 0; page < PAGES_MAX; page++) {
    const objects = await listObjects(cloud, "", { most: PAGE, ...(after !== undefined && { after }) });
    found.push(...objects.flatMap(asUnread));
    const last = objects.at(-1)?.key;
    after = last === undefined || objects.length < PAGE ? undefined : following(last);
    if (after === undefined) break;
  }
  if (after !== undefined) await putObject(cloud, UNREAD_CURSOR, after, { contentType: "text/plain" });
  else if (begun !== undefined) await deleteObject(cloud, UNREAD_CURSOR);
  return shareOf(found, Math.floor(now / hours(1)));
}

/** UNREAD-2. `turn`: the number of the look. Pure. */
export function shareOf<T extends Pick<ObjectInfo, "key" | "lastModifiedAt">>(
  found: readonly T[],
  turn: number,
): readonly T[] {
  const places = new Map<string, number>();
  const inTurn = found
    .toSorted((a, b) => b.lastModifiedAt - a.lastModifiedAt)
    .map((one) => {
      const folder = one.key.slice(0, one.key.indexOf("/") + 1);
      const place = places.get(folder) ?? 0;
      places.set(folder, place + 1);
      return { one, place };
    })
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
  return takeTurns(inTurn, REPORTED_MAX, (length) => (turn * (REPORTED_MAX / 2)) % length);
}

function asUnread({ key, etag, lastModifiedAt }: ObjectInfo): Unread[] {
  const reason = unreadReason(key);
  return reason === undefined ? [] : [{ key, etag, lastModifiedAt, reason }];
}

/** The key behind which the next page begins: behind the folder of the last one, unless all of it is looked at. */
function following(last: string): string {
  const folder = last.slice(0, last.indexOf("/") + 1);
  // "0" follows "/", so this is behind every key of the folder.
  return folder === "" || WHOLE.has(folder) ? last : `${folder.slice(0, -1)}0`;
}
