/**
 * A job of a CI system is completed: stops or releases the machine that ran it, as its fleet says. find → end.
 *
 * END-JOB-1. The machine is the one running member, of the fleets that the sender may use, whose instance id, name or host
 *     name is that of the runner, and which was started before the job ended. If several have the name, none is touched. Without
 *     a running one it is the one that has shut down, and not by Kiln: the cloud goes on charging for a machine that shuts itself
 *     down, as those of runners do after their job. It is released like one that runs; a stop would change nothing, because
 *     StopInstance takes running ones only (https://www.alibabacloud.com/help/doc-detail/25501.htm).
 * END-JOB-2. It is read once more right before the act, which may be late. A member that is locked, opted out or was
 *     started again since the job ended stays: it may have another job. So does one that has begun another job since, and one
 *     that cannot be released, of a fleet that releases.
 * END-JOB-3. It is not ended before the scale-out that it is of is over: that one would miss it, and launch another.
 * END-JOB-4. A document that cannot be used says neither that the machine goes nor that it stays: the run waits until it can,
 *     and fails after a day. So it does while the fleet is paused.
 */
import * as z from "zod/mini";
import { hasBegunOther } from "../../../shared/begun-jobs.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { untagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { days } from "../../../shared/duration.ts";
import {
  isDown,
  isTaggedBy,
  lastStartAt,
  optedOutUntil,
  stoppedByKilnAt,
} from "../../../shared/instance-tags.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { isMember, membersNamed } from "../../../shared/limits/members.ts";
import { isComing } from "../../../shared/limits/stored-reservation.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { pauseOf, readSize, setDesired } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, phase, type Outcome, type Workflow } from "../../../shared/workflow/workflow.ts";
import { unreleasable } from "../../../shared/kept.ts";
import { STOP_TAGS, tagAndStop } from "../tag-and-stop.ts";

/** `at`: when the job ended, epoch ms. `job`: as in the keys of what runners began; the version before named none. */
const job = {
  fleets: z.array(Name).check(z.minLength(1)),
  runner: z.string(),
  at: z.int(),
  job: z.optional(z.string()),
};
const event = eventsWith(z.strictObject({ fleet: Name, ...job }));

const Find = event("find", {});
type Find = EventOf<typeof Find>;
const End = event("end", {
  instance: z.string(),
  /** The fleet of the instance. */
  of: Name,
  action: z.enum(["stop", "release"]),
  stoppedMode: z.enum(["StopCharging", "KeepCharging"]),
  optOutTag: z.string(),
  /** Whether the size of the fleet is kept. */
  sized: z.optional(z.literal(true)),
  /** It has shut down, and reconciling has lowered the size by it. */
  isCounted: z.optional(z.literal(true)),
});
type End = EventOf<typeof End>;

/** The machine, or why there is none to end (END-JOB-1). */
async function machineOf(
  { runner, fleets, at }: Find["input"],
  cloud: CloudClient,
): Promise<Instance | string> {
  const named = (await membersNamed(cloud, runner, fleets)).filter((one) => lastStartAt(one) <= at);
  const up = named.filter(({ status }) => status === "Running");
  const [found, ...others] = up.length > 0 ? up : named.filter(isDownByItself);
  if (found === undefined)
    return `no running member that was started before the job ended is named ${runner}`;
  return others.length === 0
    ? found
    : `${others.length + 1} ${up.length > 0 ? "running" : "stopped"} members are named ${runner}`;
}

async function findMachine(event: Find, { cloud, clock }: Ports): Promise<Outcome> {
  const { runner } = event.input;
  const none = (why: string) => done({ runner, ended: [], why });
  const found = await machineOf(event.input, cloud);
  if (typeof found === "string") return none(found);
  const of = found.tags[TAG.fleet] ?? "";
  const loaded = await loadFleet(cloud, of);
  if ("problem" in loaded) {
    const { problem, missing } = loaded;
    // END-JOB-4.
    return missing
      ? failed(problem)
      : poll(event, clock, PACE.lock, `${found.id} stays while its fleet cannot be read: ${problem}`);
  }
  const { onJobCompleted: action = "keep", idle, size } = loaded.document;
  if (action === "keep") return none(`${found.id} is of fleet ${of}, which keeps its machines`);
  const { stoppedMode = "StopCharging", optOutTag = TAG.keep } = idle ?? {};
  const sized = size && ({ sized: true } as const);
  return next(End, { instance: found.id, of, action, stoppedMode, optOutTag, ...sized });
}

const isDownByItself = (found: Instance): boolean => isDown(found) && stoppedByKilnAt(found) === undefined;

