/**
 * How the reader of a notification answers it. Made when it is posted, so that no event and no record holds a signature.
 *
 * REPLY-1. Where the webhook shows pages, a link opens one. Elsewhere the same signed address takes a POST request, so the
 *     notification shows the command that makes it (ADDRESS-1).
 * REPLY-2. Both carry the same authority until the same instant: the signed path names the decision's target, the form
 *     names the decision.
 */
import { ConfigError } from "../../shared/errors.ts";
import type { Notification } from "../../shared/notifications/notification.ts";
import { know } from "../../shared/redact.ts";
import { signedPath } from "../../shared/signed-link.ts";
import { ADDRESS_RULE, type WebhookAddress } from "../../shared/webhook-address.ts";

/** Either URLs of pages or command lines; `keep` has one for each instance that can be kept. */
interface Decisions {
  readonly approve?: string;
  readonly reject?: string;
  readonly keep?: Readonly<Record<string, string>>;
}

export interface Replies {
  /** URLs of pages. */
  readonly links: Decisions;
  /** Lines for a shell. One of the first two is there in every message. */
  readonly commands: Decisions & {
    /** Shows why the run is not as it was asked for. */
    readonly why?: string;
    /** Shows the steps of the run. */
    readonly logs?: string;
  };
}

export interface LinkSettings {
  readonly address: WebhookAddress | undefined;
  /** Empty when none is set. */
  readonly secret: string;
}

/** Chats cut long messages; further instances can be kept by their tag. A command takes more room than a link. */
const KEEP_MAX = { links: 20, commands: 5 };
/** No notification offers more decisions. */
export const DECISIONS_MAX = KEEP_MAX.links;

/** No link leads to the run itself: its address wants signed requests. @throws ConfigError for an approval that could not be answered: it can never be given. */
export function repliesTo(notification: Notification, { address, secret }: LinkSettings): Replies {
  const { kind, expiresAt } = notification;
  const commands = moreOf(notification);
  if ((kind !== "approval" && kind !== "stopping") || expiresAt === undefined) return { links: {}, commands };
  if (address === undefined || secret === "") {
    if (kind === "stopping") return { links: {}, commands };
    throw new ConfigError(
      `an approval needs KILN_APPROVAL_SECRET, and ${ADDRESS_RULE}; see README, “Approvals”`,
    );
  }
  const urlOf: SignUrl = (page, ...parts) => {
    const path = signedPath({ kind: page, parts }, expiresAt, secret);
    // Whoever has the signature can decide; a channel may quote the message that it refuses.
    know(path.split("/").slice(-1));
    return `${address.url}${path}`;
  };
  return address.showsPages
    ? { links: pagesOf(notification, urlOf), commands }
    : { links: {}, commands: { ...commandsOf(notification, urlOf), ...commands } };
}

/** The command that shows more of the run: why it is not as it was asked for, or its steps. */
const moreOf = ({ kind, run }: Notification): Replies["commands"] =>
  ["failed", "idleCheckFailed", "short", "limitReached", "spotLost"].includes(kind)
    ? { why: `npm run kiln -- why ${run}` }
    : { logs: `npm run kiln -- logs ${run}` };

type SignUrl = (page: string, ...parts: readonly string[]) => string;

function pagesOf({ kind, run, subject, instances = [] }: Notification, urlOf: SignUrl): Decisions {
  if (kind === "approval") return { approve: urlOf("approvals", run) };
  const some = instances.slice(0, KEEP_MAX.links);
  return { keep: Object.fromEntries(some.map((id) => [id, urlOf("keep", subject, id)])) };
}

function commandsOf({ kind, run, subject, instances = [] }: Notification, urlOf: SignUrl): Decisions {
  if (kind === "approval") {
    const url = urlOf("approvals", run);
    return { approve: commandOf(url, "approve"), reject: commandOf(url, "reject") };
  }
  const some = instances.slice(0, KEEP_MAX.commands);
  const keep = some.map((id) => [id, commandOf(urlOf("keep", subject, id), "keep")] as const);
  return { keep: Object.fromEntries(keep) };
}

/** Nothing in the URL has a meaning for a shell, so it needs no quotes, which differ between shells. */
const commandOf = (url: string, decision: string): string =>
  `curl -sS -X POST ${url} -d decision=${decision}`;
