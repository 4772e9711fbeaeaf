/** Requests and timers turned into the first events of runs. */
import { documentNames, loadRecipe } from "../../shared/document-store.ts";
import {
  PromoteImageRequest,
  PromoteRequest,
  RetireRequest,
  RollbackRequest,
  type PromoteEvent,
} from "../../shared/events/promote-family.ts";
import { TimerEvent } from "../../shared/events/triggers.ts";
import { parse, readTimerPayload, type Ports } from "../../shared/handler.ts";
import { PREVIOUS } from "../../shared/events/rollback-request.ts";
import { firstLine } from "../../shared/machine.ts";
import { dayOf, familyName, runId } from "../../shared/run.ts";

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function beginPromotions(payload: unknown, ports: Ports): Promise<readonly PromoteEvent[]> {
  const timer = TimerEvent.safeParse(payload);
  if (timer.success) {
    const { triggerName, triggerTime } = timer.data;
    const request = readTimerPayload(timer.data.payload);
    return retire(request, `timer:${triggerName}`, Date.parse(triggerTime), ports);
  }
  switch ((payload as { request?: unknown } | null)?.request) {
    case "promote-image":
      return byHand(payload, ports);
    case "rollback":
      return rollback(payload, ports);
    case "retire":
      return retire(payload, "invoke", ports.clock.now(), ports);
    default:
      return fromBake(payload, ports);
  }
}

function fromBake(payload: unknown, { clock }: Ports): readonly PromoteEvent[] {
  const { recipe, imageId, document, delivery, by } = parse(PromoteRequest, payload, "promote-family");
  const { family } = document;
  if (family === undefined) return [];
  const now = clock.now();
  // The day of the bake, not of this delivery: one that is repeated after midnight is still the same run.
  const run = runId("promote", recipe, dayOf(delivery) ?? now, [delivery, imageId]);
  return [{ ...firstLine(run, by, now), phase: "check", job: { recipe, imageId, family, document } }];
}

function byHand(payload: unknown, { clock }: Ports): readonly PromoteEvent[] {
  const {
    run,
    by = "invoke",
    recipe,
    imageId,
    family,
    dryRun = false,
  } = parse(PromoteImageRequest, payload, "promote-family");
  const now = clock.now();
  const id = run ?? runId("promote", recipe, now, [now, imageId]);
  return [
    { ...firstLine(id, by, now), phase: dryRun ? "rehearse" : "read", job: { recipe, imageId, family } },
  ];
}

function rollback(payload: unknown, { clock }: Ports): readonly PromoteEvent[] {
  const request = parse(RollbackRequest, payload, "promote-family");
  const { run, by = "invoke", family, to, regions, undo = false, dryRun = false } = request;
  const now = clock.now();
  const id = run ?? runId("rollback", familyName(family), now, [now, family]);
  const job = {
    family,
    undo,
    ...(to !== undefined && to !== PREVIOUS && { to }),
    ...(regions !== undefined && { regions }),
  };
  return [{ ...firstLine(id, by, now), phase: dryRun ? "rehearseRollback" : "aim", job }];
}

async function retire(
  payload: unknown,
  by: string,
  at: number,
  ports: Ports,
): Promise<readonly PromoteEvent[]> {
  const request = parse(RetireRequest, payload, "promote-family (retention)");
  const { recipe, dryRun = false, run } = request;
  const names = recipe === "*" ? await retiring(ports) : [recipe];
  return names.map((name) => {
    const own = recipe === "*" ? undefined : run;
    const id = own ?? runId("retire", name, at, [at, by, dryRun]);
    const line = firstLine(id, request.by ?? by, ports.clock.now());
    return { ...line, phase: "survey", job: { recipe: name, dryRun } };
  });
}

/** Recipes with retention switched on. One that cannot be read is none: its bake says what is wrong with it. */
async function retiring({ cloud, log }: Ports): Promise<string[]> {
  const wanted: string[] = [];
  for (const name of await documentNames(cloud, "recipes")) {
    const found = await loadRecipe(cloud, name);
    if ("problem" in found) log({ warning: "recipe without retention", recipe: name, error: found.problem });
    else if (found.document.retention.enabled) wanted.push(name);
  }
  return wanted;
}