async function endMachine(event: End, ports: Ports): Promise<Outcome> {
  const { input, instance: id, of, action } = event;
  const { cloud, clock } = ports;
  const { runner } = input;
  const [found] = await describeInstances(cloud, { ids: [id] });
  if (found === undefined) return ended({ ...event, action: "release" }, ports);
  const kept = whyKept(found, event, ports) ?? (await laterJob(found, event, ports));
  if (kept !== undefined) return done({ runner, ended: [], why: `${id} ${kept}` });
  const paused = await pauseOf(of, ports);
  if (paused !== undefined) return poll(event, clock, PACE.lock, `${id} stays: ${paused}`);
  if (isDownByItself(found)) return endDown(found, event, ports);
  if (isDown(found) && action === "stop") return ended(event, ports);
  return act(found, event, ports);
}

/** One that has shut down by itself (END-JOB-1). */
async function endDown(found: Instance, event: End, ports: Ports): Promise<Outcome> {
  const { input, instance: id, of, action, stoppedMode, optOutTag } = event;
  if (action === "stop") {
    const isCharged = stoppedMode === "StopCharging" && found.stoppedMode === "KeepCharging";
    const why = `${id} has shut itself down`;
    return isCharged
      ? failed(
          `${why}, so the cloud goes on charging for it, and only one that runs can be stopped otherwise; let the runner leave it running, or write onJobCompleted: release`,
        )
      : done({ runner: input.runner, ended: [], why });
  }
  if (found.status === "Stopping")
    return poll(event, ports.clock, PACE.instance, `${id} shuts down by itself`);
  // Of a spot instance that may be taken back, reconciling does not count a stop.
  if (event.isCounted || !event.sized || found.stopsWhenTakenBack) return act(found, event, ports);
  const { byUser = [] } = await readSize(of, ports);
  const note = `${id} has shut itself down`;
  return byUser.includes(id)
    ? next(End, { instance: id, of, action, stoppedMode, optOutTag, sized: true, isCounted: true }, { note })
    : poll(event, ports.clock, PACE.lock, `${note}, and the size of fleet ${of} is lowered first`);
}

async function act(found: Instance, event: End, ports: Ports): Promise<Outcome> {
  const { run, instance: id, of } = event;
  const { cloud, clock } = ports;
  const member = { id, run: found.tags[TAG.run] };
  if (isComing(await readReservations(cloud, of), member, clock.now()))
    return poll(event, clock, PACE.instance, `the scale-out of ${id} is not over`);
  const [refused] = await tagAndStop(run, [id], event, ports);
  if (refused === undefined) return poll(event, clock, PACE.instance, `${id} of fleet ${of} ends`);
  await untagEach(cloud, [id], STOP_TAGS);
  return failed(`${id}: ${refused.code} ${refused.message}`);
}

/** A fleet whose size is kept is to have one less. */
async function ended(event: End, ports: Ports): Promise<Outcome> {
  const { run, by, input, of, instance, action } = event;
  if (!event.isCounted)
    await setDesired(of, { run, by, act: "stopped", lowers: true }, ({ desired }) => desired - 1, ports);
  return done({ runner: input.runner, ended: [instance], action });
}

/** Why a member stays as it is (END-JOB-2). */
function whyKept(found: Instance, { run, input, of, action, optOutTag }: End, { cloud, clock }: Ports) {
  if (!isMember(cloud, found, of)) return `is no member of fleet ${of}`;
  if (lastStartAt(found) > input.at) return "was started again after the job ended";
  if (isDown(found) && isTaggedBy(found, run)) return undefined;
  if (isDown(found) && !isDownByItself(found)) return "was stopped meanwhile, and not by this run";
  const [, unfit] = (action === "release" && unreleasable(found)) || [];
  if (unfit !== undefined) return unfit;
  if (found.locks.length > 0) return `is locked (${found.locks.join(", ")})`;
  const until = optedOutUntil(found, optOutTag, clock.now());
  return until === undefined ? undefined : `has the tag ${optOutTag}`;
}

/** END-JOB-2. Of a job that began in the second in which this one ended nothing says which was first. */
async function laterJob(found: Instance, { input, of }: End, { cloud }: Ports) {
  if (isDown(found) && !isDownByItself(found)) return undefined;
  const { runner, at, job: own } = input;
  // The job itself may have begun in that second, and instants of GitHub differ by some.
  const hasBegun = await hasBegunOther({ fleet: of, runner }, { after: at - 1, own }, cloud);
  return hasBegun ? "has begun another job since" : undefined;
}

/** The request of a sender. */
export const EndJobRequest = z.strictObject({
  ...requestShape,
  request: z.literal("end-job"),
  fleet: Name,
  ...job,
});

export const endJob: Workflow = {
  kind: "job",
  phases: [
    phase(Find, { limitMs: days(1), run: findMachine }),
    // Longer than a scale-out that waits for its slowest instance, and than most pauses.
    phase(End, { limitMs: days(1), run: endMachine }),
  ],
  onComplete: afterFleetRun,
  begin: (request) => {
    const { fleet, fleets, runner, at, job: own } = parse(EndJobRequest, request.input, "end-job");
    return firstEvent(
      Find,
      request,
      { fleet, fleets, runner, at, ...(own !== undefined && { job: own }) },
      {},
    );
  },
};
