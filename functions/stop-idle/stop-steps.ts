/**
 * An idle check: survey → warn → tell → unwarn → (stop) for each slice → confirm → surplus → (release) for each
 * slice → unmark.
 *
 * I1. Nothing is stopped on an old look: every signal is read again in the step that stops, last of all it
 *     reads, hours and then the last minutes. Every stop and every release goes through that step.
 * I2. One bad instance does not stop the batch; each has its own answer.
 * I3. What StopCharging came to is looked at afterwards: the cloud does not say when it went on charging.
 * I4. A member is marked as stopped by this run right before its stop is sent and after everything that is read,
 *     so that a crash in between is told from another's stop: what is found stopped without that mark is not
 *     Kiln's. A mark of what still runs is taken away, before the step waits and at the end of the run.
 * I5. One run at a time looks after a fleet, or two caps would add up.
 * I6. Metrics that cannot be read stop nothing: after some patience the run goes to its end, with what it has
 *     stopped by then, and says so.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { markOf, TAG } from "../../shared/labels.ts";
import { failed, next } from "../../shared/machine.ts";
import { isDown, isMarkedBy } from "../../shared/marks.ts";
import { addCalls, counted } from "./calls.ts";
import { releaseEach, stopEach, tagEach, untagEach, type Refused } from "../../shared/each.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { RELEASE_SLICE } from "./bounds.ts";
import type { Verdict } from "./decide.ts";
import { policyOf, withRefusals, type IdleOutcome, type Phase } from "./fleet.ts";
import { giveUpSurplus } from "./surplus-steps.ts";
import { lastLook } from "./survey.ts";

/** What one call stops. */
const STOP_SLICE = 100;

/** How long the last look is tried again while the cloud asks for patience. */
const PATIENCE_MS = minutes(10);

export async function stopStep(event: Phase<"stop">, ports: Ports): Promise<IdleOutcome> {
  const { warned, summary, refused, refusals, run } = event;
  const policy = policyOf(event);
  const { cloud, calls } = counted(ports.cloud);
  const { slice, rest } = sliceOf(event.stops, policy);
  const found = await describeInstances(cloud, { ids: slice });
  const gone = slice.filter((id) => !found.some((instance) => instance.id === id));
  // An earlier delivery of this step told them to stop (I4).
  const ours = found.filter((instance) => isDown(instance) && isMarkedBy(instance, run)).map(({ id }) => id);
  const theirs = found.filter((instance) => isDown(instance) && !isMarkedBy(instance, run));
  const running = found.filter(({ status }) => status === "Running");
  const releasing = policy.action === "release";
  // Of a release an earlier delivery of this step leaves nothing to see.
  const before = [...ours, ...(releasing ? gone : [])];
  const tally = () => ({ warned, summary, calls: addCalls(event.calls, calls) });
  const spare = await spareOf(cloud, event.job.fleet, policy);
  const now = ports.clock.now();
  const patient = now - event.since < PATIENCE_MS;
  const verdicts = await lookAgain(cloud, running, policy, { now, patient });
  if (verdicts instanceof CloudError) {
    const blind = `${running.length + rest.length} instances`;
    const message = `whether they are busy, so they are left as they are: ${verdicts.message}`;
    const acted = {
      stopped: [...event.stopped, ...before],
      ...withRefusals({ refused, refusals }, [refusal(blind, "Unknown", message)]),
      undo: [...event.undo, ...running.map(({ id }) => id)],
      ...tally(),
    };
    return next({ phase: "confirm", ...acted }, 0, `the metrics of ${blind} cannot be read`);
  }
  const idle = new Set(verdicts.filter(({ act }) => act === "stop").map(({ id }) => id));
  const ids = slice.filter((id) => idle.has(id)).slice(0, spare);
  const failures = [
    ...verdicts
      .filter(({ act }) => act !== "stop")
      .map(({ id, why, reason }) => refusal(id, why === "gap" ? "Unmeasured" : "Changed", reason)),
    ...slice
      .filter((id) => idle.has(id))
      .slice(spare)
      .map((id) => refusal(id, "KeepRunning", "too few are running by now")),
    ...(releasing ? [] : gone.map((id) => refusal(id, "Gone", "it was released meanwhile"))),
    ...theirs.map(({ id }) => refusal(id, "Changed", "it was stopped meanwhile, and not by Kiln")),
    ...(await markAndStop(cloud, ids, policy, { run, now })),
  ];
  const failedIds = new Set(failures.map(({ id }) => id));
  const over = [...before, ...ids].filter((id) => !failedIds.has(id));
  const acted = {
    stopped: [...event.stopped, ...over],
    ...withRefusals({ refused, refusals }, failures),
    undo: [...event.undo, ...[...failedIds].filter((id) => !gone.includes(id))],
    ...tally(),
  };
  const note = `${over.length} stopped, ${failures.length} not`;
  if (rest.length > 0) return next({ phase: "stop", stops: rest, ...acted }, 0, note);
  return next({ phase: "confirm", ...acted }, over.length > 0 ? seconds(30) : 0, note);
}

