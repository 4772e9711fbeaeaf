/**
 * The front door, the only function with an HTTP trigger: authenticates, then enqueues, and answers at once.
 * It changes nothing in the cloud itself; its role may only invoke the others and read and open run records.
 */
import { deliver } from "../../shared/cloud/fc.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { EventError } from "../../shared/errors.ts";
import { HttpEvent } from "../../shared/events/triggers.ts";
import { portsFor, readPayload, type FcHandler, type Ports } from "../../shared/handler.ts";
import { readRecord, type RunRecord } from "../../shared/journal.ts";
import { recordKey, subjectOf } from "../../shared/run.ts";
import { answerApproval, isApproval } from "./approval.ts";
import { readCallers } from "./config.ts";
import { routeOf, type Enqueue } from "./routes.ts";
import { verify } from "./verify.ts";

/** A request is a handful of fields; anything larger is not one of ours. */
const BODY_MAX = 64 * 1024;

interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64Encoded: false;
  readonly body: string;
}

export const handler: FcHandler = async (bytes, context) => {
  const ports = portsFor("webhook", context);
  const parsed = HttpEvent.safeParse(readPayload(bytes));
  if (!parsed.success) throw new EventError("webhook only takes events of its HTTP trigger");
  const { data: http } = parsed;
  const { method, path } = http.requestContext.http;
  const body = Buffer.from(http.body ?? "", http.isBase64Encoded ? "base64" : "utf8");
  const headers = Object.fromEntries(
    Object.entries(http.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (body.length > BODY_MAX) return answer(413, { error: `the body is larger than ${BODY_MAX} bytes` });
  const now = ports.clock.now();
  if (isApproval(path)) return answerApproval({ method, path, body }, ports);
  const verified = verify({ method, path, headers, body }, readCallers(), now);
  if (!verified.ok) {
    ports.log({ requestId: context.requestId, refused: verified.why, method, path });
    return answer(verified.status, { error: verified.status === 401 ? "not authenticated" : "not allowed" });
  }
  const { caller, delivery, sentAt } = verified;
  const routed = routeOf({ method, path, body, caller, delivery, sentAt });
  ports.log({ requestId: context.requestId, caller, method, path, routed: routed.kind });
  switch (routed.kind) {
    case "refuse":
      return answer(routed.status, { error: routed.error });
    case "status": {
      const record = await readRecord(ports.cloud, routed.run);
      return record ? answer(200, publicRecord(record)) : answer(404, { error: `no run ${routed.run}` });
    }
    case "enqueue":
      return accept(routed.enqueue, caller, ports);
  }
};

/** Enqueues first: a record without an event would be a promise nobody keeps. */
async function accept({ to, run, event }: Enqueue, caller: string, ports: Ports): Promise<HttpAnswer> {
  await deliver(ports.cloud, {
    to: ports.nameOf(to),
    payload: JSON.stringify(event),
    delayMs: 0,
    taskId: `${run}-request`,
  });
  const at = new Date(ports.clock.now()).toISOString();
  const record: RunRecord = {
    v: 1,
    run,
    kind: run.split("-")[0] ?? "",
    subject: subjectOf(run),
    by: `webhook:${caller}`,
    state: "queued",
    phase: "request",
    beganAt: at,
    updatedAt: at,
    steps: [],
  };
  await putObject(ports.cloud, recordKey(run), JSON.stringify(record), {
    contentType: "application/json",
    ifAbsent: true,
  });
  return answer(202, { run, status: `/runs/${run}` });
}

/** The record without the event in flight, which is ours. */
function publicRecord({ event: _event, ...record }: RunRecord): Readonly<Record<string, unknown>> {
  return record;
}

function answer(statusCode: number, body: Readonly<Record<string, unknown>>): HttpAnswer {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    isBase64Encoded: false,
    body: JSON.stringify(body),
  };
}
