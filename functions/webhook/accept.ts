/** Accepts an authenticated request: line 0 of its run, then its event (shared/workflow/begin.ts). */
import type { Ports } from "../../shared/invocation.ts";
import { beginRun } from "../../shared/workflow/begin.ts";
import { readRunLog, type RunLog } from "../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

/** A request for a run. */
export interface Enqueue extends RunRequest {
  /**
   * Set for a request with an id of its own, which may be repeated for days: the runs that it may have been on the days
   * around. All are looked for before the run begins.
   */
  readonly nearby?: readonly string[];
}

/** Returns the run that carries the request out, and whether it was asked for before. @throws as `beginRun` */
export async function accept({ nearby, ...request }: Enqueue, ports: Ports) {
  for (const run of nearby ?? []) {
    if ((await readRunLog(ports.cloud, run)).lines.length > 0) return { run, repeated: true };
  }
  if (nearby !== undefined && isOfVersionBefore(await readRunLog(ports.cloud, request.run)))
    return { run: request.run, repeated: true };
  return { run: request.run, repeated: await beginRun(request, ports) };
}

const isOfVersionBefore = ({ end }: RunLog): boolean => end < 0;
