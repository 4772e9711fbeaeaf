/**
 * Tags people add (TagResources, CreateImage, RunInstances):
 * T1. A key is 1–64 characters on an image, 1–128 on an instance; a value at most 128.
 * T2. Neither contains http:// or https://; a key does not start with aliyun or acs:, and neither does
 *     the value of an image's tag.
 * T3. 20 tags on a resource, Kiln's own included; `kiln:` is Kiln's.
 */
import type { Finding } from "./fields.ts";

/** Tags on one resource, TagResources and every create call. */
const MAX_TAGS = 20;
/** What Kiln writes on an image: run, role, recipe, base, three inputs, by, gate, promotion and retire-at. */
export const KILN_IMAGE_TAGS = 11;
/** What Kiln writes on an instance: run, role, fleet, image and four in reserve. */
const KILN_INSTANCE_TAGS = 8;
const MAX_VALUE = 128;

interface Limits {
  readonly ours: number;
  readonly maxKey: number;
  readonly valueReserved: boolean;
}

// CreateImage of document 003: keys to 64; later pages say 128, and 64 is right under both.
export const IMAGE_TAGS: Limits = { ours: KILN_IMAGE_TAGS, maxKey: 64, valueReserved: true };
// RunInstances of document 001: keys to 128.
export const INSTANCE_TAGS: Limits = { ours: KILN_INSTANCE_TAGS, maxKey: 128, valueReserved: false };

/** What is wrong with these tags as a whole. */
export function tagCountProblem(count: number, { ours }: Limits): string | undefined {
  const left = MAX_TAGS - ours;
  if (count <= left) return undefined;
  return `must be at most ${left} tags, has ${count}: the cloud allows ${MAX_TAGS} and Kiln adds ${ours}; remove ${count - left}`;
}

/** What is wrong with one tag, told at its place. */
export function tagFindings(key: string, value: string, limits: Limits, at: Finding["at"]): Finding[] {
  const problem = keyProblem(key, limits) ?? valueProblem(value, limits);
  return problem === undefined ? [] : [{ at, message: problem }];
}

function keyProblem(key: string, { maxKey }: Limits): string | undefined {
  if (key === "") return "needs a key that is not empty";
  if (key.length > maxKey) return `needs a key of at most ${maxKey} characters, has ${key.length}`;
  if (/^kiln:/i.test(key))
    return "needs a key that does not start with kiln:, which Kiln uses for its own tags";
  if (/^(aliyun|acs:)/i.test(key)) return "needs a key that does not start with aliyun or acs:";
  return /https?:\/\//i.test(key) ? "needs a key without http:// or https://" : undefined;
}

function valueProblem(value: string, { valueReserved }: Limits): string | undefined {
  if (value.length > MAX_VALUE)
    return `needs a value of at most ${MAX_VALUE} characters, has ${value.length}`;
  if (valueReserved && /^(aliyun|acs:)/i.test(value)) {
    return "needs a value that does not start with aliyun or acs:";
  }
  return /https?:\/\//i.test(value) ? "needs a value without http:// or https://" : undefined;
}
