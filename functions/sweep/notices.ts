/** Posts a notice to its channel. Thrown errors make the platform deliver the event again (shared/notify.ts, N1). */
import { seconds } from "../../shared/duration.ts";
import { ConfigError } from "../../shared/errors.ts";
import { NotifyRequest, type Notice } from "../../shared/events/notify.ts";
import { parse, type Ports } from "../../shared/handler.ts";
import { messageFor, refusalIn, type Links } from "../../shared/notify.ts";
import { signedPath } from "../../shared/signed-link.ts";
import { readChannels, readLinks } from "./config.ts";

const TIMEOUT_MS = seconds(10);

export const isNotice = (payload: unknown): boolean =>
  (payload as { request?: unknown } | null)?.request === "notify";

/** @throws ConfigError for an unknown channel; Error when the channel is not there or refuses. */
export async function postNotice(payload: unknown, { clock, log }: Ports): Promise<unknown> {
  const { channel: name, notice } = parse(NotifyRequest, payload, "sweep (notify)");
  const channels = readChannels();
  const channel = Object.hasOwn(channels, name) ? channels[name] : undefined;
  if (channel === undefined) {
    throw new ConfigError(
      `${notice.run} has something to tell channel ${name}, which KILN_CHANNELS does not know; add it, or take it out of the recipe's notify`,
    );
  }
  const { url, headers, body } = messageFor(channel, notice, linksOf(notice), clock.now());
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" }).catch(
    // What fetch says names the address, which is a secret.
    () => undefined,
  );
  const refusal =
    answer === undefined
      ? `no answer within ${TIMEOUT_MS / 1000} s`
      : refusalIn(channel.kind, answer.status, await answer.text());
  if (refusal !== undefined) throw new Error(`channel ${name} (${channel.kind}) did not take it: ${refusal}`);
  log({ function: "sweep", notice: notice.kind, run: notice.run, channel: name });
  return { told: name };
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
