/**
 * The checksum that lies beside an uploaded disk, `<file>.md5`.
 *
 * CHECKSUM-1. It is compared with the MD5 that OSS keeps of an object that was written in one call. Of one that was uploaded in
 *     parts OSS keeps none, and a function cannot read a disk of any size within its time: such a disk is not compared.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/headobject
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { getSmallObject, headObject } from "../../../shared/cloud/oss/objects.ts";

const MOST_BYTES = 4 * 1024;

/** Why the disk is not the one that its checksum is of; undefined when it is, and when that is not known. @throws CloudError */
export async function checksumProblem(key: string, cloud: CloudClient): Promise<string | undefined> {
  const beside = `${key}.md5`;
  const found = await getSmallObject(cloud, beside, MOST_BYTES);
  if (!found.ok) return found.problem;
  if (found.value === undefined) return undefined;
  const [said] = /\b[0-9a-f]{32}\b/i.exec(found.value.text) ?? [];
  if (said === undefined) return `${beside} holds no MD5 of 32 hexadecimal digits; correct it, or delete it`;
  const is = (await headObject(cloud, key))?.md5;
  return is === undefined || is === said.toLowerCase()
    ? undefined
    : `${key} has the MD5 ${is}, and ${beside} says ${said}; upload the file again, or correct its checksum`;
}
