/** Names of documents, and the forms of the cloud's own identifiers. */
import { Name } from "../names.ts";
import type { Problem } from "../errors.ts";
import { text } from "./fields.ts";

/** `recipes/web.yaml` → `web`; a bare name stays as it is. */
export function documentName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1).replace(/\.(ya?ml|json)$/, "");
}

/** The name becomes part of object keys, tags, task ids and, for a recipe, of the image's name. */
export function nameProblems(name: string): Problem[] {
  if (Name.safeParse(name).success) return [];
  const rule = "must be 1 to 40 lower-case letters, digits and -, with a letter first";
  const like = nameLike(name.replace(/\.(?:ya?ml|json)$/i, ""));
  const advice = like === undefined ? "rename the file" : `rename the file to ${like}.yaml`;
  return [{ path: "(file name)", message: `${rule} (it is ${JSON.stringify(name)}); ${advice}` }];
}

/** The nearest allowed name; undefined when too little of it is left. */
export function nameLike(name: string): string | undefined {
  const like = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return like === "" ? undefined : like;
}

export const vSwitchId = () => text(/^vsw-[a-z0-9-]{1,60}$/, "be the id of a vSwitch, vsw-…");
export const securityGroupId = () => text(/^sg-[a-z0-9-]{1,60}$/, "be the id of a security group, sg-…");
export const snapshotId = () => text(/^s-[a-z0-9-]{1,60}$/, "be the id of a snapshot, s-…");
export const regionId = () => text(/^[a-z]{2}-[a-z0-9-]{1,60}$/, "be the id of a region, like cn-hangzhou");
export const resourceGroupId = () => text(/^rg-[A-Za-z0-9-]{1,60}$/, "be the id of a resource group, rg-…");
/** Ids of keys, and their aliases. https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-createkey */
export const kmsKeyId = () =>
  text(/^[A-Za-z0-9][A-Za-z0-9/_-]{0,254}$/, "be the id of a key of the Key Management Service");
export const instanceType = () =>
  text(/^ecs\.[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}$/, "be an instance type, like ecs.g7.large");

/** Object keys of a document stay inside the bucket: no leading slash, no way up. */
export const KEY_PATTERN = /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$)).{1,1023}$/;
export const objectKey = () =>
  text(KEY_PATTERN, "be the key of an object in the bucket, like scripts/setup.sh");

/** RAM role names, the limit of the RAM console and API. */
export const ramRole = () =>
  text(/^[A-Za-z0-9._-]{1,64}$/, "be the name of a RAM role, at most 64 characters");

// Descriptions of every ECS resource, RunInstances and CreateImage: 2–256, not a link.
export const description = () =>
  text(/^(?!https?:\/\/)[\s\S]{2,256}$/, "be 2 to 256 characters and not start with http:// or https://");

/** Raw bytes of user data, RunInstances 2026; the document of 2019 said 16 KB. */
export const MAX_USER_DATA_BYTES = 32 * 1024;

/**
 * The first characters by which cloud-init knows what user data is.
 * https://docs.cloud-init.io/en/latest/explanation/format.html
 */
const USER_DATA =
  /^\s*(?:#!|#cloud-|#include|#part-handler|#upstart-job|## template:|Content-Type:|MIME-Version:|\[bat\]|\[powershell\])/i;

/** Whether a text is Base64 of user data, as RunInstances itself takes it: encoded again, it would never run. */
function isEncoded(raw: string): boolean {
  const bare = raw.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(bare)) return false;
  const bytes = Buffer.from(bare, "base64");
  return USER_DATA.test(bytes.toString("latin1")) || (bytes[0] === 0x1f && bytes[1] === 0x8b);
}

/** Why this user data, text or bytes such as those of gzip, would be refused, or undefined. */
export function userDataProblem(raw: string | Uint8Array): string | undefined {
  const bytes = Buffer.byteLength(raw);
  if (bytes === 0) return "must not be empty; leave the key out";
  if (isEncoded(typeof raw === "string" ? raw : Buffer.from(raw).toString("latin1")))
    return "is Base64 already; write the text itself, Kiln encodes it";
  return bytes > MAX_USER_DATA_BYTES
    ? `must be at most 32 KB (${MAX_USER_DATA_BYTES} bytes), has ${bytes} bytes; let it fetch the rest`
    : undefined;
}
