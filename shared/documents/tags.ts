/**
 * Tags that users add (https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-tagresources):
 *
 * TAG-1. A key is 1–64 characters on an image, 1–128 on an instance; a value at most 128.
 * TAG-2. Neither contains control characters, http:// or https://; a key does not start with aliyun or acs:, and neither does
 *     the value of an image's tag.
 * TAG-3. A resource takes 20 tags, Kiln's own included (shared/tags.ts); `kiln:` is reserved for Kiln.
 */
import { OWN_TAGS_MAX, TAGS_MAX } from "../tags.ts";
import { CONTROL, type Finding } from "./fields.ts";

const MAX_VALUE = 128;

interface Limits {
  /** How many tags the user may add. */
  readonly most: number;
  readonly maxKey: number;
  readonly valueReserved: boolean;
}

// Older pages of CreateImage allow keys up to 64 characters, newer ones up to 128; 64 is right under both.
export const IMAGE_TAGS: Limits = { most: OWN_TAGS_MAX.image, maxKey: 64, valueReserved: true };
export const INSTANCE_TAGS: Limits = { most: OWN_TAGS_MAX.member, maxKey: 128, valueReserved: false };

/** The problem of these tags as a whole. */
export function tagCountProblem(count: number, { most }: Limits): string | undefined {
  if (count <= most) return undefined;
  return `must be at most ${most} tags, has ${count}: the cloud allows ${TAGS_MAX} and Kiln adds ${TAGS_MAX - most}; remove ${count - most}`;
}

/** The problem of one tag, at its place. */
export function tagFindings(key: string, value: string, limits: Limits, at: Finding["at"]): Finding[] {
  return [keyProblem(key, limits), valueProblem(value, limits)].flatMap((message) =>
    message === undefined ? [] : [{ at, message }],
  );
}

function keyProblem(key: string, { maxKey }: Limits): string | undefined {
  if (key === "") return "needs a key that is not empty";
  if (CONTROL.test(key)) return "needs a key of one line, without control characters";
  if (key.length > maxKey) return `needs a key of at most ${maxKey} characters, has ${key.length}`;
  if (/^kiln:/i.test(key))
    return "needs a key that does not start with kiln:, which Kiln uses for its own tags";
  if (/^(aliyun|acs:)/i.test(key)) return "needs a key that does not start with aliyun or acs:";
  return /https?:\/\//i.test(key) ? "needs a key without http:// or https://" : undefined;
}

function valueProblem(value: string, { valueReserved }: Limits): string | undefined {
  if (CONTROL.test(value)) return "needs a value of one line, without control characters";
  if (value.length > MAX_VALUE)
    return `needs a value of at most ${MAX_VALUE} characters, has ${value.length}`;
  if (valueReserved && /^(aliyun|acs:)/i.test(value)) {
    return "needs a value that does not start with aliyun or acs:";
  }
  return /https?:\/\//i.test(value) ? "needs a value without http:// or https://" : undefined;
}
