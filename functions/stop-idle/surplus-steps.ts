/**
 * The release of sleepers beyond the bound (surplus.ts): surplus → (release) for each slice → unmark.
 *
 * E5. Chosen in one step and released in the next ones, so that a second delivery releases the same. Each is
 *     looked at again just before, the ledger last of all, and released without force: the cloud refuses what is
 *     started meanwhile.
 */
import { describeInstances } from "../../shared/cloud/instances.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { releaseEach } from "../../shared/each.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { wakingIn } from "../../shared/limits/grant.ts";
import { readLedger } from "../../shared/limits/ledger.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { next, wait } from "../../shared/machine.ts";
import { RELEASE_SLICE } from "./bounds.ts";
import { addCalls, counted } from "./calls.ts";
import { policyOf, withRefusals, type IdleOutcome, type Phase } from "./fleet.ts";
import { told } from "./report.ts";
import { inWords, readSurplus, staysNow } from "./surplus.ts";

/** So many travel beside a thousand ids of stopped members; the next check goes on. */
const MOST_LEAVE = 300;
/** A sleeper that is still listed this long after its release is left to the cloud. */
const GOING_MS = minutes(10);

const WAKES = "a scale-out or resume is about to start it";

/** Chooses the sleepers that go. */
export async function surplusStep(event: Phase<"surplus">, ports: Ports): Promise<IdleOutcome> {
  const { fleet, sleepers } = event.job;
  const { cloud, calls: made } = counted(ports.cloud);
  if (sleepers === undefined) return finish(event, event.calls, {});
  const job = { fleet, policy: policyOf(event), sleepers };
  const { leave, stuck, asleep } = await readSurplus(job, await membersOf(cloud, fleet), 0, {
    ...ports,
    cloud,
  });
  const calls = addCalls(event.calls, made);
  const why = `${asleep} are asleep, limits.max is ${sleepers.max}; the oldest image goes first`;
  const more = stuck > 0 && {
    tooManyAsleep: `${asleep} are asleep, limits.max is ${sleepers.max}; ${stuck} may not be released by Kiln: release them yourself, or take away what keeps them`,
  };
  const result = { ...event.result, ...more };
  if (leave.length === 0) return finish({ ...event, result }, calls, {});
  const { undo, problem } = event;
  const nothingYet = { released: [], refused: [], refusals: 0, why };
  const onward = { undo, result, calls, ...nothingYet, ...(problem !== undefined && { problem }) };
  return next({ phase: "release", leave: leave.slice(0, MOST_LEAVE), ...onward }, 0, why);
}

/** Releases the next slice of them, and in the end sees them gone. */
export async function releaseStep(event: Phase<"release">, ports: Ports): Promise<IdleOutcome> {
  const { undo, result, problem, why, refused, refusals } = event;
  const { cloud, calls: made } = counted(ports.cloud);
  const slice = event.leave.slice(0, RELEASE_SLICE);
  if (slice.length === 0) return seeGone(event, ports);
  const job = { fleet: event.job.fleet, policy: policyOf(event) };
  const found = await describeInstances(cloud, { ids: slice.map(({ id }) => id) });
  const now = ports.clock.now();
  const waking = wakingIn(await readLedger(cloud, job.fleet), now);
  const stays = slice.flatMap((leaving) => {
    const instance = found.find(({ id }) => id === leaving.id);
    // One that is not found went by an earlier delivery of this step, or by other hands.
    const message = instance && (waking.has(leaving.id) ? WAKES : staysNow(instance, leaving, job, now));
    return message === undefined ? [] : [{ id: leaving.id, code: "Stays", message }];
  });
  const staying = new Set(stays.map(({ id }) => id));
  const ids = found.map(({ id }) => id).filter((id) => !staying.has(id));
  const failures = [...stays, ...(await releaseEach(cloud, ids, { force: false }))];
  const kept = new Set(failures.map(({ id }) => id));
  const acted = {
    released: [...event.released, ...slice.filter(({ id }) => !kept.has(id))],
    ...withRefusals({ refused, refusals }, failures),
  };
  const calls = addCalls(event.calls, made);
  const onward = { undo, result, calls, ...acted, why, ...(problem !== undefined && { problem }) };
  const note = `${acted.released.length} released, ${acted.refusals} not`;
  return next({ phase: "release", leave: event.leave.slice(RELEASE_SLICE), ...onward }, 0, note);
}

async function seeGone(event: Phase<"release">, ports: Ports): Promise<IdleOutcome> {
  const { refused, refusals, why } = event;
  const { cloud, calls } = counted(ports.cloud);
  const there = await describeInstances(cloud, { ids: event.released.map(({ id }) => id) });
  if (there.length > 0 && ports.clock.now() - event.since < GOING_MS)
    return wait(seconds(5), `${there.length} of ${event.released.length} are being released`);
  const left = there.map(({ id, status }) => ({
    id,
    code: "StillThere",
    message: `its release was accepted, and it is ${status}: look at it, the next check tries again`,
  }));
  const released = event.released.filter(({ id }) => !there.some((instance) => instance.id === id));
  const not = withRefusals({ refused, refusals }, left);
  const outcome = {
    ...(released.length > 0 && { released: told(released.map(inWords)), releasedBecause: why }),
    ...(not.refusals > 0 && { notReleased: told(not.refused, not.refusals) }),
  };
  return finish(event, addCalls(event.calls, calls), outcome);
}

/** To the end of the check, with what there is to say. */
function finish(
  { undo, result, problem }: Pick<Phase<"surplus">, "undo" | "result" | "problem">,
  calls: Readonly<Record<string, number>>,
  more: Readonly<Record<string, unknown>>,
): IdleOutcome {
  const end = { undo, result: { ...result, ...more, calls }, ...(problem !== undefined && { problem }) };
  return next({ phase: "unmark", ...end });
}

/** The way out: what was released stays so, the next check goes on, and the marks are taken away. */
export function giveUpSurplus(
  event: Extract<IdleEvent, { phase: "surplus" | "release" }>,
  reason: string,
): IdleOutcome {
  const gone = event.phase === "release" ? event.released.length : 0;
  const problem = `${reason}; ${gone} sleepers beyond limits.max were released`;
  return next({ phase: "unmark", undo: event.undo, result: {}, problem });
}
