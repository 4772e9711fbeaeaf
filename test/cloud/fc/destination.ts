/** The message that a destination gets about the end of an asynchronous event. */
import type { Kernel } from "../core/kernel.ts";
import type { Invocation } from "./invocation.ts";
import type { AsyncEvent } from "./queue.ts";

interface Ending {
  readonly endedAt: number;
  readonly status: "Succeeded" | "Failed" | "Expired";
  readonly invocation: Invocation | undefined;
}

/** The documented document. Of the conditions only FunctionResourceExhausted is, the others are estimates. */
export function destinationEvent(
  { region, accountId }: Kernel,
  event: AsyncEvent,
  { endedAt, status, invocation }: Ending,
): object {
  const error = invocation?.error;
  // Failed without ever running: no instance was to be had.
  const isExhausted = status === "Failed" && invocation === undefined;
  const condition = isExhausted
    ? "FunctionResourceExhausted"
    : status === "Expired"
      ? "AsyncEventExpired"
      : (error ?? "Success");
  return {
    timestamp: endedAt,
    requestContext: {
      requestId: event.id,
      functionArn: `acs:fc:${region}:${accountId}:functions/${event.function}`,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: event.payload.toString("utf8"),
    responseContext: { statusCode: isExhausted ? 429 : 200, functionError: error ?? "" },
    responsePayload: invocation?.result ?? "",
  };
}
