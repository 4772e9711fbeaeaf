/**
 * Makes a fleet smaller: select → (probe → await-probe →) end for each slice → confirm. Asked for by a caller (`scale-in`), or by the
 * reconciling of a fleet that has more members than it is to have (`end-surplus`).
 *
 * SHRINK-RUN-1. It holds the lock of idle checks, so no two runs stop members of a fleet.
 * SHRINK-RUN-2. A member that is selected is read again right before its end, its last minutes last of all; and so is how many
 *     the fleet has by then.
 * SHRINK-RUN-3. A scale-in lowers the number by the members that have ended, once, before the lock is released. One that ends
 *     nothing changes nothing.
 */
import * as z from "zod/mini";
import { untagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { minutes } from "../../../shared/duration.ts";
import { isDown, isTaggedBy } from "../../../shared/instance-tags.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { whyKept } from "../../../shared/kept.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { scaleInShape } from "../../../shared/requests/scale-in.ts";
import { idleLock, pauseOf, readSize, setDesired } from "../../../shared/size/log.ts";
import { firstEvent } from "../../../shared/workflow/envelope.ts";
import { acquireLock, releaseLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import {
  done,
  failed,
  next,
  phase,
  wait,
  type Outcome,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import { STOP_TAGS, tagAndStop } from "../tag-and-stop.ts";
import { Ids, listed } from "../tally.ts";
import { choose, ENOUGH, isOvertaken, mostNow, workingOf } from "./choose.ts";
import { dryRun } from "./dry-run.ts";
import { afterSlice, Confirm, DryRun, End, keepAll, Probe, Select, SLICE } from "./events.ts";
import { asksProbe, awaitProbe, probe } from "./probe.ts";
import { Removed, removed } from "./removed.ts";
import { type Leaver, leavers } from "./select.ts";

async function select(given: Select, ports: Ports): Promise<Outcome> {
  const { run, input } = given;
  const { fleet } = input;
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return failed(paused);
  const holder = await acquireLock(idleLock(fleet), run, ports);
  if (holder !== undefined) return wait(minutes(1), `${holder} stops members of this fleet`);
  const { document } = loaded;
  const chosen = await choose(given, document, ports);
  if (typeof chosen === "string") return failed(chosen);
  if (chosen.leavers.length === 0) return end(given, { ended: [], kept: chosen.kept }, ports);
  const note = `${chosen.leavers.length} are to be ended`;
  const state = { ...chosen, ended: [] };
  return asksProbe(input, document) ? next(Probe, state, { note }) : next(End, state, { note });
}

async function endSlice(given: End, ports: Ports): Promise<Outcome> {
  const { run, input } = given;
  const { fleet } = input;
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return keepAll(given, loaded.problem);
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined)
    return next(Confirm, { ended: given.ended, kept: [...given.kept, paused] }, { note: paused });
  const slice = sliceOf(given.leavers);
  const action = slice[0]?.action ?? "stop";
  const rest = given.leavers.filter((one) => !slice.includes(one));
  const found = await readAgain(given, slice, loaded.document, ports);
  const { stoppedMode = "StopCharging" } = loaded.document.idle ?? {};
  const refused = await tagAndStop(run, found.ids, { action, stoppedMode }, ports);
  const refusedIds = refused.map(({ id }) => id);
  await untagEach(ports.cloud, refusedIds, STOP_TAGS);
  const ended = slice.filter(
    ({ id }) => found.ended.includes(id) || (found.ids.includes(id) && !refusedIds.includes(id)),
  );
  const state = {
    ended: [...given.ended, ...ended],
    kept: [
      ...given.kept,
      ...found.kept,
      ...refused.map(({ id, code, message }) => `${id}: ${code} ${message}`),
    ],
  };
  const note = `${state.ended.length} ended, ${state.kept.length} not`;
  return afterSlice(rest, given.later ?? [], state, note);
}

/** The first members that are ended in one way. */
const sliceOf = (all: readonly Leaver[]): Leaver[] =>
  all.filter(({ action }) => action === all[0]?.action).slice(0, SLICE);

/** Which of a slice are to be ended now, which are already, and which stay by now (SHRINK-RUN-2). */
async function readAgain(given: End, slice: readonly Leaver[], document: Fleet, ports: Ports) {
  const { run, input } = given;
  const { cloud, clock } = ports;
  const all = await describeInstances(cloud, { ids: slice.map(({ id }) => id) });
  const members = all.filter((one) => isMember(cloud, one, document.name));
  const now = clock.now();
  // One that is absent was released by an earlier delivery of this event, or by a user.
  const gone = slice.filter(({ id }) => !all.some((one) => one.id === id)).map(({ id }) => id);
  const down = members.filter((one) => isDown(one) && isTaggedBy(one, run)).map(({ id }) => id);
  const { idle: policy } = document;
  const fit = members.filter((one) => whyKept(one, document, actionFor(slice, one), now) === undefined);
  const before = given.ended.map(({ id }) => id);
  const most = await mostNow(given, document, before, ports);
  const working = await workingOf(input, fit, document, ports);
  const leaving =
    input.instances === undefined && policy !== undefined
      ? await leavers(fit, { fleet: document, policy, current: undefined, now }, cloud)
      : fit;
  const still = leaving.map(({ id }) => id).filter((id) => !working.has(id));
  const ended = [...gone, ...down];
  const kept = slice
    .filter(({ id }) => !ended.includes(id) && !still.includes(id))
    .map(({ id }) => `${id}: it is busy, protected, stopped by a user or no member by now`);
  const needed = still.slice(most).map((id) => `${id}: ${ENOUGH}`);
  return { ids: still.slice(0, most), ended, kept: [...kept, ...needed] };
}

const actionFor = (slice: readonly Leaver[], { id }: Instance): Leaver["action"] =>
  slice.find((one) => one.id === id)?.action ?? "release";

/** A member that is still there after this is left to the cloud. */
const ENDING_MS = minutes(10);

async function confirmEnds(given: Confirm, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const stopped = new Set(given.ended.filter(({ action }) => action === "stop").map(({ id }) => id));
  const there = await describeInstances(cloud, { ids: given.ended.map(({ id }) => id) });
  const pending = there.filter((one) => !stopped.has(one.id) || one.status !== "Stopped");
  if (pending.length > 0 && clock.now() - given.phaseStartedAt < ENDING_MS)
    return poll(given, clock, PACE.instance, `${pending.length} of ${given.ended.length} are ending`);
  // Not ended, or started again since.
  const up = there.filter(({ status }) => status === "Running");
  const tagged = up.filter((one) => isTaggedBy(one, given.run)).map(({ id }) => id);
  await untagEach(cloud, tagged, STOP_TAGS);
  const stay = up.map(({ id }) => `${id}: it is Running`);
  const ended = given.ended.filter(({ id }) => !up.some((one) => one.id === id));
  return end(given, { ended, kept: [...given.kept, ...stay] }, ports);
}

async function end(
  given: Select | Confirm,
  { ended, kept }: Pick<Confirm, "ended" | "kept">,
  ports: Ports,
): Promise<Outcome> {
  const { run, input } = given;
  if (input.lowers === true && ended.length > 0) await lower(given, ended.length, ports);
  await releaseLock(idleLock(input.fleet), run, ports);
  const why = ended.map(
    ({ id, action, why: reason }) => `${id} ${action === "stop" ? "stopped" : "released"}: ${reason}`,
  );
  return done({
    fleet: input.fleet,
    asked: input.count,
    ended: ended.map(({ id }) => id),
    ...(why.length > 0 && { because: listed(why) }),
    ...(kept.length > 0 && { kept: listed(kept) }),
  });
}

/** SHRINK-RUN-3. */
async function lower(given: Select | Confirm, by: number, ports: Ports): Promise<void> {
  const { fleet } = given.input;
  if (isOvertaken(given, (await readSize(fleet, ports)).level)) return;
  const act = { run: given.run, by: given.by, act: "scale-in" as const, lowers: true as const };
  await setDesired(fleet, act, ({ desired }) => desired - by, ports);
}

const shape = { ...requestShape, fleet: Name };
const Request = z.discriminatedUnion("request", [
  z.strictObject({ ...shape, request: z.literal("scale-in"), ...scaleInShape }),
  z.strictObject({ ...shape, request: z.literal("end-surplus"), count: z.int() }),
  z.strictObject({ ...shape, request: z.literal("end-removed") }),
  z.strictObject({
    ...shape,
    request: z.literal("replace-members"),
    instances: Ids,
    least: z.int(),
    busyStay: z.boolean(),
    why: z.optional(z.string()),
  }),
]);

export const shrink: Workflow = {
  kind: "shrink",
  phases: [
    phase(DryRun, { limitMs: minutes(30), run: dryRun }),
    phase(Select, { limitMs: minutes(60), run: select }),
    probe,
    awaitProbe,
    removed,
    phase(End, {
      limitMs: minutes(30),
      run: endSlice,
      // Some of the slice may be ended, which the confirmation finds out.
      compensate: ({ ended, kept, leavers: all }, reason) =>
        keepAll({ ended: [...ended, ...sliceOf(all)], kept }, reason),
    }),
    phase(Confirm, { limitMs: minutes(30), run: confirmEnds }),
  ],
  begin: (given) => {
    const request = parse(Request, given.input, "scale-in");
    const { fleet } = request;
    if (request.request === "end-surplus")
      return firstEvent(Select, given, { fleet, count: request.count }, {});
    if (request.request === "end-removed")
      return firstEvent(Removed, given, { fleet, count: 0 }, { ended: 0, kept: [] });
    if (request.request === "replace-members") {
      const { instances, least, busyStay, why } = request;
      const input = { fleet, count: instances.length, instances, least, busyStay, why };
      return firstEvent(Select, given, input, {});
    }
    const { instances, count = instances?.length ?? 0, dryRun: isDry } = request;
    return isDry
      ? firstEvent(DryRun, given, { fleet, count, instances, lowers: true }, {})
      : firstEvent(Select, given, { fleet, count, instances, lowers: true }, {});
  },
  onComplete: afterFleetRun,
};
