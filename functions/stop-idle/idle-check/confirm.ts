/**
 * Confirms the stops of an idle check and writes its result.
 *
 * CONFIRM-1. Whether StopCharging ended the charge is read afterwards: a stop succeeds even where charging goes on
 *     (https://www.alibabacloud.com/help/en/ecs/user-guide/economical-mode).
 */
import * as z from "zod/mini";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { minutes } from "../../../shared/duration.ts";
import { isDown, isTaggedBy } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { listed, listedRefusals, nonEmpty } from "../tally.ts";
import { checkEvent, Tally } from "./input.ts";
import { NOT_BUSY } from "./not-busy.ts";
import { SelectSurplus, Untag } from "./finish.ts";
import { readSavings } from "./savings.ts";

export const Confirm = checkEvent("confirm", { tally: Tally, problem: z.optional(z.string()) });
type Confirm = EventOf<typeof Confirm>;

/** A member that is still stopping after this is reported and left alone. */
const STOPPING_MS = minutes(10);

async function confirmStops(event: Confirm, ports: Ports): Promise<Outcome> {
  const { tally, input } = event;
  const found = classify(await describeInstances(ports.cloud, { ids: tally.stopped }), event);
  const pending = found.stopping.length;
  if (pending > 0 && ports.clock.now() - event.phaseStartedAt < STOPPING_MS)
    return poll(event, ports.clock, PACE.instance, `${pending} of ${tally.stopped.length} are stopping`);

  const result = await resultOf(event, found, ports);
  const problem = event.problem ?? failureOf(tally, result.stopped);
  const untag = [...tally.untag, ...found.runningAgain];
  const ending = {
    untag,
    result,
    problem,
    stops: { count: result.stopped.length, of: tally.summary.running },
  };
  const { instances, running } = tally.summary;
  const stopped = instances - running + found.stopped.length;
  // A cancelled run changes nothing more; the next check releases what is too much.
  const maySurplus = stopped > input.maxStopped || input.policy.releaseAfterMs !== undefined;
  if (event.problem === undefined && maySurplus) return next(SelectSurplus, { ending });
  return next(Untag, { ending });
}

/** What became of the members that were to be stopped. */
interface Found {
  readonly stopping: readonly string[];
  readonly stopped: readonly Instance[];
  readonly runningAgain: readonly string[];
  /** A stop that was compensated may not have been sent: one that is stopped without this run's tag shows it. */
  readonly byUser: readonly string[];
}

function classify(instances: readonly Instance[], { input, run }: Confirm): Found {
  const byUser = instances.filter((instance) => isDown(instance) && !isTaggedBy(instance, run));
  const found = instances.filter((instance) => !byUser.includes(instance));
  const idsIn = (...statuses: string[]) =>
    found.filter(({ status }) => statuses.includes(status)).map(({ id }) => id);
  const releasing = input.policy.action === "release";
  return {
    stopping: releasing ? found.map(({ id }) => id) : idsIn("Stopping"),
    stopped: found.filter(({ status }) => status === "Stopped"),
    runningAgain: idsIn("Running", "Starting"),
    byUser: byUser.map(({ id }) => id),
  };
}

async function resultOf({ tally, input }: Confirm, found: Found, { cloud, clock }: Ports) {
  const { policy, fleet } = input;
  const saving = found.stopped.filter(({ stoppedMode }) => stoppedMode === "StopCharging");
  const charging = policy.stoppedMode === "StopCharging" ? found.stopped : [];
  const stillCharging = charging.filter((one) => !saving.includes(one)).map(({ id }) => id);
  const left = new Set([...found.stopping, ...found.runningAgain, ...found.byUser]);
  const savings = policy.action === "stop" && {
    savings: await readSavings(cloud, saving, policy, clock.now()),
  };
  const stopped = tally.stopped.filter((id) => !left.has(id));
  // No other end of a probe lets a member be stopped (PROBE-1).
  const probed = policy.probe === undefined ? [] : stopped.map((id) => `${id}: ${NOT_BUSY}`);
  return {
    fleet,
    ...tally.summary,
    stopped,
    ...savings,
    ...nonEmpty({
      probed: listed(probed),
      refused: listedRefusals(tally),
      stillCharging: listed(stillCharging),
      stillStopping: listed(found.stopping),
      startedAgain: listed(found.runningAgain),
      warned: listed(tally.announced),
    }),
    verdicts: input.verdicts,
  };
}

/** A check that did nothing it had planned fails, unless all members are in use again. */
function failureOf({ refused, refusals, announced }: Tally, stopped: readonly string[]): string | undefined {
  const inUse = refused.every((line) => /: (?:Changed|Unmeasured|KeepRunning|Gone|Paused|Busy) /.test(line));
  if (stopped.length > 0 || refusals === 0 || announced.length > 0 || inUse) return undefined;
  return `none could be stopped: ${listed(refused).join("; ")}`;
}

export const confirm = countedPhase(Confirm, confirmStops, ({ tally }, reason) => {
  const problem = `${reason}; the stop of ${tally.stopped.length} was requested`;
  const stops = { count: tally.stopped.length, of: tally.summary.running };
  return next(Untag, { ending: { untag: tally.untag, result: {}, problem, stops } });
});
