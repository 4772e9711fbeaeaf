/**
 * `removed`: ends the members of a fleet whose document is gone, as its last document said (`onRemoval`).
 *
 * REMOVED-1. Nothing ends in the first hour, nor once the document is back. The log of the fleet says what its last document
 *     said; an event does not.
 * REMOVED-2. Protected, locked and opted out members and subscriptions stay; so do members that a user stopped. Who works is
 *     not asked: the policy that says it is gone.
 */
import * as z from "zod/mini";
import { untagEach } from "../../../shared/cloud/ecs/each.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { documentNames } from "../../../shared/document-store.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { optedOutUntil, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { unreleasable } from "../../../shared/kept.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { idleLock, REMOVAL_GRACE_MS, standingOf, type Removal } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { acquireLock, releaseLock } from "../../../shared/workflow/lock.ts";
import { done, failed, next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { STOP_TAGS, tagAndStop } from "../tag-and-stop.ts";
import { Ids, listed } from "../tally.ts";
import { event, SLICE } from "./events.ts";

export const Removed = event("removed", { ended: z.int(), kept: Ids });
type Removed = EventOf<typeof Removed>;

const KEPT = "its last document does not say onRemoval: stop or release";

async function endRemoved(given: Removed, ports: Ports): Promise<Outcome> {
  const { run, input, ended, kept, startedAt } = given;
  const { cloud, clock } = ports;
  const { fleet } = input;
  if ((await documentNames(cloud, "fleets")).includes(fleet))
    return finish(given, "its document is back", ports);
  const leftMs = startedAt + REMOVAL_GRACE_MS - clock.now();
  if (leftMs > 0) return wait(leftMs, "the document may come back");
  const { state, paused } = await standingOf(fleet, ports);
  const removal = state?.onRemoval;
  if (removal === undefined || paused !== undefined) return finish(given, paused ?? KEPT, ports);
  const holder = await acquireLock(idleLock(fleet), run, ports);
  if (holder !== undefined) return wait(minutes(1), `${holder} stops members of this fleet`);
  const members = await membersOf(cloud, fleet);
  const left = members
    .filter((one) => mayEnd(one, removal, clock.now()))
    .filter(({ id }) => !kept.some((line) => line.startsWith(`${id}: `)));
  if (left.length === 0) return finish(given, undefined, ports);
  const ids = left
    .filter((one) => !isGoing(one, run, clock.now()))
    .map(({ id }) => id)
    .slice(0, SLICE);
  if (ids.length === 0) return wait(GOING_MS / 10, `${left.length} are on their way out`);
  const refused = await tagAndStop(run, ids, removal, ports);
  const refusedIds = refused.map(({ id }) => id);
  await untagEach(cloud, refusedIds, STOP_TAGS);
  const why = refused.map(({ id, code, message }) => `${id}: ${code} ${message}`);
  const tally = { ended: ended + ids.length - refused.length, kept: [...kept, ...why] };
  return next(Removed, tally, { note: `${tally.ended} ended` });
}

/** A release takes its time, and until then a stopped member is listed as before. After this it is tried again. */
const GOING_MS = minutes(5);

/** Whether this run has just released it. */
const isGoing = (member: Instance, run: string, now: number): boolean =>
  member.tags[TAG.stoppedBy] === run && now - (stoppedByKilnAt(member) ?? 0) < GOING_MS;

/** REMOVED-2. */
function mayEnd(member: Instance, { action, optOutTag }: Removal, now: number): boolean {
  const { status, locks, deletionProtection } = member;
  const isUp = status === "Running";
  const isAsleep = status === "Stopped" && stoppedByKilnAt(member) !== undefined;
  return (
    (isUp || (action === "release" && isAsleep)) &&
    locks.length === 0 &&
    !deletionProtection &&
    (action === "stop" || unreleasable(member) === undefined) &&
    optedOutUntil(member, optOutTag, now) === undefined
  );
}

async function finish(
  { run, input: { fleet }, ended, kept }: Removed,
  reason: string | undefined,
  ports: Ports,
): Promise<Outcome> {
  await releaseLock(idleLock(fleet), run, ports);
  const result = { fleet, ended, ...(kept.length > 0 && { kept: listed(kept) }) };
  return reason === undefined ? done(result) : { ...failed(`the others stay: ${reason}`), result };
}

export const removed = phase(Removed, { limitMs: hours(6), run: endRemoved });
