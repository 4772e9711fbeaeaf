/** The end of an idle check: what the stops came to, looked at and told; marks that are not true taken away. */
import { release } from "../../shared/claim.ts";
import { describeInstances } from "../../shared/cloud/instances.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait } from "../../shared/machine.ts";
import { isDown, isMarkedBy } from "../../shared/marks.ts";
import { addCalls, counted } from "./calls.ts";
import { untagEach } from "../../shared/each.ts";
import { claimOf, policyOf, type IdleOutcome, type Phase } from "./fleet.ts";
import { told, verdictsKey } from "./report.ts";
import { readPrices, savingsOf } from "./savings.ts";

/** A member that is still stopping after this is reported and left to itself. */
const STOPPING_MS = minutes(10);

export async function confirmStep(event: Phase<"confirm">, ports: Ports): Promise<IdleOutcome> {
  const { stopped, refused, refusals, warned, summary, problem } = event;
  const { fleet } = event.job;
  const policy = policyOf(event);
  const { cloud, calls } = counted(ports.cloud);
  const listed = await describeInstances(cloud, { ids: stopped });
  // Of a step that was given up it is not known how far it got; its marks say it.
  const theirs = listed.filter((instance) => isDown(instance) && !isMarkedBy(instance, event.run));
  const found = listed.filter((instance) => !theirs.includes(instance));
  const leaving = policy.action === "release" ? found : found.filter(({ status }) => status === "Stopping");
  const patient = ports.clock.now() - event.since < STOPPING_MS;
  if (leaving.length > 0 && patient)
    return wait(seconds(15), `${leaving.length} of ${stopped.length} are stopping`);

  const rest = found.filter(({ status }) => status === "Stopped");
  const again = found
    .filter(({ status }) => status === "Running" || status === "Starting")
    .map(({ id }) => id);
  const saving = rest.filter(({ stoppedMode }) => stoppedMode === "StopCharging");
  const wanted = policy.stoppedMode === "StopCharging";
  const charging = rest
    .filter(({ stoppedMode }) => wanted && stoppedMode !== "StopCharging")
    .map(({ id }) => id);
  const prices = await readPrices(cloud, saving);
  const not = new Set([...[...leaving, ...theirs].map(({ id }) => id), ...again]);
  const over = stopped.filter((id) => !not.has(id));
  const result = {
    fleet,
    ...summary,
    stopped: over,
    ...(policy.action === "release" ? {} : { savings: savingsOf(saving, prices, policy, ports.clock.now()) }),
    ...(refusals > 0 && { refused: told(refused, refusals) }),
    ...(charging.length > 0 && { stillCharging: told(charging) }),
    ...(leaving.length > 0 && { stillStopping: told(leaving.map(({ id }) => id)) }),
    ...(again.length > 0 && { startedAgain: told(again) }),
    ...(warned.length > 0 && { warned: told(warned) }),
    verdicts: verdictsKey(event.run),
  };
  const undo = [...event.undo, ...again];
  const why =
    problem ?? (over.length === 0 && refusals > 0 && warned.length === 0 ? nothingDone(refused) : undefined);
  const end = { undo, result, ...(why !== undefined && { problem: why }) };
  const made = addCalls(event.calls, calls);
  const { instances = 0, running = 0 } = summary;
  const mostAsleep = instances - running + rest.length;
  const { max = mostAsleep } = event.job.sleepers ?? {};
  // A run that is wound down changes nothing more; the next check looks at the sleepers.
  if (problem === undefined && mostAsleep > max) return next({ phase: "surplus", ...end, calls: made });
  return next({ phase: "unmark", ...end, result: { ...result, calls: made } });
}

/** Nothing of what was planned came about: that is a failure, unless it is only that they are in use again. */
const nothingDone = (refused: readonly string[]): string | undefined =>
  refused.every((line) => /: (?:Changed|Unmeasured|KeepRunning|Gone) /.test(line))
    ? undefined
    : `none could be stopped: ${told(refused).join("; ")}`;

export async function unmarkStep(event: Phase<"unmark">, { cloud }: Ports): Promise<IdleOutcome> {
  await untagEach(cloud, event.undo, [TAG.stoppedBy, TAG.stoppedAt]);
  await release(cloud, claimOf(event.job.fleet), event.run);
  return event.problem === undefined ? done(event.result) : failed(event.problem);
}
