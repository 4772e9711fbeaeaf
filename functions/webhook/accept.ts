/** Accepts an authenticated request: line 0 of its run, then its event (shared/workflow/begin.ts). */
import type { Ports } from "../../shared/invocation.ts";
import { beginRun } from "../../shared/workflow/begin.ts";
import { readRunLog } from "../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

/** A request for a run. */
export interface Enqueue extends RunRequest {
  /** The run of the same key one day earlier: a request repeated over midnight is the same run. */
  readonly yesterday?: string;
}

/** Returns the run that carries the request out, and whether it was asked for before. @throws as `beginRun` */
export async function accept({ yesterday, ...request }: Enqueue, ports: Ports) {
  if (yesterday !== undefined && (await readRunLog(ports.cloud, yesterday)).end > 0) {
    return { run: yesterday, repeated: true };
  }
  return { run: request.run, repeated: await beginRun(request, ports) };
}
