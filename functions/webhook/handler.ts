/**
 * The HTTP API, the only function with an HTTP trigger: authenticates, then enqueues, and answers at once. It changes
 * nothing in the cloud itself; its role may only invoke the others, and read and append to the logs of runs.
 *
 * HTTP-1. Nothing is parsed, looked up or routed before the sender is authenticated over the raw bytes.
 * HTTP-2. Refusals read the same whatever was wrong, and no answer describes a failure of Kiln: reasons are logged.
 * HTTP-3. A request that cannot be accepted now is answered with 503, in good time before the platform ends the
 *     function and before GitHub ends its delivery, after 10 s. Whether the request was delivered is then open; sent again
 *     it is the same run. Whether a sender sends again is its own rule; GitHub does not.
 *     https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
 */
import { hasNoAnswer, type CallLimits } from "../../shared/cloud/call-limits.ts";
import { seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import {
  logged,
  parse,
  portsFor,
  readPayload,
  type FcContext,
  type FcHandler,
  type LogDetails,
  type Ports,
} from "../../shared/invocation.ts";
import { NAME } from "../../shared/names.ts";
import { holdsSecret, redactShown } from "../../shared/redact.ts";
import { HttpEvent } from "../../shared/triggers.ts";
import { readRunLog, recordOf } from "../../shared/workflow/run-log.ts";
import { accept, type Enqueue } from "./accept.ts";
import { accepted, answer, rendered, type HttpAnswer } from "./answer.ts";
import { answerApproval } from "./approval.ts";
import { callOf, type Call } from "./call.ts";
import { requestCancel } from "./cancel.ts";
import { readCallers, readSenders } from "./config.ts";
import { documentRefusal } from "./documents.ts";
import { answerKeep } from "./keep.ts";
import { routeOf } from "./routes.ts";
import { enqueueLaunch, parseWebhook } from "./senders/parse-webhook.ts";
import { verify } from "./verify.ts";

/** A request is a handful of fields, an event of GitHub some 30 KB; anything larger is refused. */
const BODY_MAX = 64 * 1024;

export const handler: FcHandler = async (bytes, context) => {
  const details: LogDetails = { function: "webhook", requestId: context.requestId };
  try {
    return await logged(details, async () => {
      const ports = portsFor("webhook", context, limitsOf(context));
      const log: Ports["log"] = (line) => ports.log({ ...details, ...line });
      const call = callOf(parse(HttpEvent, readPayload(bytes), "webhook"), details);
      Object.assign(details, { method: call.method, path: shownPath(call.path) });
      const given = await serve(call, { ...ports, log });
      log({ status: given.statusCode });
      return { ...given, body: redactShown(given.body) };
    });
  } catch (error) {
    // HTTP-2: an error that left the function would be shown to the sender with its stack.
    if (!(error instanceof CloudError)) return answer(500, { error: "not available" });
    return answer(503, { error: hasNoAnswer(error) ? NO_ANSWER : "cannot be accepted now, send it again" });
  }
};

const NO_ANSWER = "the cloud did not answer in time; send the same request again, it is carried out once";

/**
 * Of 15 seconds a call may take 3 and is made once more, and all calls together 9 (HTTP-3). The rest is for the start of an
 * instance and the answer: when the platform ends a function, the caller receives nothing from Kiln.
 */
function limitsOf({ function: { timeout } }: FcContext): CallLimits {
  const limitMs = seconds(timeout);
  return { callMs: limitMs / 5, repeats: 1, allMs: (limitMs * 3) / 5 };
}

const PAGES = { "/approvals/": answerApproval, "/keep/": answerKeep };
const pageOf = (path: string) => Object.entries(PAGES).find(([prefix]) => path.startsWith(prefix))?.[1];

/** The path for the log. The signature of a link opens its page, so it is left out. */
const shownPath = (path: string): string => (pageOf(path) ? path.replace(/[^/]*$/, "…") : path);

const SENDER_PATH = new RegExp(`^/senders/(${NAME})$`);

async function serve(call: Call, ports: Ports): Promise<HttpAnswer> {
  if (call.body.length > BODY_MAX) {
    return answer(413, { error: `the body is larger than ${BODY_MAX} bytes` });
  }
  const page = pageOf(call.path);
  if (page !== undefined) return rendered(await page(call, ports), call.headers["accept"]);
  const sender = SENDER_PATH.exec(call.path)?.[1];
  return sender !== undefined && call.method === "POST"
    ? serveSender(sender, call, ports)
    : serveCaller(call, ports);
}

const HOLDS_SECRET =
  "the request holds a secret of the webhook, which would be left out of its event; send another value";

const NOT_AUTHENTICATED = { error: "not authenticated" } as const;

async function serveCaller(call: Call, ports: Ports): Promise<HttpAnswer> {
  const verified = verify(call, readCallers(), ports.clock.now());
  if (!verified.ok) {
    Object.assign(call.details, { refused: verified.why });
    return verified.status === 401 ? answer(401, NOT_AUTHENTICATED) : answer(403, { error: "not allowed" });
  }
  const { caller } = verified;
  const { method, path, body } = call;
  const routed = routeOf({ method, path, body, ...verified });
  Object.assign(call.details, { caller, routed: routed.kind });
  switch (routed.kind) {
    case "refuse":
      return answer(routed.status, { error: routed.error });
    case "status": {
      const record = recordOf(routed.run, await readRunLog(ports.cloud, routed.run));
      return record ? answer(200, { ...record }) : answer(404, { error: `no run ${routed.run}` });
    }
    case "cancel":
      Object.assign(call.details, { run: routed.run });
      return requestCancel(routed.run, caller, ports);
    case "enqueue":
      Object.assign(call.details, { run: routed.enqueue.run });
      return enqueue(routed.enqueue, ports);
  }
}

async function enqueue(request: Enqueue, ports: Ports): Promise<HttpAnswer> {
  if (holdsSecret(request.request)) return answer(400, { error: HOLDS_SECRET });
  const refusal = await documentRefusal(request, ports);
  return refusal === undefined
    ? answer(202, acceptedAs(await accept(request, ports)))
    : answer(refusal.status, { error: refusal.error });
}

async function serveSender(name: string, call: Call, ports: Ports): Promise<HttpAnswer> {
  const senders = readSenders();
  const settings = Object.hasOwn(senders, name) ? senders[name] : undefined;
  const parsed = settings && parseWebhook(settings, { ...call, now: ports.clock.now() });
  Object.assign(call.details, { sender: name, parsed: parsed?.kind ?? "unknown sender" });
  if (parsed === undefined || parsed.kind === "refused") return answer(401, NOT_AUTHENTICATED);
  if (parsed.kind === "malformed") return answer(400, { error: parsed.error });
  if (parsed.kind === "ignored") return answer(200, { ignored: parsed.reason });
  const runs: ReturnType<typeof acceptedAs>[] = [];
  for (const launch of parsed.launches) {
    runs.push(acceptedAs(await accept(enqueueLaunch(name, launch), ports)));
  }
  Object.assign(call.details, { runs: runs.map(({ run }) => run) });
  return answer(202, { runs });
}

/** A caller that repeats its request reads that it is one run. */
const acceptedAs = ({ run, repeated }: { readonly run: string; readonly repeated: boolean }) => ({
  ...accepted(run),
  ...(repeated && { repeated }),
});
