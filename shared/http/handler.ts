/**
 * The entry point of functions with an HTTP trigger: bytes of the platform in, an answer out.
 *
 * HTTP-1. Nothing is parsed, looked up or routed before the sender is authenticated over the raw bytes.
 * HTTP-2. Refusals of strangers read the same whatever was wrong: which routes there are, only a signed caller learns. No answer describes a failure of Kiln: reasons are logged.
 * HTTP-3. A request that cannot be accepted now is answered with 503, in good time before the platform ends the
 *     function and before GitHub ends its delivery, after 10 s. Whether the request was delivered is then open; sent again
 *     it is the same run. Whether a sender sends again is its own rule; GitHub does not.
 *     https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
 * HTTP-4. A request that the platform queued is refused: its sender took the 202 of the platform for an answer of Kiln.
 */
import { hasNoAnswer, type CallLimits } from "../cloud/call-limits.ts";
import { seconds } from "../duration.ts";
import { CloudError, messageOf } from "../errors.ts";
import {
  logged,
  parse,
  portsFor,
  readPayload,
  type FcContext,
  type FcHandler,
  type LogDetails,
  type Ports,
} from "../invocation.ts";
import { redactedBody, redactShown } from "../redact.ts";
import { HttpEvent } from "../triggers.ts";
import { answer, from, type HttpAnswer } from "./answer.ts";
import { callOf, type Call } from "./call.ts";
import { readCallers } from "./config.ts";
import { withoutSignatures } from "../signed-link.ts";
import { verify } from "./verify.ts";

/**
 * An event of GitHub has some 30 KB, and 4,000 alerts of Alertmanager some 2 MB; anything larger is refused. The platform takes 32 MB, for
 * which the memory of a small function does not suffice. https://www.alibabacloud.com/help/doc-detail/191156.htm
 */
const BODY_MAX = 8 * 1024 * 1024;

/** A function with an HTTP trigger. */
export interface HttpFunction {
  /** Its folder's name. */
  readonly name: string;
  readonly serve: (call: Call, ports: Ports) => Promise<HttpAnswer>;
  /** The path for the log. */
  readonly shownPath?: (path: string) => string;
  /** Sees each request with its answer, also when it fails. What it throws is logged, and changes no answer. */
  readonly after?: (call: Call, given: HttpAnswer, ports: Ports) => Promise<void>;
}

/** Makes the handler of a function with an HTTP trigger. */
export const httpHandler =
  ({ name, serve, shownPath = (path) => path, after }: HttpFunction): FcHandler =>
  async (bytes, context) => {
    const details: LogDetails = { function: name, requestId: context.requestId };
    try {
      return await logged(details, async () => {
        const ports = portsFor(name, context, limitsOf(context));
        const log: Ports["log"] = (line) => ports.log({ ...details, ...line });
        const call = callOf(parse(HttpEvent, readPayload(bytes), name), details);
        Object.assign(details, { method: call.method, path: withoutSignatures(shownPath(call.path)) });
        const seen = (given: HttpAnswer): Promise<void> =>
          Promise.resolve(after?.(call, given, ports)).catch((error: unknown) => {
            log({ warning: "answer not counted", error: messageOf(error) });
          });
        try {
          const given = refusalOf(call) ?? (await serve(call, { ...ports, log }));
          log({ status: given.statusCode });
          await seen(given);
          return from(name, { ...given, body: redactedBody(given.body, redactShown) });
        } catch (error) {
          await seen(failure(error));
          throw error;
        }
      });
    } catch (error) {
      return from(name, failure(error));
    }
  };

/** HTTP-2: an error that left the function would be shown to the sender with its stack. */
function failure(error: unknown): HttpAnswer {
  if (!(error instanceof CloudError)) return answer(500, { error: "not available" });
  return answer(503, { error: hasNoAnswer(error) ? NO_ANSWER : "cannot be accepted now, send it again" });
}

/** Why a request is refused whoever sent it. */
function refusalOf({ body, headers }: Call): HttpAnswer | undefined {
  if (body.length > BODY_MAX) return answer(413, { error: TOO_LARGE });
  // The platform answered 202 already, and anyone can make it queue such requests (HTTP-4).
  return headers["x-fc-invocation-type"]?.toLowerCase() === "async"
    ? answer(400, { error: "must be sent without X-Fc-Invocation-Type: nothing reads the answer" })
    : undefined;
}

const TOO_LARGE = `the body is larger than ${BODY_MAX} bytes; send less at once, from Alertmanager with max_alerts of its webhook_config`;
const NO_ANSWER = "the cloud did not answer in time; send the same request again, it is carried out once";

/**
 * Of 15 seconds a call may take 3 and is made once more, and all calls together 9 (HTTP-3). The rest is for the start of an
 * instance and the answer: when the platform ends a function, the caller receives nothing from Kiln.
 */
function limitsOf({ function: { timeout } }: FcContext): CallLimits {
  const limitMs = seconds(timeout);
  return { callMs: limitMs / 5, repeats: 1, allMs: (limitMs * 3) / 5 };
}

export const NOT_AUTHENTICATED = { error: "not authenticated" } as const;

/** An authenticated caller of a route that it may use. */
type Authenticated = Extract<ReturnType<typeof verify>, { readonly ok: true }>;

/** How a function serves its callers. */
interface Routes {
  readonly serve: (caller: Authenticated) => Promise<HttpAnswer>;
  /** Why there is no such route; undefined when there is one. A caller that may not use it learns no more (HTTP-2). */
  readonly missing: (call: Call) => string | undefined;
}

/** Serves a signed request, or refuses it (HTTP-1, HTTP-2). */
export async function asCaller(call: Call, ports: Ports, { serve, missing }: Routes): Promise<HttpAnswer> {
  const verified = verify(call, readCallers(), ports.clock.now());
  if (verified.ok) {
    Object.assign(call.details, { caller: verified.caller });
    return serve(verified);
  }
  Object.assign(call.details, { refused: withoutSignatures(verified.why) });
  if (verified.status === 401) return answer(401, NOT_AUTHENTICATED);
  const error = missing(call);
  return error === undefined ? answer(403, { error: "not allowed" }) : answer(404, { error });
}
