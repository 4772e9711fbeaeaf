/**
 * The page behind the link of an approval, `/approvals/<run>/<expires>/<signature>`. A GET shows the question and a
 * POST decides (LINK-2). The first decision stands.
 */
import * as z from "zod/mini";
import { getObject, putObject } from "../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../shared/invocation.ts";
import { approvalKey } from "../../shared/keys.ts";
import { RunId } from "../../shared/names.ts";
import { hasEnded, readRecord } from "../../shared/workflow/record.ts";
import { kindOf } from "../../shared/workflow/run-id.ts";
import { page, type HttpAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import { openLink } from "./link.ts";

const Promotion = RunId.check(z.refine((run) => kindOf(run) === "promote"));
const Decision = z.enum(["approve", "reject"]);

export async function answerApproval(call: Call, ports: Ports): Promise<HttpAnswer> {
  const link = openLink(call, "approvals", z.tuple([Promotion]), ports.clock.now());
  if (!link.ok) return link.refusal;
  const [run] = link.parts;
  const record = await readRecord(ports.cloud, run);
  if (record === undefined) return page(404, ["There is no such run."]);
  if (hasEnded(record)) {
    return page(410, [`The run has ended (${record.state}). A decision has no effect any more.`]);
  }
  if (call.method === "POST") return decide(run, call, ports);
  const question = `Approve the image of ${run} for its family? Its image test has passed.`;
  return page(200, [question, `until ${new Date(link.expiresAt).toISOString()}`], BUTTONS);
}

async function decide(run: string, { body, details }: Call, { cloud, clock }: Ports): Promise<HttpAnswer> {
  const given = Decision.safeParse(new URLSearchParams(body.toString("utf8")).get("decision"));
  if (!given.success) return page(400, ["The decision must be approve or reject."]);
  const decision = given.data;
  const text = JSON.stringify({ v: 1, run, decision, at: new Date(clock.now()).toISOString() });
  const options = { contentType: "application/json", ifAbsent: true };
  const { written } = await putObject(cloud, approvalKey(run), text, options);
  Object.assign(details, { run, decision, written });
  // A put whose answer is lost is repeated, and then finds its own object.
  if (!written && (await storedDecision(run, cloud)) !== decision)
    return page(409, ["Already decided. The first decision stands."]);
  const effect = decision === "approve" ? "Approved. The promotion goes on." : "Rejected. The family stays.";
  return page(200, [effect]);
}

/** The decision that stands; undefined when there is none or it is not readable. */
async function storedDecision(run: string, cloud: Ports["cloud"]): Promise<unknown> {
  const { text = "{}" } = (await getObject(cloud, approvalKey(run))) ?? {};
  return z.looseObject({ decision: Decision }).safeParse(JSON.parse(text)).data?.decision;
}

const BUTTONS = `<form method="post">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="reject">Reject</button>
</form>`;
