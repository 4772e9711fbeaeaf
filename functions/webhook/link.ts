/** Signed links to pages of the webhook (LINK-1). */
import type * as z from "zod/mini";
import { readSignedPath } from "../../shared/signed-link.ts";
import { page, type HttpAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { readApprovalSecret } from "./config.ts";

type OpenedLink<T> =
  | { readonly ok: true; readonly parts: T; readonly expiresAt: number }
  | { readonly ok: false; readonly refusal: HttpAnswer };

/** What the link of a call is about, or the page that refuses it. `parts` is the schema of its path. */
export function openLink<T>(
  { path, details }: Call,
  kind: string,
  parts: z.ZodMiniType<T>,
  now: number,
): OpenedLink<T> {
  const link = readSignedPath(path, readApprovalSecret(), now);
  const read = link.ok && link.target.kind === kind ? parts.safeParse(link.target.parts) : undefined;
  if (link.ok && read?.success) return { ok: true, parts: read.data, expiresAt: link.expiresAt };
  const why = link.ok ? "the link is for another page" : link.why;
  Object.assign(details, { refused: why });
  const refusal =
    why === "expired" ? page(410, ["This link has expired."]) : page(404, ["This link is not valid."]);
  return { ok: false, refusal };
}
