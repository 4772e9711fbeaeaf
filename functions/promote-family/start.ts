/** The runs that timers and plain invocations ask for. */
import * as z from "zod/mini";
import { parse, type Ports } from "../../shared/invocation.ts";
import { triggerOf, type Trigger } from "../../shared/triggers.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";
import { HoldRequest, requestedHold, UnholdRequest } from "./hold/workflow.ts";
import { PromoteImageRequest, requestedPromotion } from "./promotion/workflow.ts";
import { requestedRetention, RetireRequest } from "./retention/workflow.ts";
import { nightlyRollbacks } from "./rollback/nightly.ts";
import { requestedRollback, RollbackRequest } from "./rollback/workflow.ts";
import { nightlyWithdrawals } from "./withdrawal/workflow.ts";

const Request = z.discriminatedUnion("request", [
  PromoteImageRequest,
  RollbackRequest,
  RetireRequest,
  HoldRequest,
  UnholdRequest,
]);

/** Retention of all recipes is asked for by night. */
const nightly = async (
  { recipe, dryRun = false }: z.infer<typeof RetireRequest>,
  trigger: Trigger,
  ports: Ports,
): Promise<readonly RunRequest[]> =>
  recipe === "*" && !dryRun
    ? [...(await nightlyWithdrawals(trigger, ports)), ...(await nightlyRollbacks(trigger, ports))]
    : [];

/** @throws EventError for a payload that is no request of this function. */
export async function start(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const { asked, trigger } = triggerOf(payload, ports);
  const request = parse(Request, asked, "promote-family");
  switch (request.request) {
    case "promote-image":
      return [requestedPromotion(request, trigger)];
    case "rollback":
      return [requestedRollback(request, trigger)];
    case "hold":
    case "unhold":
      return [requestedHold(request, trigger)];
    case "retire":
      return [
        ...(await nightly(request, trigger, ports)),
        ...(await requestedRetention(request, trigger, ports)),
      ];
  }
}
