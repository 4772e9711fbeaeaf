/** Turns requests and timers into the first events of runs. */
import * as z from "zod/mini";
import { parse, readTimerPayload, type Ports } from "../../shared/invocation.ts";
import { PromoteRequest } from "../../shared/requests/promote.ts";
import { TimerEvent } from "../../shared/triggers.ts";
import type { WorkflowEvent } from "../../shared/workflow/envelope.ts";
import { PromoteImageRequest, startPromotion, startRequestedPromotion } from "./promotion/workflow.ts";
import { RetireRequest, startRetention } from "./retention/workflow.ts";
import { RollbackRequest, startRollback } from "./rollback/workflow.ts";

const Request = z.discriminatedUnion("request", [
  PromoteRequest,
  PromoteImageRequest,
  RollbackRequest,
  RetireRequest,
]);

/** @throws EventError for a payload that is no request of this function. */
export async function start(payload: unknown, ports: Ports): Promise<readonly WorkflowEvent[]> {
  const now = ports.clock.now();
  const timer = TimerEvent.safeParse(payload);
  const asked = timer.success ? readTimerPayload(timer.data.payload) : payload;
  const trigger = timer.success
    ? { by: `timer:${timer.data.triggerName}`, at: Date.parse(timer.data.triggerTime), now }
    : { by: "invoke", at: now, now };
  const request = parse(Request, asked, "promote-family");
  switch (request.request) {
    case "promote":
      return startPromotion(request, now);
    case "promote-image":
      return startRequestedPromotion(request, trigger);
    case "rollback":
      return startRollback(request, trigger);
    case "retire":
      return startRetention(request, trigger, ports);
  }
}
