/** The message that a destination gets about the end of an asynchronous event. */
import type { Kernel } from "../core/kernel.ts";
import type { Invocation } from "./invocation.ts";
import type { AsyncEvent } from "./queue.ts";

export interface EventEnding {
  readonly endedAt: number;
  readonly status: "Succeeded" | "Failed" | "Expired";
  /** The last run; undefined when there was none. */
  readonly invocation?: Invocation;
  /** HTTP status of the platform, when it could not run the event. */
  readonly platformStatus?: number;
}

/** The documented document. Of the conditions only FunctionResourceExhausted is, the others are estimates. */
export function destinationEvent(
  { region, accountId }: Kernel,
  event: AsyncEvent,
  { endedAt, status, invocation, platformStatus }: EventEnding,
): object {
  const error = invocation?.error;
  const ownCondition = status === "Expired" ? "EventAgeExceeded" : (error ?? "Success");
  return {
    timestamp: endedAt,
    requestContext: {
      requestId: event.id,
      functionArn: `acs:fc:${region}:${accountId}:functions/${event.function}`,
      condition: platformStatus === undefined ? ownCondition : "FunctionResourceExhausted",
      // An attempt that the platform could not make counts as one.
      approximateInvokeCount: Math.max(1, event.attempts),
    },
    requestPayload: event.payload.toString("utf8"),
    responseContext: { statusCode: platformStatus ?? 200, functionError: error ?? "" },
    responsePayload: invocation?.result ?? "",
  };
}
