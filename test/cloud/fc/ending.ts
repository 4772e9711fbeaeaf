/** How an invocation can end, and what the platform says about it. */
import type { FunctionDefinition } from "../core/functions.ts";
import type { ErrorType } from "./messages.ts";

/** How an invocation ended, before the platform puts it into words. */
export type Ending =
  | { readonly kind: "answer"; readonly body: Buffer; readonly errorType?: ErrorType }
  | { readonly kind: "exit" | "out of memory" | "hang" };

/** The platform's words for an ending. */
export function phrase(
  ending: Ending,
  { memoryMb, timeoutMs }: FunctionDefinition,
  durationMs: number,
): { readonly result: string; readonly error?: string } {
  const failed = (errorMessage: string): { result: string; error: string } => ({
    result: JSON.stringify({ errorMessage }),
    error: "UnhandledInvocationError",
  });
  const exited = "Process exited unexpectedly before completing request";
  switch (ending.kind) {
    case "answer":
      return {
        result: ending.body.toString("utf8"),
        ...(ending.errorType !== undefined && { error: ending.errorType }),
      };
    case "exit":
      return failed(`${exited} (duration: ${durationMs}ms, maxMemoryUsage: 0MB)`);
    case "out of memory":
      return failed(`${exited} (duration: ${durationMs}ms, maxMemoryUsage: ${memoryMb}MB)`);
    case "hang":
      return failed(`Function timed out after ${timeoutMs / 1000} seconds (maxMemoryUsage: 0MB)`);
  }
}
