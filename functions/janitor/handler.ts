/**
 * Keeps runs going and cleans up after them. One timer asks to send overdue events again, one to clean up, one to check the
 * index of runs; and an event
 * whose every delivery failed ends here, because this is the failure destination of the other functions.
 */
import * as z from "zod/mini";
import { eventHandler, parse } from "../../shared/invocation.ts";
import { FailureEvent, triggerOf } from "../../shared/triggers.ts";
import { CleanupRequest, cleanUp } from "./cleanup/cleanup.ts";
import { handleDeadLetter } from "./dead-letters/dead-letters.ts";
import { checkIndex, CheckIndexRequest } from "./index/check-index.ts";
import { resendOverdue, ResendRequest } from "./resend/resend.ts";

const Request = z.discriminatedUnion("request", [CheckIndexRequest, CleanupRequest, ResendRequest]);

export const handler = eventHandler("janitor", (payload, ports, details) => {
  const failure = FailureEvent.safeParse(payload);
  if (failure.success) return handleDeadLetter(failure.data, ports, details);
  const request = parse(Request, triggerOf(payload, ports).asked, "janitor");
  switch (request.request) {
    case "check-index":
      return checkIndex(ports);
    case "cleanup":
      return cleanUp(request, ports);
    case "resend":
      return resendOverdue(ports);
  }
});
