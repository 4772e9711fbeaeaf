/**
 * The checksums that lie beside an uploaded disk, `<file>.md5` and `<file>.sha256`.
 *
 * CHECKSUM-1. An MD5 is compared with the one that OSS keeps of an object that was written in one call. Of one that was
 *     uploaded in parts OSS keeps none: it is not compared.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/headobject
 * CHECKSUM-2. OSS keeps no SHA-256 of any object: the disk is read whole, by the phase `hash`. What it is compared with, and
 *     the ETag of the disk, are read here once and travel.
 * CHECKSUM-3. A checksum that cannot be compared refuses the bake: whoever put it there wants the comparison.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { getSmallObject, headObject, type ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { sha256In } from "./checksum-file.ts";

/** The list of a release has a line for each of its files. */
const MOST_BYTES = 64 * 1024;

const GB = 1e9;
/** The most that is read of the disks of one bake: at 5 MB/s it takes less than the limit of the phase (HASH-3). */
const HASHED_MAX_BYTES = 100 * GB;

/** A disk, by its place among those of the import, whose SHA-256 is known. */
export interface Sha256 {
  readonly disk: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** 64 digits, small letters. */
  readonly expected: string;
}

/** The SHA-256 checksums of disks, in their order. A problem: one that differs, or that says nothing. @throws CloudError */
export async function checksumsOf(
  keys: readonly string[],
  cloud: CloudClient,
): Promise<Result<readonly Sha256[]>> {
  const found: Sha256[] = [];
  for (const [disk, key] of keys.entries()) {
    const wrong = await md5Problem(key, cloud);
    if (wrong !== undefined) return problem(wrong);
    const expected = await expectedSha256(key, cloud);
    if (!expected.ok) return expected;
    if (expected.value === undefined) continue;
    const { etag, size } = expected.value.head;
    found.push({ disk, etag, size, expected: expected.value.sha256 });
  }
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= HASHED_MAX_BYTES) return ok(found);
  const files = found.map(({ disk }) => keys[disk]).join(", ");
  return problem(
    `${files}: ${(bytes / GB).toFixed(1)} GB, more than the ${HASHED_MAX_BYTES / GB} GB that a bake reads to compare SHA-256 checksums; compare it before the upload, and delete its .sha256`,
  );
}

async function md5Problem(key: string, cloud: CloudClient): Promise<string | undefined> {
  const beside = `${key}.md5`;
  const found = await getSmallObject(cloud, beside, MOST_BYTES);
  if (!found.ok) return found.problem;
  if (found.value === undefined) return undefined;
  const [said] = /\b[0-9a-f]{32}\b/i.exec(found.value.text) ?? [];
  if (said === undefined) return `${beside} holds no MD5 of 32 hexadecimal digits; correct it, or delete it`;
  const is = (await headObject(cloud, key))?.md5;
  return is === undefined || is === said.toLowerCase()
    ? undefined
    : differs(key, { kind: "MD5", ending: ".md5", is, said });
}

/** In words: a disk is not the one that its checksum is of. */
export const differs = (
  key: string,
  { kind, ending, is, said }: Readonly<Record<"kind" | "ending" | "is" | "said", string>>,
): string =>
  `${key} has the ${kind} ${is}, and ${key}${ending} says ${said}; upload the file again, or correct its checksum`;

async function expectedSha256(
  key: string,
  cloud: CloudClient,
): Promise<Result<{ readonly head: ObjectInfo; readonly sha256: string } | undefined>> {
  const beside = `${key}.sha256`;
  const found = await getSmallObject(cloud, beside, MOST_BYTES);
  if (!found.ok || found.value === undefined) return found.ok ? ok(undefined) : found;
  const sha256 = sha256In(found.value.text, key.slice(key.lastIndexOf("/") + 1));
  if (!sha256.ok) return problem(`${beside} ${sha256.problem}`);
  const head = await headObject(cloud, key);
  return head === undefined ? problem(`the bucket has no object ${key}`) : ok({ head, sha256: sha256.value });
}
