/**
 * `removed`: ends the members of a fleet whose document is gone, as its last document said (`onRemoval`).
 *
 * REMOVED-1. Nothing ends in the first hour, nor once the document is back.
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
import { membersOf } from "../../../shared/limits/members.ts";
import { idleLock, pauseOf, Removal, REMOVAL_GRACE_MS } from "../../../shared/size/log.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { acquireLock, releaseLock } from "../../../shared/workflow/lock.ts";
import { done, failed, next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { unreleasable } from "../idle-check/decide.ts";
import { STOP_TAGS, tagAndStop } from "../tag-and-stop.ts";
import { Ids, listed } from "../tally.ts";
import { event, SLICE } from "./events.ts";

export const Removed = event("removed", { removal: Removal, ended: z.int(), kept: Ids });
type Removed = EventOf<typeof Removed>;

async function endRemoved(given: Removed, ports: Ports): Promise<Outcome> {
  const { run, input, removal, ended, kept, startedAt } = given;
  const { cloud, clock } = ports;
  const { fleet } = input;
  if ((await documentNames(cloud, "fleets")).includes(fleet))
    return finish(given, "its document is back", ports);
  const leftMs = startedAt + REMOVAL_GRACE_MS - clock.now();
  if (leftMs > 0) return wait(leftMs, "the document may come back");
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return finish(given, paused, ports);
  const holder = await acquireLock(idleLock(fleet), run, ports);
  if (holder !== undefined) return wait(minutes(1), `${holder} stops members of this fleet`);
  const members = await membersOf(cloud, fleet);
  const ids = members
    .filter((one) => mayEnd(one, removal, clock.now()))
    .map(({ id }) => id)
    .filter((id) => !kept.some((line) => line.startsWith(`${id}: `)))
    .slice(0, SLICE);
  if (ids.length === 0) return finish(given, undefined, ports);
  const refused = await tagAndStop(run, ids, removal, ports);
  const refusedIds = refused.map(({ id }) => id);
  await untagEach(cloud, refusedIds, STOP_TAGS);
  const why = refused.map(({ id, code, message }) => `${id}: ${code} ${message}`);
  const state = { removal, ended: ended + ids.length - refused.length, kept: [...kept, ...why] };
  return next(Removed, state, { note: `${state.ended} ended` });
}

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
