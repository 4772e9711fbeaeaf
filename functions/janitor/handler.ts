/**
 * Keeps runs going and cleans up after them. Timers ask to send overdue events again, to clean up and to check the index of
 * runs; an event whose every delivery failed ends here, because this is the failure destination of the other functions.
 *
 * It checks documents as well when they are put into the bucket, and indexes them for the webhook. Uploads of recipes come
 * from bake-image: two triggers of a bucket cannot share a prefix. And it has GitHub send events again that the webhook did
 * not take.
 */
import * as z from "zod/mini";
import { messageOf } from "../../shared/errors.ts";
import { eventHandler, parse, type FcHandler, type Ports } from "../../shared/invocation.ts";
import { readJson } from "../../shared/json.ts";
import { FailureEvent, OssEvent, triggerOf } from "../../shared/triggers.ts";
import { host } from "../../shared/workflow/host.ts";
import { CleanupRequest, cleanUp } from "./cleanup/cleanup.ts";
import { handleDeadLetter } from "./dead-letters/dead-letters.ts";
import { report } from "./documents/report.ts";
import { checkDocuments } from "./documents/start.ts";
import { checkIndex, CheckIndexRequest } from "./index/check-index.ts";
import { startRedelivery } from "./redelivery/start.ts";
import { redelivery } from "./redelivery/workflow.ts";
import { resendOverdue, ResendRequest } from "./resend/resend.ts";
import { spot, watchSpot } from "./spot/watch.ts";

const Request = z.discriminatedUnion("request", [CheckIndexRequest, CleanupRequest, ResendRequest]);

const duties = eventHandler("janitor", (payload, ports, details) => {
  const failure = FailureEvent.safeParse(payload);
  if (failure.success) return handleDeadLetter(failure.data, ports, details);
  const request = parse(Request, triggerOf(payload, ports).asked, "janitor");
  switch (request.request) {
    case "check-index":
      return checkIndex(ports);
    case "cleanup":
      return cleanUp(request, ports);
    case "resend":
      return resendAndWatch(ports);
  }
});

/** The spot instances are looked at by the same timer; neither holds up the other. */
async function resendAndWatch(ports: Ports) {
  const [resent, spotRuns] = await Promise.allSettled([resendOverdue(ports), watchSpot(ports)]);
  if (resent.status === "rejected") throw resent.reason;
  const { value } = resent;
  return spotRuns.status === "fulfilled"
    ? { ...value, spotRuns: spotRuns.value }
    : { ...value, failures: [...value.failures, `spot instances: ${messageOf(spotRuns.reason)}`] };
}

const Redelivery = z.union([
  z.looseObject({ triggerName: z.literal("redelivery") }),
  z.looseObject({ request: z.literal("redeliver") }),
]);

const runs = host({
  name: "janitor",
  workflows: [report, spot, redelivery],
  start: (payload, ports) =>
    Redelivery.safeParse(payload).success ? startRedelivery(payload, ports) : checkDocuments(payload, ports),
});

/** Payloads that begin runs: uploads, requests for a check and their timer, the timer of lost deliveries; and the events of runs. */
const OfRuns = z.union([
  OssEvent,
  Redelivery,
  z.looseObject({ triggerName: z.literal("documents") }),
  z.looseObject({ request: z.enum(["check", "complete"]) }),
  z.looseObject({ run: z.string(), phase: z.string() }),
]);

export const handler: FcHandler = (bytes, context) => {
  const isOfRuns = OfRuns.safeParse(readJson(Buffer.from(bytes).toString("utf8"))).success;
  return (isOfRuns ? runs : duties)(bytes, context);
};
