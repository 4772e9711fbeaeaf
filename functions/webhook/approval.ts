/**
 * The page behind the link of an approval, `/approvals/<run>/<expires>/<signature>`. A GET shows the question and a
 * POST decides (LINK-2). The answer is a line of the run's log, and the first one stands.
 */
import * as z from "zod/mini";
import type { Ports } from "../../shared/invocation.ts";
import { RunId } from "../../shared/names.ts";
import { trySend } from "../../shared/workflow/begin.ts";
import { interject } from "../../shared/workflow/cancel.ts";
import { readRunLog, standing, type RunLog } from "../../shared/workflow/run-log.ts";
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
  const log = await readRunLog(ports.cloud, run);
  const now = standing(run, log);
  if (now === undefined) return page(404, ["There is no such run."]);
  if (call.method === "POST") return decide(run, call, ports);
  if (now.completion !== undefined) return ended(now.completion.kind);
  if (answerIn(log) !== undefined) return page(409, [DECIDED]);
  const question = `Approve the image of ${run} for its family? Its image test has passed.`;
  return page(200, [question, `until ${new Date(link.expiresAt).toISOString()}`], BUTTONS);
}

const DECIDED = "Already decided. The first decision stands.";

const ended = (kind: string) =>
  page(410, [`The run has ended (${kind}). A decision has no effect any more.`]);

const answerIn = ({ lines }: RunLog): string | undefined =>
  lines.flatMap(({ line }) => (line.kind === "answer" ? [line.answer] : []))[0];

async function decide(run: string, { body, details }: Call, ports: Ports): Promise<HttpAnswer> {
  const given = Decision.safeParse(new URLSearchParams(body.toString("utf8")).get("decision"));
  if (!given.success) return page(400, ["The decision must be approve or reject."]);
  const decision = given.data;
  let first: string | undefined;
  const found = await interject(
    run,
    ({ completion, event }, log) => {
      first = answerIn(log);
      if (completion !== undefined || first !== undefined || event.phase !== "approve") return undefined;
      return { kind: "answer", at: ports.clock.now(), by: "link", answer: decision };
    },
    ports,
  );
  const { completion, event } = found?.now ?? {};
  Object.assign(details, { run, decision, written: found?.appended });
  if (found?.appended && event) await trySend(event, ports);
  // The same decision again is no other decision: its answer may have been lost.
  else if (first !== undefined && first !== decision) return page(409, [DECIDED]);
  else if (first === undefined && completion !== undefined) return ended(completion.kind);
  else if (first === undefined) return page(409, ["The run does not wait for a decision now."]);
  const effect = decision === "approve" ? "Approved. The promotion goes on." : "Rejected. The family stays.";
  return page(200, [effect]);
}

const BUTTONS = `<form method="post">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="reject">Reject</button>
</form>`;
