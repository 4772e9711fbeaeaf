/** The failure destination: what to do with an event whose every delivery failed. */
import { deliver } from "../../shared/cloud/fc.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import type { Continuation } from "../../shared/events/line.ts";
import type { FailureEvent } from "../../shared/events/triggers.ts";
import type { Ports } from "../../shared/handler.ts";

/** Sends the run of the event down its give-up road; an event without a run is kept in the bucket. */
export async function windDown(failure: FailureEvent, ports: Ports): Promise<unknown> {
  const { functionArn, condition, approximateInvokeCount } = failure.requestContext;
  const name = /functions\/([^/]+)/.exec(functionArn)?.[1];
  const event = continuationIn(failure.requestPayload);
  const reason = `${name}: ${condition} after ${approximateInvokeCount} tries: ${errorIn(failure.responsePayload)}`;
  if (name === undefined || event === undefined) {
    // Nothing that can be wound down; kept where a person finds it.
    const key = `failures/${new Date(failure.timestamp).toISOString()}-${failure.requestContext.requestId}.json`;
    await putObject(ports.cloud, key, JSON.stringify(failure), { contentType: "application/json" });
    ports.log({ function: "sweep", lost: key, reason });
    return { kept: key };
  }
  const request = { v: 1, request: "abandon", reason, event };
  const taskId = `${event.run}-${event.seq}-abandon`;
  await deliver(ports.cloud, { to: name, payload: JSON.stringify(request), delayMs: 0, taskId });
  ports.log({ function: "sweep", run: event.run, abandoned: event.phase, reason });
  return { abandoned: event.run };
}

function continuationIn(payload: string): Continuation | undefined {
  try {
    const { run, seq, phase } = JSON.parse(payload) as Partial<Continuation>;
    if (run === undefined || seq === undefined || phase === undefined) return undefined;
    return JSON.parse(payload) as Continuation;
  } catch {
    return undefined;
  }
}

function errorIn(payload: string | undefined): string {
  try {
    return (JSON.parse(payload ?? "{}") as { errorMessage?: string }).errorMessage ?? "no message";
  } catch {
    return "no message";
  }
}
