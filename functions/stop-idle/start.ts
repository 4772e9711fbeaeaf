/** The requests that `stop-idle` accepts, and the runs that they or a timer ask for. */
import * as z from "zod/mini";
import { documentNames, loadFleet } from "../../shared/document-store.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { parse, type Ports } from "../../shared/invocation.ts";
import { triggerOf } from "../../shared/triggers.ts";
import { runId } from "../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";
import { CheckRequest } from "./idle-check/workflow.ts";
import { KeepRequest } from "./keep/keep.ts";
import { ResumeRequest } from "./resume/workflow.ts";

const Request = z.discriminatedUnion("request", [CheckRequest, ResumeRequest, KeepRequest]);
type Request = z.infer<typeof Request>;

const KINDS = { "stop-idle": "idle", resume: "resume", keep: "keep" } as const;

/** The runs that `payload` asks for. @throws EventError */
export async function start(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const { asked, trigger } = triggerOf(payload, ports);
  const { by = trigger.by, ...request } = parse(Request, asked, "stop-idle");
  const names = request.fleet === "*" ? await fleetsFor(request, ports) : [request.fleet];
  return names.map((fleet) => ({
    run: runId(KINDS[request.request], fleet, trigger.at, trigger.identity),
    by,
    request: { ...request, fleet },
  }));
}

/**
 * The fleets a request concerns: a timer leaves no record of the others. A document that cannot be read starts an
 * idle check all the same, so that its record reports the problem.
 */
async function fleetsFor({ request }: Pick<Request, "request">, { cloud, clock }: Ports): Promise<string[]> {
  const names: string[] = [];
  for (const name of await documentNames(cloud, "fleets")) {
    const found = await loadFleet(cloud, name);
    const broken = "problem" in found;
    const policy = broken ? undefined : found.document.idle;
    const resumes =
      policy?.resume === true && policy.upDuring !== undefined && isUp(policy.upDuring, clock.now());
    if (request === "stop-idle" ? broken || policy !== undefined : resumes) names.push(name);
  }
  return names;
}