/** The ids of this step and those of the next ones. */
function sliceOf(stops: readonly string[], { action }: IdlePolicy): { slice: string[]; rest: string[] } {
  const size = action === "release" ? RELEASE_SLICE : STOP_SLICE;
  return { slice: stops.slice(0, size), rest: stops.slice(size) };
}

/** Stops or releases them, marked; @returns those that were not (I4). */
async function markAndStop(
  cloud: CloudClient,
  ids: readonly string[],
  { action, stoppedMode }: IdlePolicy,
  { run, now }: { readonly run: string; readonly now: number },
): Promise<Refused[]> {
  try {
    const full = await tagEach(cloud, ids, { [TAG.stoppedBy]: run, [TAG.stoppedAt]: markOf(now) });
    const marked = ids.filter((id) => !full.some((refused) => refused.id === id));
    const unfit =
      action === "release"
        ? await releaseEach(cloud, marked, { force: true })
        : await stopEach(cloud, marked, stoppedMode);
    return [...full, ...unfit];
  } catch (error) {
    // The step is repeated in a while, and until then others may stop what runs.
    const still = (await describeInstances(cloud, { ids })).filter((instance) => !isDown(instance));
    await untagEach(
      cloud,
      still.map(({ id }) => id),
      [TAG.stoppedBy, TAG.stoppedAt],
    );
    throw error;
  }
}

/** The last look, or why nothing can be known of any of them (I6). */
async function lookAgain(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  { now, patient }: { readonly now: number; readonly patient: boolean },
): Promise<Verdict[] | CloudError> {
  try {
    return await lastLook(cloud, instances, policy, now);
  } catch (error) {
    if (!(error instanceof CloudError) || (error.kind === "wait" && patient)) throw error;
    return error;
  }
}

/** How many may still be stopped; others may have been stopped by other hands since the survey. */
async function spareOf(cloud: CloudClient, fleet: string, { keepRunning }: IdlePolicy): Promise<number> {
  if (keepRunning === 0) return STOP_SLICE;
  const running = (await membersOf(cloud, fleet)).filter(({ status }) => status === "Running").length;
  return Math.max(0, running - keepRunning);
}

/** The way out of a stop: what was stopped is looked at and told, what was marked and not stopped is unmarked. */
export function giveUpStop(event: IdleEvent, reason: string): IdleOutcome {
  switch (event.phase) {
    case "stop": {
      const { stops, stopped, refused, refusals, undo, warned, summary, calls } = event;
      // Whether they were told to stop is seen by their marks.
      const maybe = sliceOf(stops, policyOf(event)).slice;
      const acted = { stopped: [...stopped, ...maybe], refused, refusals, undo, warned, summary, calls };
      return next({ phase: "confirm", ...acted, problem: reason });
    }
    case "confirm": {
      const { stopped, undo } = event;
      const problem = `${reason}; ${stopped.length} were told to stop`;
      return next({ phase: "unmark", undo, result: {}, problem });
    }
    case "surplus":
    case "release":
      return giveUpSurplus(event, reason);
    default:
      return failed(reason);
  }
}

const refusal = (id: string, code: string, message: string): Refused => ({ id, code, message });
