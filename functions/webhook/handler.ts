/**
 * The front door, the only function with an HTTP trigger: authenticates, then enqueues, and answers at once.
 * It changes nothing in the cloud itself; its role may only invoke the others and read and open run records.
 *
 * H1. Nothing is parsed, looked up or routed before the sender is authenticated over the raw bytes.
 * H2. Refusals read the same whatever was wrong, and no failure of ours is told in detail: reasons are logged.
 * H3. What cannot be accepted now is answered with 503, in good time before the platform ends the function. Whether it
 *     was delivered is then open; sent again it is the same run. Not every sender sends again (GitHub does not).
 */
import { hasNoAnswer, type Patience } from "../../shared/cloud/patience.ts";
import { seconds } from "../../shared/duration.ts";
import { CloudError, EventError } from "../../shared/errors.ts";
import { HttpEvent } from "../../shared/events/triggers.ts";
import { portsFor, readPayload, type FcContext, type FcHandler, type Ports } from "../../shared/handler.ts";
import { readRecord, type RunRecord } from "../../shared/journal.ts";
import { accept, enqueueWish } from "./accept.ts";
import { accepted, answer, type HttpAnswer } from "./answer.ts";
import { answerApproval, isApproval } from "./approval.ts";
import { cancelRun } from "./cancel.ts";
import { readCallers, readSenders } from "./config.ts";
import { answerKeep, isKeep } from "./keep.ts";
import { routeOf } from "./routes.ts";
import { hear } from "./senders/hear.ts";
import { verify } from "./verify.ts";

/** A request is a handful of fields, an event of GitHub some 30 KB; anything larger is not for us. */
const BODY_MAX = 64 * 1024;

/** A request with its body as the bytes that were signed. */
interface Call {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const handler: FcHandler = async (bytes, context) => {
  const parsed = HttpEvent.safeParse(readPayload(bytes));
  if (!parsed.success) throw new EventError("webhook only takes events of its HTTP trigger");
  const call = callOf(parsed.data);
  const ports = portsFor("webhook", context, patienceOf(context));
  const { method } = call;
  // The path of a link is the key to it.
  const secret = isApproval(call.path) || isKeep(call.path);
  const path = secret ? call.path.replace(/[^/]*$/, "…") : call.path;
  const log = (line: Readonly<Record<string, unknown>>) =>
    ports.log({ requestId: context.requestId, method, path, ...line });
  try {
    return await serve(call, { ...ports, log });
  } catch (error) {
    // H2: an error that left the function would be shown to the sender with its stack.
    log({ error });
    if (!(error instanceof CloudError)) return answer(500, { error: "not available" });
    return answer(503, { error: hasNoAnswer(error) ? NO_ANSWER : "cannot be accepted now, send it again" });
  }
};

const NO_ANSWER = "the cloud did not answer in time; send the same request again, it is carried out once";

/**
 * Of 15 seconds a call may take 3 and is made once more, and all calls together 12. The rest is for the answer: a
 * function that is ended by the platform says nothing of ours.
 */
function patienceOf({ function: { timeout } }: FcContext): Patience {
  const limitMs = seconds(timeout);
  return { callMs: limitMs / 5, repeats: 1, allMs: (limitMs * 4) / 5 };
}

function callOf({
  requestContext,
  headers,
  queryParameters = {},
  body = "",
  isBase64Encoded,
}: HttpEvent): Call {
  return {
    method: requestContext.http.method,
    path: requestContext.http.path,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: queryParameters,
    body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8"),
  };
}

function serve(call: Call, ports: Ports): Promise<HttpAnswer> {
  if (call.body.length > BODY_MAX) {
    return Promise.resolve(answer(413, { error: `the body is larger than ${BODY_MAX} bytes` }));
  }
  if (isApproval(call.path)) return answerApproval(call, ports);
  if (isKeep(call.path)) return answerKeep(call, ports);
  const sender = /^\/senders\/([a-z][a-z0-9-]{0,39})$/.exec(call.path)?.[1];
  return sender !== undefined && call.method === "POST"
    ? serveSender(sender, call, ports)
    : serveCaller(call, ports);
}

const NOT_AUTHENTICATED = { error: "not authenticated" } as const;

async function serveCaller(call: Call, ports: Ports): Promise<HttpAnswer> {
  const verified = verify(call, readCallers(), ports.clock.now());
  if (!verified.ok) {
    ports.log({ refused: verified.why });
    return verified.status === 401 ? answer(401, NOT_AUTHENTICATED) : answer(403, { error: "not allowed" });
  }
  const { caller, delivery, sentAt } = verified;
  const { method, path, body } = call;
  const routed = routeOf({ method, path, body, caller, delivery, sentAt });
  ports.log({ caller, routed: routed.kind });
  switch (routed.kind) {
    case "refuse":
      return answer(routed.status, { error: routed.error });
    case "status": {
      const record = await readRecord(ports.cloud, routed.run);
      return record ? answer(200, publicRecord(record)) : answer(404, { error: `no run ${routed.run}` });
    }
    case "cancel":
      return cancelRun(routed.run, caller, ports);
    case "enqueue":
      return answer(202, accepted(await accept(routed.enqueue, `webhook:${caller}`, ports)));
  }
}

async function serveSender(name: string, call: Call, ports: Ports): Promise<HttpAnswer> {
  const senders = readSenders();
  const settings = Object.hasOwn(senders, name) ? senders[name] : undefined;
  const heard = settings && hear(settings, { ...call, now: ports.clock.now() });
  ports.log({ sender: name, heard: heard?.kind ?? "unknown sender" });
  if (heard === undefined || heard.kind === "refused") return answer(401, NOT_AUTHENTICATED);
  if (heard.kind === "malformed") return answer(400, { error: heard.error });
  if (heard.kind === "ignored") return answer(200, { ignored: heard.reason });
  const runs: ReturnType<typeof accepted>[] = [];
  for (const wish of heard.wishes) {
    runs.push(accepted(await accept(enqueueWish(name, wish), `sender:${name}`, ports)));
  }
  return answer(202, { runs });
}

/** The record without the event in flight, which is ours. */
function publicRecord({ event: _event, ...record }: RunRecord): Readonly<Record<string, unknown>> {
  return record;
}
