/** Events whose every delivery failed: their run is cancelled, and an event without a run is kept for an operator. */
import * as z from "zod/mini";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { minutes } from "../../../shared/duration.ts";
import type { LogDetails, Ports } from "../../../shared/invocation.ts";
import { failureKey } from "../../../shared/keys.ts";
import { RunId, taskId } from "../../../shared/names.ts";
import { send } from "../../../shared/send.ts";
import type { FailureEvent } from "../../../shared/triggers.ts";
import { cancelRun } from "../../../shared/workflow/cancel.ts";
import { identityOf } from "../../../shared/workflow/envelope.ts";
import { functionOf } from "../../../shared/workflow/run-id.ts";

/** Compensation and completion have no other path, so their events are sent again as often as they fail. */
const RESEND_MS = minutes(15);

const PhaseEvent = z.looseObject({ run: RunId, seq: z.int(), phase: z.string() });
const RunRequest = z.looseObject({
  request: z.enum(["cancel", "end"]),
  event: z.looseObject({ run: RunId, seq: z.int() }),
});

/**
 * Cancels the run of a failed event, or sends the event again when it was a cancellation or a completion. Everything
 * else (a request that starts a run, a notification, an unknown payload) is kept under `failures/`.
 */
export async function handleDeadLetter(failure: FailureEvent, ports: Ports, details: LogDetails) {
  const payload = readJson(failure.requestPayload);
  const reason = reasonOf(failure);
  const { run = "", ...place } = identityOf(payload);
  Object.assign(details, { run, ...place, reason });
  const to = functionOf(run);
  const request = RunRequest.safeParse(payload);
  const event = PhaseEvent.safeParse(payload);
  if (to !== undefined && request.success) {
    await resend(to, request.data, ports);
    return { resent: run };
  }
  if (to !== undefined && event.success) {
    await cancelRun({ to, event: event.data, reason }, ports);
    return { cancelled: run };
  }
  return keep(failure, ports);
}

async function resend(to: string, event: z.infer<typeof RunRequest>, ports: Ports): Promise<void> {
  const { run, seq } = event.event;
  const period = Math.floor(ports.clock.now() / RESEND_MS);
  await send({ to, taskId: taskId.resend(run, seq, event.request, period), event }, ports, RESEND_MS);
}

async function keep(failure: FailureEvent, { cloud }: Ports) {
  const at = new Date(failure.timestamp).toISOString();
  const kept = failureKey(`${at}-${failure.requestContext.requestId}`);
  await putObject(cloud, kept, JSON.stringify(failure), { contentType: "application/json" });
  return { kept };
}

function reasonOf({ requestContext, responsePayload = "" }: FailureEvent): string {
  const { functionArn, condition, approximateInvokeCount } = requestContext;
  const name = /functions\/([^/]+)/.exec(functionArn)?.[1] ?? functionArn;
  const answer = z.object({ errorMessage: z.string() }).safeParse(readJson(responsePayload));
  const message = answer.success ? answer.data.errorMessage : "no message";
  return `${name}: ${condition} after ${approximateInvokeCount} attempts: ${message}`;
}

/** JSON of a text; undefined when it is none. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
