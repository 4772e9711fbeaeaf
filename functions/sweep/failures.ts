/** The failure destination: what to do with an event whose every delivery failed. */
import { deliver } from "../../shared/cloud/fc.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { minutes } from "../../shared/duration.ts";
import type { Continuation } from "../../shared/events/line.ts";
import type { FailureEvent } from "../../shared/events/triggers.ts";
import type { Ports } from "../../shared/handler.ts";

/** Sends the run of the event down its give-up road; an event without a run is kept in the bucket. */
export async function windDown(failure: FailureEvent, ports: Ports): Promise<unknown> {
  const { functionArn, condition, approximateInvokeCount } = failure.requestContext;
  const name = /functions\/([^/]+)/.exec(functionArn)?.[1];
  const { event, request } = readPayload(failure.requestPayload);
  const reason = `${name}: ${condition} after ${approximateInvokeCount} tries: ${errorIn(failure.responsePayload)}`;
  if (name === undefined || event === undefined) {
    // Nothing that can be wound down; kept where a person finds it.
    const key = `failures/${new Date(failure.timestamp).toISOString()}-${failure.requestContext.requestId}.json`;
    await putObject(ports.cloud, key, JSON.stringify(failure), { contentType: "application/json" });
    ports.log({ function: "sweep", lost: key, reason });
    return { kept: key };
  }
  const taskId = `${event.run}-${event.seq}-${request ?? "abandon"}`;
  if (request !== undefined) {
    // The road back, or the end of a run: there is no other road left, so it is tried again, and again.
    const again = `${taskId}-${Math.floor(ports.clock.now() / AGAIN_MS)}`;
    await deliver(ports.cloud, {
      to: name,
      payload: failure.requestPayload,
      delayMs: AGAIN_MS,
      taskId: again,
    });
    ports.log({ function: "sweep", run: event.run, repeated: request, reason });
    return { repeated: event.run };
  }
  const abandon = { v: 1, request: "abandon", reason, event };
  await deliver(ports.cloud, { to: name, payload: JSON.stringify(abandon), delayMs: 0, taskId });
  ports.log({ function: "sweep", run: event.run, abandoned: event.phase, reason });
  return { abandoned: event.run };
}

const AGAIN_MS = minutes(15);

/** The continuation that died; `request` when it was wrapped in one. */
function readPayload(payload: string): { readonly event?: Continuation; readonly request?: string } {
  try {
    const { request, event, ...bare } = JSON.parse(payload) as { request?: string; event?: Continuation };
    if (request === "abandon" || request === "end") return event === undefined ? {} : { event, request };
    const { run, seq, phase } = bare as Partial<Continuation>;
    return run === undefined || seq === undefined || phase === undefined
      ? {}
      : { event: bare as Continuation };
  } catch {
    return {};
  }
}

function errorIn(payload: string | undefined): string {
  try {
    return (JSON.parse(payload ?? "{}") as { errorMessage?: string }).errorMessage ?? "no message";
  } catch {
    return "no message";
  }
}
