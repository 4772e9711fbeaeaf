/** `POST /runs/<id>/cancel`: the run compensates from where it is. */
import type { Ports } from "../../shared/invocation.ts";
import { cancelRun } from "../../shared/workflow/cancel.ts";
import { hasEnded, readRecord } from "../../shared/workflow/record.ts";
import { functionOf } from "../../shared/workflow/run-id.ts";
import { accepted, answer, type HttpAnswer } from "./answer.ts";

/** 202 when the cancellation is queued, 409 when the run has not begun or has ended, 404 when there is none. */
export async function requestCancel(run: string, caller: string, ports: Ports): Promise<HttpAnswer> {
  const record = await readRecord(ports.cloud, run);
  const to = functionOf(run);
  if (record === undefined || to === undefined) return answer(404, { error: `no run ${run}` });
  if (hasEnded(record)) return answer(409, { error: `run ${run} is over: ${record.state}` });
  if (record.event === undefined) {
    return answer(409, { error: `run ${run} has not begun; cancel it again in a moment` });
  }
  await cancelRun({ to, event: record.event, reason: `cancelled by ${caller}` }, ports);
  return answer(202, { ...accepted(run), cancelling: true, from: record.event.phase });
}
