/** Requests to the webhook, and the runs that they start. */
import { hours, minutes } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "./records.ts";
import type { Deployment } from "./deployment.ts";

/** The run a signed POST was answered with; nothing of it has happened yet. */
export async function accepted(kiln: Deployment, path: string, body: object): Promise<{ run: string }> {
  const { status, body: said } = await answered(kiln, kiln.call("POST", path, body));
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(said)}`);
  return { run: String(said["run"]) };
}

/** Lets the world run until a call is answered, and no further. */
export async function answered<T>(kiln: Deployment, call: Promise<T>): Promise<T> {
  let over = false;
  void call.finally(() => {
    over = true;
  });
  await kiln.cloud.settle({ until: () => over, forMs: minutes(1) });
  return call;
}

/** The record of a run once it has ended. */
export async function ended(kiln: Deployment, run: string): Promise<RunRecord> {
  const record = () => kiln.record(run);
  const over = () => {
    const found = record();
    return found !== undefined && hasEnded(found);
  };
  await kiln.cloud.settle({ until: over, forMs: hours(4) });
  const found = record();
  if (found === undefined || !hasEnded(found)) throw new Error(`${run} has not ended: ${found?.note}`);
  return found;
}

/** Calls the webhook and lets the world run until that run has ended, and a minute longer. */
export async function request(
  kiln: Deployment,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<RunRecord> {
  const { run } = await accepted(kiln, path, body);
  const record = await ended(kiln, run);
  await kiln.cloud.settle({ forMs: minutes(1) });
  return record;
}

/**
 * Posts every body `copies` times, all at once; a request that is answered 429 or 503 is sent again, as callers do.
 * Answers the runs when all have ended.
 */
export async function burst(kiln: Deployment, bodies: readonly object[], copies: number, parallel: number) {
  const runs = new Set<string>();
  const knock = async (body: object): Promise<void> => {
    const { status, body: said } = await kiln.call("POST", "/fleets/web/scale-out", body);
    if (status === 429 || status === 503) return knock(body);
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(said)}`);
    runs.add(String(said["run"]));
  };
  const all = kiln.cloud.time.hold(
    Promise.all(bodies.flatMap((body) => Array.from({ length: copies }, () => knock(body)))),
  );
  await kiln.cloud.settle({ forMs: minutes(1), parallel });
  await all;
  await kiln.cloud.settle({
    until: () => [...runs].every((run) => isOver(kiln, run)),
    forMs: hours(6),
    parallel,
  });
  return [...runs];
}

/** Whether a run has ended. */
export function isOver(kiln: Deployment, run: string): boolean {
  const record = kiln.record(run);
  return record !== undefined && hasEnded(record);
}
