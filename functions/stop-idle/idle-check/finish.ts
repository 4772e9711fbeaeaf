/**
 * The end of an idle check: select-surplus → release for each slice → await-release → untag. A fleet without surplus
 * (surplus.ts) is only untagged.
 *
 * SURPLUS-RELEASE-1. One phase selects the members and the next ones release them, so that a second delivery
 *     releases the same. Each is read again just before, the reservations last of all, and released without force:
 *     the cloud refuses one that was started.
 */
import * as z from "zod/mini";
import { releaseEach, untagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { formatDuration, hours, minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { idleLock, pauseOf, setDesired } from "../../../shared/size/log.ts";
import { membersAmong, membersOf } from "../../../shared/limits/members.ts";
import { wakingIn } from "../../../shared/limits/stored-reservation.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { releaseLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, type Outcome, type Phase } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { STOP_TAGS } from "../tag-and-stop.ts";
import { listed, listedRefusals, noRefusals, nonEmpty, refusalFields, withRefusals } from "../tally.ts";
import { checkEvent, Ending } from "./input.ts";
import { RELEASE_SLICE } from "./limits.ts";
import { inWords, readSurplus, SurplusMember, whyNoLonger } from "./surplus.ts";

/** The last phase of a check removes tags that are not true and releases the lock. */
export const Untag = checkEvent("untag", { ending: Ending });
type Untag = EventOf<typeof Untag>;

async function untagAndUnlock({ ending, input, run, by }: Untag, ports: Ports): Promise<Outcome> {
  const ids = await membersAmong(ports.cloud, input.fleet, ending.untag);
  await untagEach(ports.cloud, ids, STOP_TAGS);
  const { count = 0, of = 0 } = ending.stops ?? {};
  // Before the lock is released, for which reconciling waits. The stop of a member beyond the size does not lower it.
  if (count > 0)
    await setDesired(
      input.fleet,
      { run, by, act: "stopped", lowers: true },
      ({ desired }) => desired - Math.max(0, count - Math.max(0, of - desired)),
      ports,
    );
  await releaseLock(idleLock(input.fleet), run, ports);
  return ending.problem === undefined ? done(ending.result) : failed(ending.problem);
}

export const untag: Phase<Untag> = {
  ...countedPhase(Untag, untagAndUnlock, undefined, hours(1)),
  cancel: ({ ending }) => next(Untag, { ending }),
};

/** As many fit beside a thousand ids of stopped members; the next check releases the others. */
const SURPLUS_MAX = 300;
/** A member that is still listed this long after its release is left to the cloud. */
const RELEASING_MS = minutes(10);

const RESERVED = "a scale-out or resume is about to start it";

const Members = z.array(SurplusMember);
const Progress = z.strictObject({ why: z.string(), released: Members, ...refusalFields });
type Progress = z.infer<typeof Progress>;

export const SelectSurplus = checkEvent("select-surplus", { ending: Ending });
type SelectSurplus = EventOf<typeof SelectSurplus>;
const Release = checkEvent("release", { surplus: Members, progress: Progress, ending: Ending });
type Release = EventOf<typeof Release>;
const AwaitRelease = checkEvent("await-release", { progress: Progress, ending: Ending });
type AwaitRelease = EventOf<typeof AwaitRelease>;

async function select({ input, ending }: SelectSurplus, ports: Ports): Promise<Outcome> {
  const members = await membersOf(ports.cloud, input.fleet);
  const { surplus, stuck, stopped } = await readSurplus(input, members, 0, ports);
  const count = `${stopped} are asleep, limits.max is ${input.maxStopped}`;
  const tooMany = stuck > 0 && {
    tooManyAsleep: `${count}; ${stuck} may not be released by Kiln: release them yourself, or take away what keeps them`,
  };
  const after = { ...ending, result: { ...ending.result, ...tooMany } };
  if (surplus.length === 0) return next(Untag, { ending: after });
  const { releaseAfterMs } = input.policy;
  const kept = releaseAfterMs === undefined ? "" : `, each for ${formatDuration(releaseAfterMs)} at most`;
  const why = `${count}${kept}; the oldest image goes first`;
  const progress = { why, released: [], ...noRefusals };
  return next(Release, { surplus: surplus.slice(0, SURPLUS_MAX), progress, ending: after }, { note: why });
}

async function releaseSlice(event: Release, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { input, ending } = event;
  const slice = event.surplus.slice(0, RELEASE_SLICE);
  const found = await describeInstances(cloud, { ids: slice.map(({ id }) => id) });
  const reserved = wakingIn(await readReservations(cloud, input.fleet), clock.now());
  const paused = await pauseOf(input.fleet, ports);
  const kept = slice.flatMap((member) => {
    const instance = found.find(({ id }) => id === member.id);
    // One that is absent was released by an earlier delivery of this event, or by a user.
    const message =
      instance &&
      (paused ?? (reserved.has(member.id) ? RESERVED : whyNoLonger(instance, member, input, ports)));
    return message === undefined ? [] : [{ id: member.id, code: "Stays", message }];
  });
  const ids = found.map(({ id }) => id).filter((id) => !kept.some((one) => one.id === id));
  const refused = [...kept, ...(await releaseEach(cloud, ids, { force: false }))];
  const refusedIds = new Set(refused.map(({ id }) => id));
  const released = [...event.progress.released, ...slice.filter(({ id }) => !refusedIds.has(id))];
  const progress = withRefusals({ ...event.progress, released }, refused);
  const note = `${released.length} released, ${progress.refusals} not`;
  const surplus = event.surplus.slice(RELEASE_SLICE);
  if (surplus.length > 0) return next(Release, { surplus, progress, ending }, { note });
  return next(AwaitRelease, { progress, ending }, { note });
}

async function awaitReleases(event: AwaitRelease, { cloud, clock }: Ports): Promise<Outcome> {
  const { progress, ending } = event;
  const { why } = progress;
  const there = await describeInstances(cloud, { ids: progress.released.map(({ id }) => id) });
  if (there.length > 0 && clock.now() - event.phaseStartedAt < RELEASING_MS)
    return poll(event, clock, PACE.step, `${there.length} of ${progress.released.length} are being released`);
  const left = there.map(({ id, status }) => ({
    id,
    code: "StillThere",
    message: `its release was accepted, and it is ${status}: look at it, the next check tries again`,
  }));
  const released = progress.released.filter(({ id }) => !there.some((instance) => instance.id === id));
  const result = {
    ...ending.result,
    ...(released.length > 0 && { released: listed(released.map(inWords)), releasedBecause: why }),
    ...nonEmpty({ notReleased: listedRefusals(withRefusals(progress, left)) }),
  };
  return next(Untag, { ending: { ...ending, result } });
}

/** Releases that were made stay; the next check goes on. */
function end(ending: Ending, released: Progress["released"], reason: string): Outcome {
  const problem = `${reason}; ${released.length} stopped members beyond limits.max were released`;
  return next(Untag, { ending: { ...ending, result: {}, problem } });
}

export const selectSurplus = countedPhase(SelectSurplus, select, ({ ending }, reason) =>
  end(ending, [], reason),
);

export const release = countedPhase(Release, releaseSlice, ({ ending, progress }, reason) =>
  end(ending, progress.released, reason),
);

export const awaitRelease = countedPhase(AwaitRelease, awaitReleases, ({ ending, progress }, reason) =>
  end(ending, progress.released, reason),
);
