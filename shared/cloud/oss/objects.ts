/**
 * Objects in the bucket: documents, records, locks. They are small, and read and written whole.
 *
 * The official ali-oss is 1.3 MB bundled (it brings its own XML, HTTP, MIME and browser parts) where the
 * webhook may weigh 60 KB gzipped, so the five calls Kiln needs are signed in request.ts.
 */
import { sendToBucket, type BucketAnswer } from "./request.ts";
import type { CloudClient } from "../client.ts";
import { byToken } from "../ecs/pages.ts";
import { unreadable } from "../refusal.ts";
import { redactedBody } from "../../redact.ts";
import { ok, problem, type Result } from "../../result.ts";
import { entriesOf, textOf } from "./xml.ts";

export interface ObjectInfo {
  readonly key: string;
  /** Without the quotes. Changes with every write of other content. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly lastModifiedAt: number;
  /** The commit in its metadata; of a single object only, and when a push has said it (shared/commit.ts). */
  readonly commit?: string;
  /** Hexadecimal; of a single object only, and when it was written in one call. */
  readonly md5?: string;
}

export interface StoredObject extends ObjectInfo {
  readonly bytes: Buffer;
  readonly text: string;
}

/** The whole object, or undefined when there is none under `key`. */
export async function getObject(
  client: CloudClient,
  key: string,
  maxBytes?: number,
): Promise<StoredObject | undefined> {
  const answer = await sendToBucket(client, {
    action: "GetObject",
    method: "GET",
    key,
    maxBytes,
    allow: ["NoSuchKey"],
  });
  if (answer.status === 404) return undefined;
  return { ...infoOf(key, answer), bytes: answer.body, text: answer.body.toString("utf8") };
}

/**
 * The object, or undefined when there is none under `key`; a problem when it has more than `maxBytes`. Such an object
 * is not read to its end, because it may not fit into the memory of a function.
 */
export async function getSmallObject(
  client: CloudClient,
  key: string,
  maxBytes: number,
): Promise<Result<StoredObject | undefined>> {
  const object = await getObject(client, key, maxBytes);
  return object !== undefined && object.size > maxBytes
    ? problem(`${key} has ${object.size} bytes, more than the ${maxBytes} that it may have`)
    : ok(object);
}

/** A part of the object that `key` had when its ETag was read. */
export interface ObjectPart {
  readonly key: string;
  readonly etag: string;
  readonly from: number;
  readonly bytes: number;
}

/**
 * Exactly these bytes; undefined when `key` has another object by now, or none. The part must lie within the object.
 * If-Match and Range: https://www.alibabacloud.com/help/en/oss/developer-reference/getobject
 * @throws CloudError, also for an answer that is no such part: it is to be asked for again.
 */
export async function readPart(
  client: CloudClient,
  { key, etag, from, bytes }: ObjectPart,
): Promise<Buffer | undefined> {
  const range = `bytes=${from}-${from + bytes - 1}`;
  const answer = await sendToBucket(client, {
    action: "GetObject",
    method: "GET",
    key,
    headers: { range, "if-match": `"${etag}"`, "x-oss-range-behavior": "standard" },
    maxBytes: bytes,
    allow: ["NoSuchKey", "PreconditionFailed"],
  });
  if (answer.status === 404 || answer.status === 412) return undefined;
  const isPart = answer.headers["content-range"]?.startsWith(`${range.replace("=", " ")}/`) === true;
  if (answer.status === 206 && isPart && answer.body.length === bytes) return answer.body;
  const got = `${answer.status} with ${answer.body.length} bytes`;
  throw unreadable("oss", "GetObject", undefined, new Error(`${range} was asked for, and ${got} came`));
}

/** The metadata of an object, or undefined when it does not exist. */
export async function headObject(client: CloudClient, key: string): Promise<ObjectInfo | undefined> {
  const answer = await sendToBucket(client, {
    action: "HeadObject",
    method: "HEAD",
    key,
    allow: ["NoSuchKey"],
  });
  return answer.status === 404 ? undefined : infoOf(key, answer);
}

/** Writes an object whole: a text without known secrets, bytes as they are. */
export async function putObject(
  client: CloudClient,
  key: string,
  body: string | Uint8Array,
  options: { readonly contentType?: string; readonly commit?: string | undefined } = {},
): Promise<{ readonly etag: string }> {
  const answer = await sendToBucket(client, {
    action: "PutObject",
    method: "PUT",
    key,
    body: typeof body === "string" ? Buffer.from(redactedBody(body)) : Buffer.from(body),
    headers: {
      "content-type": options.contentType ?? "application/octet-stream",
      ...(options.commit !== undefined && { [COMMIT_META]: options.commit }),
    },
  });
  return { etag: etagOf(answer) };
}

/** Deletes an object; one that is not there is a success. */
export async function deleteObject(client: CloudClient, key: string): Promise<void> {
  await sendToBucket(client, { action: "DeleteObject", method: "DELETE", key, allow: ["NoSuchKey"] });
}

/** Keys of one page: https://www.alibabacloud.com/help/en/oss/developer-reference/listobjects-v2 */
export const LIST_PAGE = 1000;

/**
 * The objects whose key begins with `prefix`, in the order of their keys: all pages, or the first `most`; `after` leaves
 * out that key and all before it.
 */
export function listObjects(
  client: CloudClient,
  prefix: string,
  options: { readonly most?: number; readonly after?: string } = {},
): Promise<ObjectInfo[]> {
  const action = "ListObjects";
  const { most = Number.POSITIVE_INFINITY, after } = options;
  let left = most;
  const fetch = async (token: string | undefined) => {
    // Keys come URL-encoded: XML cannot hold every character a key can.
    const query = {
      "list-type": "2",
      prefix,
      "max-keys": String(Math.min(left, LIST_PAGE)),
      "encoding-type": "url",
      ...(after !== undefined && { "start-after": after }),
    };
    const page = token === undefined ? {} : { "continuation-token": token };
    const answer = await sendToBucket(client, { action, method: "GET", query: { ...query, ...page } });
    const xml = answer.body.toString("utf8");
    const items = entriesOf(xml, "Contents").map((entry) => ({
      key: decodeURIComponent(textOf(entry, "Key").replaceAll("+", " ")),
      etag: unquoted(textOf(entry, "ETag")),
      size: Number(textOf(entry, "Size")),
      lastModifiedAt: Date.parse(textOf(entry, "LastModified")),
    }));
    left -= items.length;
    const more = left > 0 && textOf(xml, "IsTruncated") === "true";
    const nextToken = more ? textOf(xml, "NextContinuationToken") : "";
    return { items, nextToken };
  };
  return byToken(action, fetch, "oss");
}

const COMMIT_META = "x-oss-meta-kiln-commit";

function infoOf(key: string, answer: BucketAnswer): ObjectInfo {
  const { [COMMIT_META]: commit, "content-md5": md5 } = answer.headers;
  return {
    ...(typeof commit === "string" && { commit }),
    ...(typeof md5 === "string" && { md5: Buffer.from(md5, "base64").toString("hex") }),
    key,
    etag: etagOf(answer),
    size: Number(answer.headers["content-length"] ?? answer.body.length),
    lastModifiedAt: Date.parse(answer.headers["last-modified"] ?? ""),
  };
}

const etagOf = ({ headers }: BucketAnswer): string => unquoted(headers.etag ?? "");
const unquoted = (text: string): string => text.replace(/^"|"$/g, "");
