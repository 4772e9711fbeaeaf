/** The requests that `stop-idle` accepts, and the runs that they or a timer ask for. */
import * as z from "zod/mini";
import { apart } from "../../shared/apart.ts";
import { documentNames, loadFleet, logUnusable } from "../../shared/document-store.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { parse, type Ports } from "../../shared/invocation.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { TAG } from "../../shared/tags.ts";
import { triggerOf, type Trigger } from "../../shared/triggers.ts";
import { runId } from "../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";
import { isDue } from "./idle-check/due.ts";
import { CheckRequest } from "./idle-check/workflow.ts";
import { KeepRequest } from "./keep/keep.ts";
import { whyNotStarted } from "./resume/decide.ts";
import { ResumeRequest, WakeRequest } from "./resume/workflow.ts";

const Request = z.discriminatedUnion("request", [CheckRequest, ResumeRequest, WakeRequest, KeepRequest]);
type Request = z.infer<typeof Request>;

const KINDS = { "stop-idle": "idle", resume: "resume", wake: "resume", keep: "keep" } as const;

/** The runs that `payload` asks for. @throws EventError */
export async function start(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const { asked, trigger } = triggerOf(payload, ports);
  const { by = trigger.by, ...request } = parse(Request, asked, "stop-idle");
  const names = request.fleet === "*" ? await fleetsFor(request, trigger, ports) : [request.fleet];
  return names.map((fleet) => ({
    run: runId(KINDS[request.request], fleet, trigger.at, trigger.identity),
    by,
    request: { ...request, fleet },
  }));
}

/**
 * The fleets a request concerns: a timer leaves no record of the others, nor of a document that cannot be used, which its check
 * reports. A caller who asks for all gets a record that says why.
 */
async function fleetsFor(
  { request }: Pick<Request, "request">,
  { by, at }: Trigger,
  ports: Ports,
): Promise<string[]> {
  const { cloud, clock } = ports;
  const now = clock.now();
  const isTimer = by.startsWith("timer:");
  const isAsked = async (name: string): Promise<boolean> => {
    const found = await loadFleet(cloud, name);
    if ("problem" in found) {
      logUnusable(found.problem, ports);
      return !isTimer && request === "stop-idle";
    }
    const policy = found.document.idle;
    return request === "stop-idle"
      ? isDue(policy, isTimer ? at : undefined)
      : policy !== undefined && (await resumes(name, policy, { cloud, now }));
  };
  const names = await documentNames(cloud, "fleets");
  return (await apart(names, async (name) => ((await isAsked(name)) ? [name] : []), ports)).flat();
}

/** Whether a fleet, or a member with hours of its own, should be up now. */
async function resumes(
  name: string,
  policy: IdlePolicy,
  { cloud, now }: Pick<Ports, "cloud"> & { readonly now: number },
): Promise<boolean> {
  const { resume, upDuring } = policy;
  if (!resume || upDuring === undefined) return false;
  if (isUp(upDuring, now)) return true;
  const members = await membersOf(cloud, name);
  return members.some((one) => TAG.upDuring in one.tags && whyNotStarted(one, policy, now) === undefined);
}
