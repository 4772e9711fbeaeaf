/**
 * The objects that no function reads. Uploads to other folders start nothing, so only a look into the bucket finds them.
 *
 * UNREAD-1. The look is bounded: a page of each folder that Kiln fills itself or that is not its own, all of the others.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { listObjects, type ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { FOLDER } from "../../../shared/keys.ts";
import { unreadReason } from "../../../shared/unread.ts";

/** Objects of a page; listings of a night; objects that are reported in one. */
const [PAGE, PAGES_MAX, REPORTED_MAX] = [200, 100, 100];

/** Folders of which every object has a reader of its own or is reported. */
const WHOLE = new Set<string>([FOLDER.recipes, FOLDER.fleets, FOLDER.disks, FOLDER.components]);

export interface Unread extends Pick<ObjectInfo, "key" | "etag" | "lastModifiedAt"> {
  readonly reason: string;
}

/** The objects that no function reads, in the order of their keys: the first hundred. */
export async function unreadObjects(cloud: CloudClient): Promise<readonly Unread[]> {
  const found: Unread[] = [];
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX && found.length < REPORTED_MAX; page++) {
    const objects = await listObjects(cloud, "", { most: PAGE, ...(after !== undefined && { after }) });
    found.push(...objects.flatMap(asUnread));
    const last = objects.at(-1)?.key;
    if (last === undefined || objects.length < PAGE) break;
    after = following(last);
  }
  return found.slice(0, REPORTED_MAX);
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
