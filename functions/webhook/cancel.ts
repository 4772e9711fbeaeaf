/** `POST /runs/<id>/cancel`: the run takes its own road back; nothing is cut off in the middle. */
import { abandonRun } from "../../shared/abandon.ts";
import type { Ports } from "../../shared/handler.ts";
import { hasEnded, readRecord } from "../../shared/journal.ts";
import { functionOf } from "../../shared/run.ts";
import { accepted, answer, type HttpAnswer } from "./answer.ts";

/** Says what happened: 202 when the run was told, 409 when it has not begun or is over, 404 when there is none. */
export async function cancelRun(run: string, caller: string, ports: Ports): Promise<HttpAnswer> {
  const record = await readRecord(ports.cloud, run);
  const to = functionOf(run);
  if (record === undefined || to === undefined) return answer(404, { error: `no run ${run}` });
  if (hasEnded(record)) return answer(409, { error: `run ${run} is over: ${record.state}` });
  if (record.event === undefined) {
    return answer(409, { error: `run ${run} has not begun; cancel it again in a moment` });
  }
  const reason = `cancelled by ${caller}`;
  await abandonRun(ports, { to, event: record.event, reason });
  return answer(202, { ...accepted(run), cancelling: true, from: record.event.phase });
}
