/**
 * The lock of a document: a log whose newest line says whether a change is under way (LOG-1). It is held for some calls of
 * one invocation, so one that is not released is void once no invocation can be at work any more.
 *
 * DOCUMENT-LOCK-1. Lines carry the delivery id of their request and, when it is served, its answer. A signature is good for some
 *     minutes, so whoever records a request could send it again, with other conditions, which are not signed: it is
 *     answered as the first time and changes nothing. The end of the log that is read holds more than a hundred changes.
 */
import * as z from "zod/mini";
import { seconds } from "../../../shared/duration.ts";
import { answer, type HttpAnswer } from "../../../shared/http/answer.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { documentLockKey, type StoredFolder } from "../../../shared/keys.ts";
import { append, appendOrLose, readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";

const Given = z.object({ statusCode: z.int(), body: z.string() });
const Line = z.object({
  at: z.int(),
  released: z.boolean(),
  delivery: z.optional(z.string()),
  given: z.optional(Given),
});

/** More than the time limit of the function (s.yaml), with a reserve for clocks that differ. */
const HELD_MAX_MS = seconds(30);

const BUSY =
  "another change of this document is under way; read it again in half a minute, then repeat yours";
const OPEN =
  "this request was sent before, it is open whether it was carried out, and the document has changed since; read it again";

/** A document, and the request that changes it. */
interface Locked {
  readonly folder: StoredFolder;
  readonly name: string;
  readonly delivery: string;
}

/** Makes a change while no other one is made, and each request once. @throws CloudError, and what `change` throws */
export async function whileLocked(
  { folder, name, delivery }: Locked,
  ports: Ports,
  change: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const { cloud, clock } = ports;
  const key = documentLockKey(folder, name);
  const { lines, end } = await readLog(cloud, key, Line, TAIL_BYTES);
  const earlier = earlierAnswer(
    lines.map(({ line }) => line),
    delivery,
    clock.now(),
  );
  if (earlier !== undefined) return earlier;
  const taken = await appendOrLose(ports, key, end, { at: clock.now(), released: false, delivery });
  if (taken === undefined) return answer(409, { error: BUSY });
  let given: HttpAnswer | undefined;
  try {
    given = await change();
    return given;
  } finally {
    const { statusCode, body } = given ?? {};
    const line = { at: clock.now(), released: true, delivery, ...(given && { given: { statusCode, body } }) };
    // Without this line the lock ends by itself.
    await append(ports, key, taken, line).catch((error: unknown) => {
      ports.log({ warning: "lock not released", key, error: String(error) });
    });
  }
}

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
  if (newest !== undefined && !newest.released && now - newest.at < HELD_MAX_MS)
    return answer(409, { error: BUSY });
  return own.length > 0 && newest?.delivery !== delivery ? answer(409, { error: OPEN }) : undefined;
}
