/**
 * Events whose every delivery failed. Only an event that failed in its function ends its run; everything else comes
 * again with the resend timer, because the platform drops events that it has no room for.
 * https://www.alibabacloud.com/help/en/functioncompute/fc/error-handling-1-2
 */
import * as z from "zod/mini";
import { ALARM, alarm } from "../../../shared/alarms.ts";
import { days, minutes } from "../../../shared/duration.ts";
import type { LogDetails, Ports } from "../../../shared/invocation.ts";
import { readJson } from "../../../shared/json.ts";
import { RunId } from "../../../shared/names.ts";
import { OssEvent, TimerEvent, type FailureEvent } from "../../../shared/triggers.ts";
import { deliver } from "../../../shared/cloud/fc/invoke.ts";
import { cancelRun } from "../../../shared/workflow/cancel.ts";
import { identityOf } from "../../../shared/workflow/envelope.ts";
import { knownRun } from "../known-run.ts";

/** The function ran and threw: the one condition that repeating cannot be expected to cure. */
const FAILED_IN_FUNCTION = /^(?:Unhandled|Handled)InvocationError$|FunctionError|RetriesExhausted/;

const PhaseEvent = z.looseObject({ run: RunId, seq: z.int(), phase: z.string() });

/** Cancels the run of an event that failed in its function, and sends a trigger again whose runs did not begin. */
export async function handleDeadLetter(failure: FailureEvent, ports: Ports, details: LogDetails) {
  const payload = readJson(failure.requestPayload);
  const reason = reasonOf(failure);
  Object.assign(details, { ...identityOf(payload), reason });
  const event = PhaseEvent.safeParse(payload);
  if (event.success) {
    const { run, seq } = event.data;
    const now = await knownRun(run, ports);
    const isOver = now === undefined || now.event.seq !== seq || now.completion !== undefined;
    if (isOver || now.event.cancelled !== undefined || !hasFailed(failure))
      return { left: "to the resend timer" };
    await cancelRun(run, { reason, as: "failed" }, ports);
    return { cancelled: run };
  }
  if (ports.clock.now() - triggeredAt(payload) < days(1)) return sendAgain(failure, ports);
  ports.log({ ...details, ...alarm(ALARM.eventLost), lost: failure.requestPayload.slice(0, 1000), reason });
  return { lost: true };
}

const hasFailed = ({ requestContext }: FailureEvent): boolean =>
  FAILED_IN_FUNCTION.test(requestContext.condition) || requestContext.approximateInvokeCount > 1;

/** When an upload or a timer was; NaN for every other payload. The timers of stop-idle come again within the hour. */
function triggeredAt(payload: unknown): number {
  const upload = OssEvent.safeParse(payload).data;
  if (upload !== undefined) return Date.parse(upload.events[0]?.eventTime ?? "");
  const timer = TimerEvent.safeParse(payload).data;
  const isFrequent = z.looseObject({ fleet: z.unknown() }).safeParse(readJson(timer?.payload ?? "")).success;
  return timer === undefined || isFrequent ? NaN : Date.parse(timer.triggerTime);
}

const AGAIN_MS = minutes(15);

/** An upload or a timer whose runs could not begin, for a day. Its runs are the same ones each time. */
async function sendAgain({ requestContext, requestPayload: payload }: FailureEvent, { cloud, clock }: Ports) {
  const to = nameIn(requestContext.functionArn);
  const taskId = `again-${requestContext.requestId}-${Math.floor(clock.now() / AGAIN_MS)}`;
  await deliver(cloud, { to, payload, delayMs: AGAIN_MS, taskId });
  return { again: to };
}

const nameIn = (arn: string): string => /functions\/([^/]+)/.exec(arn)?.[1] ?? arn;

function reasonOf({ requestContext, responsePayload = "" }: FailureEvent): string {
  const { functionArn, condition, approximateInvokeCount } = requestContext;
  const answer = z.object({ errorMessage: z.string() }).safeParse(readJson(responsePayload));
  const message = answer.success ? answer.data.errorMessage : "no message";
  return `${nameIn(functionArn)}: ${condition} after ${approximateInvokeCount} attempts: ${message}`;
}
