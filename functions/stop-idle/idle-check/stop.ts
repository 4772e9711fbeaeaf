/**
 * Stops idle members: stop for each slice, then confirm. A fleet with `action: release` releases them here.
 *
 * IDLE-1. The phase that stops reads every signal again, and reads it last: first the hours, then the last minutes.
 *     Every stop and every release of an idle member goes through that phase.
 * IDLE-2. Each member has its own answer, so one that is refused does not hold up the others.
 * IDLE-3. A member is tagged as stopped by this run right before its stop, after all that is read. So a crash in
 *     between does not look like a stop by a user, and a member that is stopped without this tag was stopped by a
 *     user. A member that still runs is untagged: before the phase waits, and at the end.
 * IDLE-4. Without metrics nothing is stopped. After some retries the run ends with the stops made so far.
 */
import type { Refused } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { minutes, seconds } from "../../../shared/duration.ts";
import { CloudError, permanent } from "../../../shared/errors.ts";
import { isDown, isTaggedBy } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember, membersOf } from "../../../shared/limits/members.ts";
import { pauseOf } from "../../../shared/size/log.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { tagAndStop } from "../tag-and-stop.ts";
import { withRefusals } from "../tally.ts";
import { Confirm } from "./confirm.ts";
import type { Verdict } from "./decide.ts";
import { Stop, type CheckInput, type Tally } from "./input.ts";
import { countLasting, RELEASE_SLICE } from "./limits.ts";
import { assessAgain } from "./metrics.ts";
import { Probe } from "./probe.ts";

/** StopInstances takes 100 ids: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-stopinstances */
const STOP_SLICE = 100;

/** How long throttled metrics are tried again (IDLE-4). */
const PATIENCE_MS = minutes(10);

type Stop = EventOf<typeof Stop>;

interface Options {
  readonly afterMs?: number;
  readonly note?: string;
  readonly input?: CheckInput;
}

/** The next slice of `stops`, or the end of the stops. */
export const stopRest = (stops: readonly string[], tally: Tally, options: Options): Outcome =>
  stops.length > 0 ? next(Stop, { stops: [...stops], tally }, options) : next(Confirm, { tally }, options);

/** The members of this event and those of the next ones. */
function sliced({ stops, input }: Stop): {
  readonly slice: readonly string[];
  readonly rest: readonly string[];
} {
  const size = input.policy.action === "release" ? RELEASE_SLICE : STOP_SLICE;
  return { slice: stops.slice(0, size), rest: stops.slice(size) };
}

async function stopSlice(event: Stop, ports: Ports): Promise<Outcome> {
  const { rest } = sliced(event);
  const { stops: all, later, tally: before, input } = event;
  if (input.policy.probe !== undefined && later === undefined && all.length > 0)
    return next(Probe, { stops: [...all], tally: before });
  const paused = await pauseOf(event.input.fleet, ports);
  if (paused !== undefined) {
    const kept = [...all, ...(later ?? [])].map((id) => refusal(id, "Paused", paused));
    return next(Confirm, { tally: withRefusals(event.tally, kept) }, { note: paused });
  }
  const found = await findSlice(event, ports);
  const spare = await spareOf(event.input, ports);
  const verdicts = await assessSlice(event, found.running, ports);
  if (verdicts instanceof CloudError) return withoutMetrics(event, found, verdicts);
  const idle = verdicts.filter(({ act }) => act === "stop").map(({ id }) => id);
  const stops = idle.slice(0, spare);
  const refused = [
    ...verdicts.filter(({ act }) => act !== "stop").map(refusalOf),
    ...idle.slice(spare).map((id) => refusal(id, "KeepRunning", "too few are running by now")),
    ...found.gone.map((id) => refusal(id, "Gone", "it was released meanwhile")),
    ...found.strangers.map((id) => refusal(id, "Changed", `it is no member of fleet ${event.input.fleet}`)),
    ...found.byUser.map((id) => refusal(id, "Changed", "it was stopped meanwhile, and not by Kiln")),
    ...(await tagAndStop(event.run, stops, event.input.policy, ports)),
  ];
  const refusedIds = new Set(refused.map(({ id }) => id));
  const stopped = [...found.stopped, ...stops].filter((id) => !refusedIds.has(id));
  const untag = [...refusedIds].filter((id) => !found.gone.includes(id) && !found.strangers.includes(id));
  const tally = withRefusals(added(event.tally, { stopped, untag }), refused);
  const note = `${stopped.length} stopped, ${refused.length} not`;
  if (rest.length > 0 && later !== undefined) return next(Stop, { stops: [...rest], later, tally }, { note });
  const left = [...rest, ...(later ?? [])];
  const settling = left.length === 0 && stopped.length > 0;
  return stopRest(left, tally, { note, afterMs: settling ? seconds(30) : 0 });
}

