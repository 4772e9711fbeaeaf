/** Links of a notification. They are made when it is posted, so that no event and no record holds a signature. */
import { ConfigError } from "../../shared/errors.ts";
import type { Notification } from "../../shared/notifications/notification.ts";
import { know } from "../../shared/redact.ts";
import { signedPath } from "../../shared/signed-link.ts";

/** Complete URLs; `keep` has one for each instance that can be kept. */
export interface Links {
  readonly run?: string;
  readonly approve?: string;
  readonly keep?: Readonly<Record<string, string>>;
}

/** Chats cut long messages; further instances can be kept by their tag. */
const KEEP_LINKS_MAX = 20;

/** @throws ConfigError for an approval whose link cannot be made: without it the approval can never be given. */
export function linksOf(
  { kind, run, subject, expiresAt, instances = [] }: Notification,
  { baseUrl, secret }: { readonly baseUrl: string; readonly secret: string },
): Links {
  const links = baseUrl === "" ? {} : { run: `${baseUrl}/runs/${run}` };
  if ((kind !== "approval" && kind !== "stopping") || expiresAt === undefined) return links;
  const linkTo = (page: string, parts: readonly string[]) => {
    const path = signedPath({ kind: page, parts }, expiresAt, secret);
    // Whoever has the signature can decide; a channel may quote the message that it refuses.
    know(path.split("/").slice(-1));
    return `${baseUrl}${path}`;
  };
  const canSign = baseUrl !== "" && secret !== "";
  if (kind === "stopping") {
    const some = canSign ? instances.slice(0, KEEP_LINKS_MAX) : [];
    return { ...links, keep: Object.fromEntries(some.map((id) => [id, linkTo("keep", [subject, id])])) };
  }
  if (canSign) return { ...links, approve: linkTo("approvals", [run]) };
  throw new ConfigError(
    "an approval needs KILN_WEBHOOK_URL and KILN_APPROVAL_SECRET to make its link; see README, “Approvals”",
  );
}
