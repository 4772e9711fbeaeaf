/**
 * Cleans up after runs. Its timer asks for a cleanup, and an event whose every delivery failed ends here, because it
 * is the failure destination of the other functions. It keeps no state: what it misses it finds at its next run.
 */
import { eventHandler, parse, requestIn } from "../../shared/invocation.ts";
import { FailureEvent } from "../../shared/triggers.ts";
import { CleanupRequest, cleanUp } from "./cleanup/cleanup.ts";
import { handleDeadLetter } from "./dead-letters/dead-letters.ts";

export const handler = eventHandler("janitor", (payload, ports, details) => {
  const failure = FailureEvent.safeParse(payload);
  if (failure.success) return handleDeadLetter(failure.data, ports, details);
  return cleanUp(parse(CleanupRequest, requestIn(payload), "janitor"), ports);
});
