/** Accepts an authenticated request: line 0 of its run, then its event (shared/workflow/begin.ts). */
import type { Ports } from "../../shared/invocation.ts";
import { beginRun } from "../../shared/workflow/begin.ts";
import { readRunLog } from "../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

/** A request for a run. */
export interface Enqueue extends RunRequest {
  /** Runs of the same key on the days around: a request repeated over midnight is the same run. */
  readonly nearby?: readonly string[];
}

/** Returns the run that carries the request out, and whether it was asked for before. @throws as `beginRun` */
export async function accept({ nearby = [], ...request }: Enqueue, ports: Ports) {
  for (const run of nearby) {
    if ((await readRunLog(ports.cloud, run)).lines.length > 0) return { run, repeated: true };
  }
  return { run: request.run, repeated: await beginRun(request, ports) };
}
