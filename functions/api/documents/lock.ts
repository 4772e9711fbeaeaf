/**
 * The lock of a document: a log whose newest line says whether a change is under way (LOG-1). It is held for some calls of
 * one invocation, so one that is not released is void once no invocation can be at work any more.
 *
 * DOCUMENT-LOCK-1. Lines carry the delivery id of their request and, when it is served, its answer. A signature is good for some
 *     minutes, so whoever records a request could send it again, with other conditions, which are not signed: it is
 *     answered as the first time and changes nothing. The end of the log that is read holds more than a hundred changes.
 * DOCUMENT-LOCK-2. A log that is damaged, or was written over, stays as it lies, and the next name is the lock. Were it
 *     deleted, a request that has seen the damage could delete the lock of one that has replaced it.
 * DOCUMENT-LOCK-3. The line of a request names the document that it has seen, by key and etag. When its answer is lost and it is
 *     sent again, it finds its own change there, which no condition must be compared with, or the same document, which it
 *     changes now. Any other document is none that it was meant for: the same name may have another ending.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import type { ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { seconds } from "../../../shared/duration.ts";
import { findDocuments } from "../../../shared/document-index.ts";
import { CloudError, EventError } from "../../../shared/errors.ts";
import { answer, type HttpAnswer } from "../../../shared/http/answer.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { documentLockKey, type StoredFolder } from "../../../shared/keys.ts";
import { append, appendOrLose, readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";

const Given = z.object({ statusCode: z.int(), body: z.string() });
/** A document as a request saw it before its change; null when there was none. */
const Seen = z.nullable(z.object({ key: z.string(), etag: z.string() }));
export type Seen = z.infer<typeof Seen>;
const Line = z.object({
  at: z.int(),
  released: z.boolean(),
  delivery: z.optional(z.string()),
  given: z.optional(Given),
  seen: z.optional(Seen),
});

/** More than the time limit of the function (s.yaml), with a reserve for clocks that differ. */
const HELD_MAX_MS = seconds(30);

const BUSY =
  "another change of this document is under way; read it again in half a minute, then repeat yours";
const UNDER_WAY = "this request is being carried out; send it again in half a minute to get its answer";
const OPEN =
  "this request was sent before, it is open whether it was carried out, and the document has changed since; read it again";

/** A document, and the request that changes it. */
interface Locked {
  readonly folder: StoredFolder;
  readonly name: string;
  readonly delivery: string;
}

/** The objects that have the name of a document, the one that counts first. */
export type There = readonly Pick<ObjectInfo, "key" | "etag">[];

/** A document before a change, and the objects that are there. */
export interface Found {
  readonly before: Seen;
  readonly there: There;
  /** Of a change that is made already: the document that it left. */
  readonly now?: Seen;
}

/** A change that is made under a lock. */
interface Locking {
  /** The document that this change has left; undefined unless it is made (DOCUMENT-LOCK-3). */
  left(before: Seen, there: There): Promise<Seen | undefined>;
  /** Makes the change, unless it is made already. */
  make(found: Found): Promise<HttpAnswer>;
}

/** Makes a change while no other one is made, and each request once. @throws CloudError, and what the change throws */
export async function whileLocked(
  { folder, name, delivery }: Locked,
  ports: Ports,
  change: Locking,
): Promise<HttpAnswer> {
  const { clock } = ports;
  const taken = await take({ folder, name, delivery }, ports, change);
  if ("statusCode" in taken) return taken;
  const { key, end } = taken;
  let given: HttpAnswer | undefined;
  try {
    given = await change.make(taken);
    return given;
  } finally {
    const { statusCode, body } = given ?? {};
    const line = { at: clock.now(), released: true, delivery, ...(given && { given: { statusCode, body } }) };
    // Without this line the lock ends by itself.
    await append(ports, key, end, line).catch((error: unknown) => {
      ports.log({ warning: "lock not released", key, error: String(error) });
    });
  }
}

/** Damaged logs of one document. */
const REPLACED_MAX = 100;

/** The line of this request. */
interface Taken extends Found {
  readonly key: string;
  readonly end: number;
}

/** Where the line of this request stands and ends, or the answer to one that may not act. @throws CloudError */
async function take(
  locked: Locked,
  ports: Ports,
  change: Pick<Locking, "left">,
): Promise<HttpAnswer | Taken> {
  const { folder, name } = locked;
  for (let replaced = 0; replaced < REPLACED_MAX; replaced++) {
    const key = documentLockKey(folder, name, replaced);
    try {
      return await takeAt(key, locked, ports, change);
    } catch (error) {
      const isDamaged =
        error instanceof EventError || (error instanceof CloudError && error.code === "ObjectNotAppendable");
      if (!isDamaged) throw error;
      ports.log({ warning: "damaged lock", key, error: error.message });
    }
  }
  return answer(409, {
    error: `${documentLockKey(folder, name)} and all that replaced it are damaged; delete them from the bucket`,
  });
}

async function takeAt(
  key: string,
  { folder, name, delivery }: Locked,
  ports: Ports,
  { left }: Pick<Locking, "left">,
): Promise<HttpAnswer | Taken> {
  const at = ports.clock.now();
  const { lines, end } = await readLog(ports.cloud, key, Line, TAIL_BYTES);
  const known = lines.map(({ line }) => line);
  const earlier = earlierAnswer(known, delivery, at);
  if (earlier !== undefined) return earlier;
  // Whoever changes it from here on, takes the place of the line.
  const there = await findDocuments(ports.cloud, folder, name);
  const counting = seenAs(there[0]);
  const first = known.findLast((line) => line.delivery === delivery && line.seen !== undefined)?.seen;
  const now = first === undefined ? undefined : await left(first, there);
  const isOther = first !== undefined && now === undefined && !isDeepStrictEqual(first, counting);
  if (isOther) return answer(409, { error: OPEN });
  const before = first === undefined ? counting : first;
  const taken = await appendOrLose(ports, key, end, { at, released: false, delivery, seen: before });
  if (taken === undefined) return answer(409, { error: BUSY });
  return { key, end: taken, before, there, ...(now !== undefined && { now }) };
}

const seenAs = (object: There[number] | undefined): Seen =>
  object === undefined ? null : { key: object.key, etag: object.etag };

/** The answer to a request that may not act: it has acted, or another change is at work or came after it. */
function earlierAnswer(
  lines: readonly z.infer<typeof Line>[],
  delivery: string,
  now: number,
): HttpAnswer | undefined {
  const own = lines.filter((line) => line.delivery === delivery);
  const given = own.find((line) => line.given !== undefined)?.given;
  if (given !== undefined) return answer(given.statusCode, { ...JSON.parse(given.body), repeated: true });
  const newest = lines.at(-1);
  // A time that is further ahead than clocks differ is none.
  if (newest !== undefined && !newest.released && Math.abs(now - newest.at) < HELD_MAX_MS)
    return newest.delivery === delivery ? answer(503, { error: UNDER_WAY }) : answer(409, { error: BUSY });
  return own.length > 0 && newest?.delivery !== delivery ? answer(409, { error: OPEN }) : undefined;
}
