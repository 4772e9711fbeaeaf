/**
 * The lock of a document: a log whose newest line says whether a change is under way (LOG-1). It is held for some calls of
 * one invocation, so one that is not released is void once no invocation can be at work any more.
 */
import * as z from "zod/mini";
import { seconds } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { documentLockKey, type DocumentFolder } from "../../../shared/keys.ts";
import { append, readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";

const Line = z.object({ at: z.int(), released: z.boolean() });

/** More than the time limit of the function (s.yaml), with a reserve for clocks that differ. */
const HELD_MAX_MS = seconds(30);

/** Takes the lock and returns how to release it; undefined when another change holds it. @throws CloudError */
export async function lockDocument(
  folder: DocumentFolder,
  name: string,
  ports: Ports,
): Promise<(() => Promise<void>) | undefined> {
  const { cloud, clock } = ports;
  const key = documentLockKey(folder, name);
  const { lines, end } = await readLog(cloud, key, Line, TAIL_BYTES);
  const newest = lines.at(-1)?.line;
  if (newest !== undefined && !newest.released && clock.now() - newest.at < HELD_MAX_MS) return undefined;
  const taken = await append(ports, key, end, { at: clock.now(), released: false });
  if (taken.kind === "unknown") throw taken.error;
  if (taken.kind === "lost") return undefined;
  return async () => {
    // Without this line the lock ends by itself.
    const release = { at: clock.now(), released: true };
    await append(ports, key, taken.end, release).catch((error: unknown) => {
      ports.log({ warning: "lock not released", key, error: String(error) });
    });
  };
}
