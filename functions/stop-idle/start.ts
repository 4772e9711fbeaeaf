/** The requests that `stop-idle` accepts, and the runs that they or a timer start. */
import * as z from "zod/mini";
import { documentNames, loadFleet } from "../../shared/document-store.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { parse, readTimerPayload, type Ports } from "../../shared/invocation.ts";
import { Name, RunId } from "../../shared/names.ts";
import { TimerEvent } from "../../shared/triggers.ts";
import { firstEnvelope, firstEvent, type WorkflowEvent } from "../../shared/workflow/envelope.ts";
import { runId } from "../../shared/workflow/run-id.ts";
import { Survey } from "./idle-check/survey.ts";
import { InstanceId, Keep } from "./keep/keep.ts";
import { Reserve } from "./resume/reserve.ts";

const common = {
  v: z.literal(1),
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already given it to the caller. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
};

/** One fleet, or all of them (`"*"`, sent by the timers). */
const fleet = z.union([Name, z.literal("*")]);

/** `stop-idle` starts an idle check, `resume` a resume; `keep` keeps one instance running until `until`, epoch ms. */
const Request = z.discriminatedUnion("request", [
  z.strictObject({ ...common, request: z.enum(["stop-idle", "resume"]), fleet }),
  z.strictObject({
    ...common,
    request: z.literal("keep"),
    fleet: Name,
    instance: InstanceId,
    until: z.int(),
  }),
]);
type Request = z.infer<typeof Request>;

const KINDS = { "stop-idle": "idle", resume: "resume", keep: "keep" } as const;

/** The first events of the runs that `payload` asks for. @throws EventError */
export async function start(payload: unknown, { clock, cloud }: Ports): Promise<WorkflowEvent[]> {
  const timer = TimerEvent.safeParse(payload);
  const asked = timer.success ? readTimerPayload(timer.data.payload) : payload;
  const request = parse(Request, asked, "stop-idle");
  const now = clock.now();
  const at = timer.success ? Date.parse(timer.data.triggerTime) : now;
  const by = timer.success ? `timer:${timer.data.triggerName}` : (request.by ?? "invoke");
  const all = request.fleet === "*";
  const names = all ? await fleetsFor(request, cloud, now) : [request.fleet];
  return names.map((name) => {
    const own = all ? undefined : request.run;
    const run = own ?? runId(KINDS[request.request], name, at, [at, by]);
    const envelope = firstEnvelope(run, by, now);
    if (request.request === "keep") {
      const { instance, until } = request;
      return firstEvent(Keep, envelope, { fleet: name }, { instance, until });
    }
    const input = { fleet: name, dryRun: request.dryRun ?? false };
    const first = request.request === "resume" ? Reserve : Survey;
    return firstEvent<WorkflowEvent>(first, envelope, input, {});
  });
}

/**
 * The fleets a request concerns: a timer leaves no record of the others. A document that cannot be read starts an
 * idle check all the same, so that its record reports the problem.
 */
async function fleetsFor({ request }: Request, cloud: Ports["cloud"], now: number): Promise<string[]> {
  const names: string[] = [];
  for (const name of await documentNames(cloud, "fleets")) {
    const found = await loadFleet(cloud, name);
    const broken = "problem" in found;
    const policy = broken ? undefined : found.document.idle;
    const resumes = policy?.resume === true && policy.upDuring !== undefined && isUp(policy.upDuring, now);
    if (request === "stop-idle" ? broken || policy !== undefined : resumes) names.push(name);
  }
  return names;
}
