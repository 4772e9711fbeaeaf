/**
 * One run at a time: a log whose newest line says who holds a subject.
 *
 * LOCK-1. A line is written by whichever run saw the holder of the line before be over, and only one can append it. So
 *     neither two runs that take over a stale lock nor a late release can take away a lock that is another run's by now.
 * LOCK-2. A lock is stale when it was released, or when the run of its holder has ended. A run without a log is unknown
 *     and not dead: it holds the lock for a day, and not at all when it took it more than a day from now.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { days } from "../duration.ts";
import { EventError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { lockKey } from "../keys.ts";
import { RunId } from "../names.ts";
import { appendOrLose, readLog, TAIL_BYTES } from "./log.ts";
import { previousLock } from "./previous-version.ts";
import { readRunLog, standing } from "./run-log.ts";

/** Stored lock line. */
const Lock = z.object({ run: RunId, at: z.int(), released: z.boolean() });
type Lock = z.infer<typeof Lock>;

type LockPorts = Pick<Ports, "cloud" | "clock" | "writer">;

/** A run without a log may belong to an event that still waits in a queue (maxAsyncEventAgeInSeconds in s.yaml). */
const SILENT_MS = days(1);

async function newestLine(client: CloudClient, subject: string) {
  const { lines, end } = await readLog(client, lockKey(subject), Lock, TAIL_BYTES);
  return { newest: lines.at(-1)?.line ?? (end === 0 ? await previousLock(client, subject) : undefined), end };
}

/**
 * Acquires the lock of `subject` for `run`. Returns undefined on success, else the run that holds it.
 * @param restMs the lock is also refused when another run held it so short a time ago: lists may not show its changes yet
 */
export async function acquireLock(
  subject: string,
  run: string,
  ports: LockPorts,
  restMs = 0,
): Promise<string | undefined> {
  const { cloud, clock } = ports;
  const { newest, end } = await newestLine(cloud, subject);
  if (newest?.run === run && !newest.released) return undefined;
  const isAnother = newest !== undefined && newest.run !== run;
  const holder = await currentHolder(newest, ports, isAnother ? restMs : 0);
  if (holder !== undefined) return holder;
  const line = { run, at: clock.now(), released: false };
  if ((await appendOrLose(ports, lockKey(subject), end, line)) !== undefined) return undefined;
  return (await newestLine(cloud, subject)).newest?.run ?? "another run";
}

/** The run that holds the lock of `subject` now; undefined when it is free. Changes nothing. */
export const holderOf = async (subject: string, ports: LockPorts): Promise<string | undefined> =>
  currentHolder((await newestLine(ports.cloud, subject)).newest, ports);

/** Whether `run`, which is at work, holds the lock of `subject`. */
export async function holdsLock(
  subject: string,
  run: string,
  { cloud }: Pick<Ports, "cloud">,
): Promise<boolean> {
  return (await heldSince(subject, run, { cloud })) !== undefined;
}

/** Since when `run` holds the lock of `subject`; undefined when it does not. */
export async function heldSince(
  subject: string,
  run: string,
  { cloud }: Pick<Ports, "cloud">,
): Promise<number | undefined> {
  const { newest } = await newestLine(cloud, subject);
  return newest?.run === run && !newest.released ? newest.at : undefined;
}

/** Releases the lock of `subject`, if `run` holds it. Losing the append means that it is another run's by now. */
export async function releaseLock(subject: string, run: string, ports: LockPorts): Promise<void> {
  const { newest, end } = await newestLine(ports.cloud, subject);
  if (newest?.run !== run || newest.released) return;
  const line = { run, at: ports.clock.now(), released: true };
  await appendOrLose(ports, lockKey(subject), end, line);
}

/** A log that cannot be read says as little as one that is missing (LOCK-2). */
async function standingOf(run: string, cloud: CloudClient) {
  try {
    return standing(run, await readRunLog(cloud, run));
  } catch (error) {
    if (error instanceof EventError) return undefined;
    throw error;
  }
}

async function currentHolder(
  newest: Lock | undefined,
  { cloud, clock }: LockPorts,
  restMs = 0,
): Promise<string | undefined> {
  if (newest === undefined) return undefined;
  const { run, at, released } = newest;
  const isOver = (endedAt: number): boolean => Math.abs(clock.now() - endedAt) >= restMs;
  if (released) return isOver(at) ? undefined : run;
  const holder = await standingOf(run, cloud);
  const stale = holder
    ? holder.endedAt !== undefined && isOver(holder.endedAt)
    : Math.abs(clock.now() - at) > SILENT_MS;
  return stale ? undefined : run;
}
