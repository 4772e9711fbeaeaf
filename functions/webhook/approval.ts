/**
 * The page behind the link of an approval, `/approvals/<run>/<expires>/<signature>`.
 *
 * A GET shows and a POST decides: chats and mail scanners follow links to preview them. The link itself is the
 * only key, so the page is kept out of caches, frames and referrers.
 */
import { getObject, putObject } from "../../shared/cloud/oss.ts";
import { approvalKey } from "../../shared/approval.ts";
import type { Ports } from "../../shared/handler.ts";
import { hasEnded, readRecord } from "../../shared/journal.ts";
import { readSignedPath } from "../../shared/signed-link.ts";
import { readApprovalSecret } from "./config.ts";
import { page } from "./page.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
}

export const isApproval = (path: string): boolean => path.startsWith("/approvals/");

const RUN = /^promote-[a-z][a-z0-9-]{0,39}-\d{8}-[0-9a-f]{12}$/;

/** Shows the question (GET) or takes the answer (POST, `decision=approve` or `reject`). The first answer stands. */
export async function answerApproval({ method, path, body }: Asked, ports: Ports) {
  const link = readSignedPath(path, readApprovalSecret(), ports.clock.now());
  const [run = ""] = link.ok ? link.target.parts : [];
  if (!link.ok || link.target.kind !== "approvals" || link.target.parts.length !== 1 || !RUN.test(run)) {
    ports.log({ refused: link.ok ? "not a promotion" : link.why, method, route: "approvals" });
    const expired = !link.ok && link.why === "expired";
    return page(expired ? 410 : 404, expired ? "This link has expired." : "There is nothing here.");
  }
  const record = await readRecord(ports.cloud, run);
  if (record === undefined) return page(404, "There is no such run.");
  if (hasEnded(record))
    return page(410, `The run has ended (${record.state}); nothing can be decided any more.`);
  const question = `May the image of ${run} become what its family serves? It passed its gate.`;
  if (method !== "POST")
    return page(200, question, `until ${new Date(link.expiresAt).toISOString()}`, BUTTONS);
  const decision = new URLSearchParams(Buffer.from(body).toString("utf8")).get("decision");
  if (decision !== "approve" && decision !== "reject") {
    return page(400, "The decision must be approve or reject.");
  }
  const answer = JSON.stringify({ v: 1, run, decision, at: new Date(ports.clock.now()).toISOString() });
  const { written } = await putObject(ports.cloud, approvalKey(run), answer, {
    contentType: "application/json",
    ifAbsent: true,
  });
  ports.log({ approval: run, decision, written });
  // A put whose answer was lost is made again, and then meets itself.
  if (!written && (await decisionOf(run, ports)) !== decision)
    return page(409, "It was decided before; the first answer stands.");
  return page(
    200,
    decision === "approve" ? "Approved. The family moves next." : "Rejected. The family stays.",
  );
}

/** The decision that stands; undefined when it cannot be read. */
async function decisionOf(run: string, { cloud }: Ports): Promise<unknown> {
  const { text = "{}" } = (await getObject(cloud, approvalKey(run))) ?? {};
  return (JSON.parse(text) as { readonly decision?: unknown }).decision;
}

const BUTTONS = `<form method="post">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="reject">Reject</button>
</form>`;
