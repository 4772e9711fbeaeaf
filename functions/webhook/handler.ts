/**
 * Requests for runs: authenticates, then enqueues, and answers at once. It changes nothing in the cloud itself; its role
 * may only invoke the others, and read and append to the logs of runs.
 */
import { answer, type HttpAnswer } from "../../shared/http/answer.ts";
import type { Call } from "../../shared/http/call.ts";
import { readCallers } from "../../shared/http/config.ts";
import { asCaller, httpHandler, NOT_AUTHENTICATED } from "../../shared/http/handler.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { NAME } from "../../shared/names.ts";
import { holdsSecret } from "../../shared/redact.ts";
import { withoutSignatures } from "../../shared/signed-link.ts";
import { readRunLog, recordOf } from "../../shared/workflow/run-log.ts";
import { accept, acceptKeyed, type Enqueue } from "./accept.ts";
import { accepted, rendered, withShortTexts } from "./answer.ts";
import { answerApproval, decide } from "./approval.ts";
import { requestCancel } from "./cancel.ts";
import { readSenders } from "./config.ts";
import { cutOf, documentRefusal } from "./documents.ts";
import { answerKeep } from "./keep.ts";
import { missingRoute, routeOf, type Routed } from "./routes.ts";
import { enqueueLaunch, enqueueSpread, parseWebhook, type SenderSettings } from "./senders/parse-webhook.ts";
import { refused, type LaunchRequest } from "./senders/sender.ts";
import { count } from "./tally.ts";
import { takeJob } from "./taken.ts";

const PAGES = { "/approvals/": answerApproval, "/keep/": answerKeep };
const pageOf = (path: string) => Object.entries(PAGES).find(([prefix]) => path.startsWith(prefix))?.[1];

/** The path for the log. The signature of a link opens its page, so it is left out; so are those of paths that are a little wrong. */
const shownPath = (path: string): string => (pageOf(path) ? path.replace(/[^/]*$/, "…") : path);

export const handler = httpHandler({ name: "webhook", serve, shownPath, after: tally });

const SENDER_PATH = new RegExp(`^/senders/(${NAME})$`);

/** Counts deliveries: links are for people, and a GET only asks. */
async function tally(call: Call, given: HttpAnswer, ports: Ports): Promise<void> {
  if (call.method !== "POST" || pageOf(call.path) !== undefined) return;
  const sender = SENDER_PATH.exec(call.path)?.[1];
  const [kind, settings, name = ""] =
    sender === undefined
      ? (["callers", readCallers(), call.headers["x-kiln-caller"]] as const)
      : (["senders", readSenders(), sender] as const);
  if (sender === undefined && name === "")
    Object.assign(call.details, { refused: withoutSignatures(noSender(call.path)) });
  await count(Object.hasOwn(settings, name) ? `${kind}/${name}` : "unknown", call, given, ports);
}

const noSender = (path: string): string =>
  `POST ${path} is signed by no caller and the path of no sender: senders post to /senders/<name>, without a slash at the end`;

async function serve(call: Call, ports: Ports): Promise<HttpAnswer> {
  const page = pageOf(call.path);
  if (page !== undefined) return rendered(await page(call, ports), call.headers);
  const given = await served(call, ports);
  // A record has texts of Kiln's own.
  return call.method === "POST" ? withShortTexts(given) : given;
}

async function served(call: Call, ports: Ports): Promise<HttpAnswer> {
  const sender = SENDER_PATH.exec(call.path)?.[1];
  return sender !== undefined && call.method === "POST"
    ? serveSender(sender, call, ports)
    : asCaller(call, ports, {
        missing: missingRoute,
        serve: async (verified) => {
          const { method, path, body } = call;
          // They are not signed, and would be taken for fields of the body.
          const [parameter] = Object.keys(call.query);
          if (parameter !== undefined)
            return answer(400, { error: `${parameter}: no parameters here; write them into the body` });
          const routed = routeOf({ method, path, body, ...verified });
          return serveRoute(routed, verified.caller, call, ports);
        },
      });
}

