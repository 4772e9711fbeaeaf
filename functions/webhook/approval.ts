/**
 * The signed address of an approval, `/approvals/<run>/<expires>/<signature>`. A GET shows the question and a POST
 * decides (LINK-2). The answer is a line of the run's log, and the first one stands.
 */
import * as z from "zod/mini";
import { utcMinute } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";
import { RunId } from "../../shared/names.ts";
import { trySend } from "../../shared/workflow/begin.ts";
import { interject } from "../../shared/workflow/cancel.ts";
import type { WorkflowEvent } from "../../shared/workflow/envelope.ts";
import { readRunLog, standing, type RunLog, type Standing } from "../../shared/workflow/run-log.ts";
import { kindOf } from "../../shared/workflow/run-id.ts";
import { page, type Page } from "./answer.ts";
import type { Call } from "../../shared/http/call.ts";
import { openLink } from "./link.ts";

const Promotion = RunId.check(z.refine((run) => kindOf(run) === "promote"));
export const Decision = z.enum(["approve", "reject"]);
export type Decision = z.infer<typeof Decision>;

export async function answerApproval(call: Call, ports: Ports): Promise<Page> {
  const link = openLink(call, "approvals", z.tuple([Promotion]), ports.clock.now());
  if (!link.ok) return link.refusal;
  const [run] = link.parts;
  const log = await readRunLog(ports.cloud, run);
  const now = standing(run, log);
  if (now === undefined) return page(404, [NO_RUN]);
  if (call.method === "POST") return decideByLink(run, call, ports);
  if (now.completion !== undefined || answerIn(log) !== undefined || !isAsked(now.event))
    return refusal(now, log);
  return page(200, [...questionOf(now.event), `Decide before ${utcMinute(link.expiresAt)}.`], CHOICES);
}

const CHOICES = [
  { label: "Approve", decision: "approve" },
  { label: "Reject", decision: "reject" },
];

/** The input of a promotion, as far as its approver has to know it. */
const Promoted = z.looseObject({
  recipe: z.string(),
  imageId: z.string(),
  family: z.string(),
});

/** The facts are sentences of the promotion, which has looked at the images. */
const Asked = z.looseObject({ facts: z.array(z.string()) });

function questionOf(event: WorkflowEvent): readonly string[] {
  const { data } = Promoted.safeParse(event.input);
  const facts = Asked.safeParse(event).data?.facts ?? [];
  if (data === undefined) return [`Promotion ${event.run} waits for approval.`];
  const { recipe, imageId, family } = data;
  return [`Image ${imageId} of recipe ${recipe} waits for approval to join family ${family}.`, ...facts];
}

const NO_RUN = "There is no such run in this deployment.";

/** A run that is being cancelled asks no longer. */
const isAsked = ({ phase, cancelled }: WorkflowEvent): boolean =>
  phase === "approve" && cancelled === undefined;

const answerIn = ({ lines }: RunLog): string | undefined =>
  lines.flatMap(({ line }) => (line.kind === "answer" ? [line.answer] : []))[0];

async function decideByLink(run: string, { body, details }: Call, ports: Ports): Promise<Page> {
  const given = Decision.safeParse(new URLSearchParams(body.toString("utf8")).get("decision"));
  if (!given.success)
    return page(400, ["The decision is missing: send decision=approve or decision=reject."]);
  return decide(run, { decision: given.data, by: "link", details }, ports);
}

interface Decided extends Pick<Call, "details"> {
  readonly decision: Decision;
  readonly by: string;
}

/** Writes a decision into the log of a promotion that asks for one, and answers what stands there then. */
export async function decide(run: string, { decision, by, details }: Decided, ports: Ports): Promise<Page> {
  const found = await interject(
    run,
    ({ completion, event }, log) =>
      completion !== undefined || answerIn(log) !== undefined || !isAsked(event)
        ? undefined
        : { kind: "answer", at: ports.clock.now(), by, answer: decision },
    ports,
  );
  if (found === undefined) return page(404, [NO_RUN]);
  Object.assign(details, { run, decision, written: found.appended });
  if (found.appended) await trySend(found.now.event, ports);
  // The same decision again is no other decision: the answer to the first request may have been lost.
  return answerIn(found.log) === decision ? page(200, [EFFECT[decision]]) : refusal(found.now, found.log);
}

const EFFECT = {
  approve: "Approved. The promotion goes on.",
  reject: "Rejected. The promotion ends, and the family stays as it is.",
} as const;

/** The page for a decision that has no effect. */
function refusal({ completion }: Standing, log: RunLog): Page {
  if (answerIn(log) !== undefined) return page(409, ["Already decided. The first decision stands."]);
  return completion === undefined
    ? page(409, ["The run does not wait for a decision now."])
    : page(410, [`The run has ended (${completion.kind}). A decision has no effect any more.`]);
}
