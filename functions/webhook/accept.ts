/**
 * Accepts an authenticated request: line 0 of its run, then its event (shared/workflow/begin.ts).
 *
 * ACCEPT-1. A request with an identity of its own (a key, a job, an alert) is one run, however often it is sent.
 * ACCEPT-2. A run that failed has done nothing, so the same request sent again five minutes later is another attempt, a run
 *     of its own. A run that is at work, delivered something or was cancelled by an operator is answered instead.
 */
import { minutes } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";
import { beginRun } from "../../shared/workflow/begin.ts";
import { hasFailed, readRunLog, standing } from "../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

/** The run of each attempt of a request, 0 first. */
type Attempts = (attempt: number) => string;

/** A request for a run. */
export interface Enqueue extends RunRequest {
  /**
   * Set for a request with an identity of its own: its attempts, and those of the days around on which it may have been
   * sent. All are looked for before a run begins.
   */
  readonly attempts?: { readonly own: Attempts; readonly nearby: readonly Attempts[] };
}

/** The identity of one attempt of a request. */
export const identityOf = (identity: readonly unknown[], attempt: number): readonly unknown[] =>
  attempt === 0 ? identity : [...identity, "attempt", attempt];

/** Sooner, the failure may be of the same moment. */
const RETRY_AFTER_MS = minutes(5);
/** A request that failed so often fails for a reason of its own. */
const ATTEMPTS_MAX = 24;

/** Returns the run that carries the request out, and whether it was asked for before. @throws as `beginRun` */
export async function accept({ attempts, ...request }: Enqueue, ports: Ports) {
  if (attempts === undefined) return { run: request.run, repeated: await beginRun(request, ports) };
  for (const nearby of attempts.nearby) {
    const found = await newestAttempt(nearby, ports);
    if (found.state !== "none") return { run: found.run, repeated: true };
  }
  const { run, state } = await newestAttempt(attempts.own, ports);
  if (state === "of the version before") return { run, repeated: true };
  // Of a run that waits for its first event, a repeat sends it.
  return { run, repeated: await beginRun({ ...request, run }, ports) };
}

/** The first attempt that did not fail. */
async function newestAttempt(attempts: Attempts, ports: Ports) {
  for (let attempt = 0; ; attempt++) {
    const run = attempts(attempt);
    const state = await stateOf(run, ports);
    if (state !== "failed" || attempt === ATTEMPTS_MAX) return { run, state };
  }
}

/** "none" has no log, "failed" may be tried again (ACCEPT-2). */
type State = "none" | "taken" | "failed" | "of the version before";

async function stateOf(run: string, { cloud, clock }: Ports): Promise<State> {
  const log = await readRunLog(cloud, run);
  if (log.end < 0) return "of the version before";
  const now = standing(run, log);
  if (now === undefined) return "none";
  return hasFailed(now) && clock.now() - now.endedAt >= RETRY_AFTER_MS ? "failed" : "taken";
}
