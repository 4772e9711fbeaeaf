/** Posts notices to their channels (shared/notify.ts, N1). */
import { deliver } from "../../shared/cloud/fc.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { formatDuration, seconds } from "../../shared/duration.ts";
import { ConfigError } from "../../shared/errors.ts";
import { NotifyRequest, type Notice } from "../../shared/events/notify.ts";
import { parse, type Ports } from "../../shared/handler.ts";
import { messageFor, noticeSend, refusalIn, retryMs, type Links } from "../../shared/notify.ts";
import { signedPath } from "../../shared/signed-link.ts";
import { readChannels, readLinks } from "./config.ts";

const TIMEOUT_MS = seconds(10);

export const isNotice = (payload: unknown): boolean =>
  (payload as { request?: unknown } | null)?.request === "notify";

/** Posts, or queues the next try, or keeps it where a person finds it: an event with a notice never fails. */
export async function postNotice(payload: unknown, ports: Ports): Promise<unknown> {
  const request = parse(NotifyRequest, payload, "sweep (notify)");
  const { channel, notice, tries = 0 } = request;
  const said = { function: "sweep", notice: notice.kind, run: notice.run, channel };
  const problem = await post(request, ports);
  if (problem === undefined) {
    ports.log({ ...said, told: true });
    return { told: channel };
  }
  const again = retryMs(tries + 1);
  if (again === undefined || problem.final) {
    const key = `failures/notice-${notice.run}-${notice.kind}-${channel}.json`;
    await putObject(ports.cloud, key, JSON.stringify({ problem: problem.what, request }), {
      contentType: "application/json",
    });
    ports.log({ ...said, warning: "nobody was told", problem: problem.what, kept: key });
    return { kept: key };
  }
  const { to, taskId, event } = noticeSend({ ...request, tries: tries + 1 });
  await deliver(ports.cloud, {
    to: ports.nameOf(to),
    payload: JSON.stringify(event),
    delayMs: again,
    taskId,
  });
  ports.log({ ...said, problem: problem.what, again: formatDuration(again) });
  return { again: formatDuration(again) };
}

interface PostProblem {
  readonly what: string;
  /** A person must change something first; trying again is no use. */
  readonly final: boolean;
}

async function post(
  { channel: name, notice }: NotifyRequest,
  { clock }: Ports,
): Promise<PostProblem | undefined> {
  try {
    const channels = readChannels();
    const channel = Object.hasOwn(channels, name) ? channels[name] : undefined;
    if (channel === undefined) {
      const what = `KILN_CHANNELS does not know channel ${name}; add it, or take it out of notify in the document`;
      return { what, final: true };
    }
    const { url, headers, body } = messageFor(channel, notice, linksOf(notice), clock.now());
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" }).catch(
      // What fetch says names the address, which is a secret.
      () => undefined,
    );
    if (answer === undefined) return { what: `no answer within ${formatDuration(TIMEOUT_MS)}`, final: false };
    const refusal = refusalIn(channel.kind, answer.status, await answer.text());
    return refusal === undefined ? undefined : { what: refusal, final: false };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { what: error.message, final: true };
  }
}

function linksOf({ kind, run, subject, expiresAt, instances = [] }: Notice): Links {
  const { base, secret } = readLinks();
  const links = base === "" ? {} : { run: `${base}/runs/${run}` };
  if ((kind !== "approval" && kind !== "stopping") || expiresAt === undefined) return links;
  if (base === "" || secret === "") {
    // People can still tag an instance by hand; nobody can approve without a link.
    if (kind === "stopping") return links;
    throw new ConfigError(
      "an approval needs KILN_WEBHOOK_URL and KILN_APPROVAL_SECRET to make its link; see README, “Approvals”",
    );
  }
  const linkTo = (kind: string, parts: readonly string[]) =>
    `${base}${signedPath({ kind, parts }, expiresAt, secret)}`;
  if (kind === "approval") return { ...links, approve: linkTo("approvals", [run]) };
  const some = instances.slice(0, MOST_KEEP_LINKS);
  return { ...links, keep: Object.fromEntries(some.map((id) => [id, linkTo("keep", [subject, id])])) };
}

/** Chats cut long messages; who has more instances than this keeps them by tag. */
const MOST_KEEP_LINKS = 20;