/** A slice as it is just before the stop. */
interface Found {
  /** In the order of the slice. */
  readonly running: readonly Instance[];
  /** Members no more, or never (OWN-3). */
  readonly strangers: readonly string[];
  /** An earlier delivery of this event stopped or released them: the tag is this run's (IDLE-3). */
  readonly stopped: readonly string[];
  /** Stopped without this run's tag. */
  readonly byUser: readonly string[];
  /** Released, and not by this run. */
  readonly gone: readonly string[];
}

async function findSlice(event: Stop, { cloud }: Ports): Promise<Found> {
  const { slice } = sliced(event);
  const instances = new Map((await describeInstances(cloud, { ids: slice })).map((one) => [one.id, one]));
  const all = slice.flatMap((id) => instances.get(id) ?? []);
  const found = all.filter((instance) => isMember(cloud, instance, event.input.fleet));
  const down = found.filter(isDown);
  const downIds = (byThisRun: boolean) =>
    down.filter((one) => isTaggedBy(one, event.run) === byThisRun).map(({ id }) => id);
  const absent = slice.filter((id) => !instances.has(id));
  const releasing = event.input.policy.action === "release";
  return {
    running: found.filter(({ status }) => status === "Running"),
    stopped: [...downIds(true), ...(releasing ? absent : [])],
    strangers: all.filter((instance) => !found.includes(instance)).map(({ id }) => id),
    byUser: downIds(false),
    gone: releasing ? [] : absent,
  };
}

/** How many may still be stopped. Users may have stopped others since the survey. */
async function spareOf({ fleet, policy }: CheckInput, { cloud, clock }: Ports): Promise<number> {
  if (policy.keepRunning === 0) return STOP_SLICE;
  const running = countLasting(await membersOf(cloud, fleet), clock.now());
  return Math.max(0, running - policy.keepRunning);
}

/** The verdicts just before the stop, or the refusal of the metrics (IDLE-4). */
async function assessSlice(
  { input, phaseStartedAt }: Stop,
  instances: readonly Instance[],
  { cloud, clock }: Ports,
): Promise<Verdict[] | CloudError> {
  const now = clock.now();
  try {
    return await assessAgain(cloud, instances, input.policy, now);
  } catch (error) {
    const outOfPatience = now - phaseStartedAt >= PATIENCE_MS;
    return outOfPatience && error instanceof CloudError ? error : permanent(error);
  }
}

function withoutMetrics(event: Stop, { running, stopped }: Found, error: CloudError): Outcome {
  const unknown = `${running.length + sliced(event).rest.length + (event.later ?? []).length} instances`;
  const message = `whether they are busy, so they are left as they are: ${error.message}`;
  const untag = running.map(({ id }) => id);
  const after = withRefusals(added(event.tally, { stopped, untag }), [refusal(unknown, "Unknown", message)]);
  return next(Confirm, { tally: after }, { note: `the metrics of ${unknown} cannot be read` });
}

const added = (
  tally: Tally,
  { stopped, untag }: { readonly stopped: readonly string[]; readonly untag: readonly string[] },
): Tally => ({ ...tally, stopped: [...tally.stopped, ...stopped], untag: [...tally.untag, ...untag] });

const refusal = (id: string, code: string, message: string): Refused => ({ id, code, message });

const refusalOf = ({ id, why, reason }: Verdict): Refused =>
  refusal(id, why === "gap" ? "Unmeasured" : "Changed", reason);

/** The slice may have been tagged or stopped: the confirmation finds out by the tags, and untags what still runs. */
export const stop = countedPhase(Stop, stopSlice, (event, problem) =>
  next(Confirm, { tally: added(event.tally, { stopped: sliced(event).slice, untag: [] }), problem }),
);
