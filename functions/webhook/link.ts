/** Signed addresses of the webhook (LINK-1): pages in a browser, text for a command. */
import type * as z from "zod/mini";
import { readSignedPath, type ReadLink } from "../../shared/signed-link.ts";
import { page, type Page } from "./answer.ts";
import type { Call } from "../../shared/http/call.ts";
import { readApprovalSecrets } from "./config.ts";

type OpenedLink<T> =
  | { readonly ok: true; readonly parts: T; readonly expiresAt: number }
  | { readonly ok: false; readonly refusal: Page };

function readLink(path: string, now: number): ReadLink {
  const [first = "", ...others] = readApprovalSecrets();
  const link = readSignedPath(path, first, now);
  if (link.ok || link.why !== "forged") return link;
  const signedBefore = others.map((secret) => readSignedPath(path, secret, now));
  return signedBefore.find((read) => read.ok || read.why !== "forged") ?? link;
}

/** What the link of a call is about, or the page that refuses it. `parts` is the schema of its path. */
export function openLink<T>(
  { path, details }: Call,
  kind: string,
  parts: z.ZodMiniType<T>,
  now: number,
): OpenedLink<T> {
  const link = readLink(path, now);
  const read = link.ok && link.target.kind === kind ? parts.safeParse(link.target.parts) : undefined;
  if (link.ok && read?.success) return { ok: true, parts: read.data, expiresAt: link.expiresAt };
  const why = link.ok ? "the link is for another page" : link.why;
  Object.assign(details, { refused: why });
  const refusal = why === "expired" ? page(410, [EXPIRED]) : page(404, [INVALID]);
  return { ok: false, refusal };
}

const EXPIRED = "This link has expired: the time to decide is over.";
const INVALID = "This link is not valid. Use it exactly as the notification shows it.";
