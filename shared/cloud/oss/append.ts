/**
 * Appendable objects: the one way Kiln lets several writers agree. Whoever appends at the length it has read wins, and
 * every other writer is refused. https://www.alibabacloud.com/help/en/oss/developer-reference/appendobject
 */
import type { CloudClient } from "../client.ts";
import { sendToBucket } from "./request.ts";

/** Appends at `position`, 0 for an object that is not there yet. Answers false when the object has another length. */
export async function appendObject(
  client: CloudClient,
  key: string,
  position: number,
  text: string,
): Promise<boolean> {
  const answer = await sendToBucket(client, {
    action: "AppendObject",
    method: "POST",
    key,
    query: { append: "", position: String(position) },
    headers: { "content-type": "application/x-ndjson" },
    body: Buffer.from(text),
    allow: ["PositionNotEqualToLength"],
  });
  return answer.status === 200;
}

/** A part of an object that reaches to its end. */
export interface ObjectTail {
  readonly bytes: Buffer;
  /** Where the part begins. */
  readonly from: number;
}

/**
 * The last `most` bytes of an object, or all of it; undefined when there is none.
 * Range and its behaviour: https://www.alibabacloud.com/help/en/oss/developer-reference/getobject
 */
export async function readTail(
  client: CloudClient,
  key: string,
  most?: number,
): Promise<ObjectTail | undefined> {
  const range = most !== undefined && { range: `bytes=-${most}`, "x-oss-range-behavior": "standard" };
  const answer = await sendToBucket(client, {
    action: "GetObject",
    method: "GET",
    key,
    headers: { ...range },
    allow: ["NoSuchKey", "InvalidRange"],
  });
  if (answer.status === 404) return undefined;
  // An object without content has no last bytes.
  if (answer.status === 416) return { bytes: Buffer.alloc(0), from: 0 };
  // Without the part that was asked for, OSS answers 200 and the whole object.
  const [, from] = /^bytes (\d+)-/.exec(answer.headers["content-range"] ?? "") ?? [];
  return { bytes: answer.body, from: answer.status === 206 ? Number(from) : 0 };
}
