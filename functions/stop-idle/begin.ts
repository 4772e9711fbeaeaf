/** Which runs a timer or a request begins. */
import { documentNames, loadFleet } from "../../shared/document-store.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { IdleRequest, type IdleEvent } from "../../shared/events/stop-idle.ts";
import { TimerEvent } from "../../shared/events/triggers.ts";
import { parse, readTimerPayload, type Ports } from "../../shared/handler.ts";
import { firstLine } from "../../shared/machine.ts";
import { runId } from "../../shared/run.ts";

const KINDS = { "stop-idle": "idle", resume: "resume", keep: "keep" } as const;

export async function begin(payload: unknown, { clock, cloud }: Ports): Promise<IdleEvent[]> {
  const timer = TimerEvent.safeParse(payload);
  const asked = timer.success ? readTimerPayload(timer.data.payload) : payload;
  const wish = parse(IdleRequest, asked, "stop-idle");
  const { request, fleet, dryRun = false, run, by = "invoke" } = wish;
  const now = clock.now();
  const at = timer.success ? Date.parse(timer.data.triggerTime) : now;
  const who = timer.success ? `timer:${timer.data.triggerName}` : by;
  const names = fleet === "*" ? await concerned(request, cloud, now) : [fleet];
  return names.map((name): IdleEvent => {
    const id = fleet === "*" || run === undefined ? runId(KINDS[request], name, at, [at, who]) : run;
    const line = { ...firstLine(id, who, now), job: { fleet: name, dryRun } };
    if (wish.request === "keep")
      return { ...line, phase: "keep", instance: wish.instance, until: wish.until };
    return { ...line, phase: wish.request === "resume" ? "resume" : "survey" };
  });
}

/**
 * Of all fleets those the request means something for: a timer leaves no record on the others. A document
 * that cannot be read begins its run all the same, so that somebody hears of it.
 */
async function concerned(request: string, cloud: Ports["cloud"], now: number): Promise<string[]> {
  const concern: string[] = [];
  for (const name of await documentNames(cloud, "fleets")) {
    const found = await loadFleet(cloud, name);
    const broken = "problem" in found;
    const policy = broken ? undefined : found.document.idle;
    const resumes = policy?.resume === true && policy.upDuring !== undefined && isUp(policy.upDuring, now);
    if (request === "stop-idle" ? broken || policy !== undefined : resumes) concern.push(name);
  }
  return concern;
}
