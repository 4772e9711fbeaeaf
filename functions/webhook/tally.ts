/**
 * Counts the refusals of each sender and caller, for `GET /senders`. Nothing decides by them.
 *
 * TALLY-1. An instance of the function keeps its own counts and writes them as one object for each hour, so that nothing is
 *     read before it is written and no two writers meet.
 * TALLY-2. Strangers decide how much is refused, so for refusals an instance may write 20 times at once, and then once a
 *     minute. Counts wait for the next request meanwhile, and those of the last minutes are lost with the instance. That a
 *     sender or caller was accepted is known to the minute, whatever was refused before.
 * TALLY-3. Names are those of the settings, one for all strangers; reasons are cut, and many of them are one.
 */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import { putObject } from "../../shared/cloud/oss/objects.ts";
import type { HttpAnswer } from "../../shared/http/answer.ts";
import type { Call } from "../../shared/http/call.ts";
import type { Ports } from "../../shared/invocation.ts";
import { readJson } from "../../shared/json.ts";
import { deliveriesKey } from "../../shared/keys.ts";
import { redactedStart } from "../../shared/redact.ts";

/** The answers that one sender or caller got in an hour. Instants in epoch ms. */
export interface Tally {
  acceptedAt?: number;
  refusedAt?: number;
  readonly refused: Record<string, number>;
}

const BURST = 20;
const REASONS_MAX = 20;
const REASON_MAX = 160;

/** The counts of this instance. */
const own = {
  id: "",
  hourAt: 0,
  tallies: {} as Record<string, Tally>,
  credit: BURST,
  creditAt: 0,
  /** The newest acceptance of each that was written, epoch ms. */
  written: {} as Readonly<Record<string, number | undefined>>,
  isWritten: true,
};

/** Counts an answer for `who`, `senders/<name>`, `callers/<name>` or `unknown`. */
export async function count(who: string, call: Call, given: HttpAnswer, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  if (own.id === "") own.id = ports.writer;
  if (now - own.hourAt >= hours(1)) await beginHour(now, ports);
  const tally = (own.tallies[who] ??= { refused: {} });
  const reasons = reasonsOf(call, given);
  for (const reason of reasons) add(tally.refused, redactedStart(reason, REASON_MAX));
  if (given.statusCode < 300) tally.acceptedAt = now;
  if (reasons.length > 0) tally.refusedAt = now;
  own.isWritten = false;
  const isNews = tally.acceptedAt === now && now - (own.written[who] ?? 0) >= minutes(1);
  if (isNews || (reasons.length > 0 && mayWriteRefusal(now))) await write(ports);
}

async function beginHour(now: number, ports: Ports): Promise<void> {
  if (!own.isWritten) await write(ports);
  Object.assign(own, { hourAt: now - (now % hours(1)), tallies: {} });
}

async function write(ports: Ports): Promise<void> {
  const accepted = Object.entries(own.tallies).map(([who, { acceptedAt }]) => [who, acceptedAt] as const);
  own.written = Object.fromEntries(accepted);
  try {
    await putObject(ports.cloud, deliveriesKey(own.hourAt, own.id), JSON.stringify(own.tallies));
    own.isWritten = true;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    ports.log({ uncounted: error.message });
  }
}

/** TALLY-2. */
function mayWriteRefusal(now: number): boolean {
  own.credit = Math.min(BURST, own.credit + (now - own.creditAt) / minutes(1));
  own.creditAt = now;
  if (own.credit < 1) return false;
  own.credit--;
  return true;
}

/** Why a delivery, or parts of it, are refused. A reason for the log comes before the one that the sender reads. */
function reasonsOf({ details }: Call, { statusCode, body }: HttpAnswer): string[] {
  const { error, refused = [] } = Object(readJson(body));
  if (statusCode >= 400) return [String(details["refused"] ?? error)];
  return [...new Set<string>(refused.map(({ reason }: { readonly reason: string }) => reason))];
}

function add(counts: Record<string, number>, reason: string): void {
  const isRoom = Object.hasOwn(counts, reason) || Object.keys(counts).length < REASONS_MAX;
  const name = isRoom ? reason : "other reasons";
  counts[name] = (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + 1;
}
