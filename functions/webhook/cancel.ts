/** `POST /runs/<id>/cancel`: the run compensates from where it is, or ends at once when it has not begun. */
import type { Ports } from "../../shared/invocation.ts";
import { cancelRun } from "../../shared/workflow/cancel.ts";
import { answer, type HttpAnswer } from "../../shared/http/answer.ts";
import { accepted } from "./answer.ts";

/** 202 when the cancellation is in the log of the run, 409 when the run has ended, 404 when there is none. */
export async function requestCancel(run: string, caller: string, ports: Ports): Promise<HttpAnswer> {
  const found = await cancelRun(run, { reason: `cancelled by ${caller}`, as: "cancelled" }, ports);
  if (found === undefined) return answer(404, { error: `no run ${run}` });
  const { now, appended } = found;
  if (now.completion !== undefined)
    return answer(409, { error: `run ${run} is over: ${now.completion.kind}` });
  if (!appended && now.event.cancelled === undefined)
    return answer(409, { error: `run ${run} began before an upgrade of Kiln; cancel it again in a minute` });
  return answer(202, { ...accepted(run), cancelling: true, from: now.event.phase });
}