const HOLDS_SECRET =
  "the request holds a secret of the webhook, which would be left out of its event; send another value";

async function serveRoute(routed: Routed, caller: string, call: Call, ports: Ports): Promise<HttpAnswer> {
  Object.assign(call.details, { routed: routed.kind });
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
    case "decide": {
      const { run, decision } = routed;
      const { statusCode, lines } = await decide(
        run,
        { decision, by: `webhook:${caller}`, details: call.details },
        ports,
      );
      return answer(statusCode, statusCode === 200 ? { run, decision } : { error: lines.join(" ") });
    }
    case "enqueue":
      Object.assign(call.details, { run: routed.enqueue.run });
      return enqueue(routed.enqueue, ports);
  }
}

async function enqueue(request: Enqueue, ports: Ports): Promise<HttpAnswer> {
  if (holdsSecret(request.request)) return answer(400, { error: HOLDS_SECRET });
  const refusal = await documentRefusal(request, ports);
  if (refusal !== undefined) return answer(refusal.status, { error: refusal.error });
  const given = await acceptKeyed(request, ports);
  return given.ok ? answer(202, acceptedAs(given.value)) : answer(409, { error: given.problem });
}

async function serveSender(name: string, call: Call, ports: Ports): Promise<HttpAnswer> {
  const senders = readSenders();
  const settings = Object.hasOwn(senders, name) ? senders[name] : undefined;
  const given = { ...call, now: ports.clock.now(), region: ports.cloud.access.region };
  const parsed =
    settings === undefined
      ? refused("KILN_SENDERS has no sender of this name: add it, or correct the path /senders/<name>")
      : parseWebhook(settings, given);
  Object.assign(call.details, { sender: name, parsed: parsed.kind });
  if (parsed.kind === "refused") {
    Object.assign(call.details, { refused: parsed.why });
    return answer(401, NOT_AUTHENTICATED);
  }
  if (parsed.kind === "malformed") return answer(parsed.status ?? 400, { error: parsed.error });
  if (parsed.kind === "taken") return takeJob(name, parsed, ports);
  const unused = parsed.refused && { refused: parsed.refused };
  if (parsed.kind === "ignored") return answer(200, { ignored: parsed.reason, ...unused });
  const runs: Accepted[] = [];
  if (parsed.launches.length > SINGLE_MAX) runs.push(...(await spreadOut(name, parsed.launches, ports)));
  else
    for (const launch of parsed.launches) {
      const request = enqueueLaunch(name, launch);
      const refusal = await refusalOf(settings, request, ports);
      if (refusal !== undefined) return answer(refusal.status, { error: refusal.error });
      runs.push(await acceptCut(request, ports));
    }
  Object.assign(call.details, { runs: runs.map(({ run }) => run) });
  return answer(202, { runs, ...unused });
}

/** Requests of one delivery that become a run each; of more, one run makes them, so that no delivery takes more calls. */
const SINGLE_MAX = 3;

const spreadOut = (sender: string, launches: readonly LaunchRequest[], ports: Ports): Promise<Accepted[]> =>
  inBatches(enqueueSpread(sender, launches, ports.clock.now()), (request) => acceptCut(request, ports));

/** Such a sender reads the answer; GitHub would send what is refused again, and each job and alert is cut to the limit. */
const refusalOf = async (settings: SenderSettings | undefined, request: Enqueue, ports: Ports) =>
  settings?.kind === "generic" ? documentRefusal(request, ports) : undefined;

type Accepted = ReturnType<typeof acceptedAs> & { readonly cut?: string };

async function acceptCut(request: Enqueue, ports: Ports): Promise<Accepted> {
  const cut = await cutOf(request, ports);
  return { ...acceptedAs(await accept(request, ports)), ...(cut !== undefined && { cut }) };
}

/** A caller that repeats its request reads that it is one run. */
const acceptedAs = ({ run, repeated }: { readonly run: string; readonly repeated: boolean }) => ({
  ...accepted(run),
  ...(repeated && { repeated }),
});
