/**
 * Keeps the size of a fleet: (set | pause →) reconcile, and the run to which the change is handed on.
 *
 * SIZE-1. A firing decides for every fleet, from one listing of all members, and begins a run only for a change.
 * SIZE-2. The run decides again, and its line in the log of the fleet names the child; so of two runs one hands on, and the
 *     next one waits for the child.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { documentNames, loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { minutes } from "../../../shared/duration.ts";
import { EventError } from "../../../shared/errors.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { idleLock, readSize, setDesired, writeAct, type SizeState } from "../../../shared/size/log.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import {
  done,
  failed,
  next,
  phase,
  type Outcome,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import { promoted } from "../refresh/workflow.ts";
import { decide, type Situation } from "./decide.ts";
import { writeDrift } from "./drift.ts";
import { lastOf } from "./last.ts";
import { noteRemoval, removalRun, withoutDocument } from "./removal.ts";

const event = eventsWith(z.strictObject({ fleet: Name }));

const Set_ = event("set", { to: z.int() });
const Pause = event("pause", { why: z.string() });
const Unpause = event("unpause", {});
const Reconcile = event("reconcile", { wanted: z.optional(z.int()) });
type Reconcile = EventOf<typeof Reconcile>;

const Count = z.int().check(z.minimum(0));
const shape = { ...requestShape, fleet: Name };
const Request = z.discriminatedUnion("request", [
  z.strictObject({ ...shape, request: z.literal("resize"), to: Count }),
  z.strictObject({ ...shape, request: z.literal("pause"), why: z.optional(z.string()) }),
  z.strictObject({ ...shape, request: z.literal("unpause") }),
  z.strictObject({ ...shape, request: z.literal("reconcile") }),
]);

/** Asks to compare the fleet with its size; `"*"`: all of them. */
export const ReconcileRequest = z.strictObject({
  ...requestShape,
  request: z.literal("reconcile"),
  fleet: z.union([Name, z.literal("*")]),
});

async function setSize({ input, run, by, to }: EventOf<typeof Set_>, ports: Ports): Promise<Outcome> {
  const { fleet } = input;
  const wanted = await setDesired(fleet, { run, by, act: "resize" }, () => to, ports);
  if (wanted === undefined) return failed(`fleet ${fleet} has no size; write size: { desired: ${to} }`);
  return next(Reconcile, { wanted: wanted.desired }, { note: `${wanted.desired} are wanted` });
}

async function pauseFleet({ input, run, by, why }: EventOf<typeof Pause>, ports: Ports): Promise<Outcome> {
  const act = { run, by, act: "pause" as const };
  await writeAct(input.fleet, act, (state, at) => ({ ...state, paused: { at, by, why } }), ports);
  return done({ fleet: input.fleet, paused: true });
}

async function unpauseFleet({ input, run, by }: EventOf<typeof Unpause>, ports: Ports): Promise<Outcome> {
  const act = { run, by, act: "unpause" as const };
  await writeAct(input.fleet, act, ({ paused: _paused, ...state }) => state, ports);
  return done({ fleet: input.fleet, paused: false });
}

interface Known {
  readonly document: Fleet;
  readonly state: SizeState;
  /** In a firing all fleets are listed at once. */
  readonly members?: readonly Instance[];
}

/** A fleet as it is now, read with as few calls as can be. */
async function situationOf({ document, state, members }: Known, ports: Ports): Promise<Situation> {
  const { cloud, clock } = ports;
  const { name } = document;
  const reservations = await readReservations(cloud, name);
  return {
    document,
    state,
    reservations,
    members: members ?? (await membersOf(cloud, name)),
    last: await lastOf(state, ports),
    stopping: await holderOf(idleLock(name), ports),
    now: clock.now(),
  };
}

/** The run to which a change is handed on. */
const childOf = (run: string, fleet: string, startedAt: number, kind: "launch" | "end"): string =>
  runId(kind === "launch" ? "scale" : "shrink", fleet, startedAt, ["size", run]);

async function reconcileFleet(given: Reconcile, ports: Ports): Promise<Outcome> {
  const { run, by, startedAt, input } = given;
  const { fleet } = input;
  const before = await readSize(fleet, ports);
  // An earlier delivery of this event has decided.
  if (isOwnChild(before, given)) return done({ fleet, ...before.child });
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return withoutDocument(loaded.problem, before, { run, fleet, startedAt }, ports);
  const decision = decide(await situationOf({ document: loaded.document, state: before }, ports));
  const { wanted, present, why, state, child } = decision;
  const result = { fleet, wanted, running: present, why };
  if (state === undefined) return done(result);
  const handedOn = child && { ...child, run: childOf(run, fleet, startedAt, child.kind) };
  const after = { ...state, ...(handedOn && { child: handedOn }) };
  const written = await writeAct(
    fleet,
    // A resize has a line of the same run.
    { run: `${run}:reconcile`, by, act: "reconcile" },
    (now) => (isDeepStrictEqual(now, before) ? after : undefined),
    ports,
  );
  if (written === undefined) return done({ ...result, why: "the fleet was changed meanwhile" });
  return done({ ...result, ...handedOn });
}

const isOwnChild = ({ child }: SizeState, { run, startedAt, input }: Reconcile): boolean =>
  child !== undefined &&
  child.kind !== "refresh" &&
  child.run === childOf(run, input.fleet, startedAt, child.kind);

const HandedOn = z.looseObject({
  fleet: z.string(),
  run: z.string(),
  kind: z.enum(["launch", "end"]),
  count: z.int(),
});

/** The run that makes the change. */
function childRun(by: string, result: unknown): readonly RunRequest[] {
  const { success, data } = HandedOn.safeParse(result);
  if (!success) return [];
  const { fleet, run, kind, count } = data;
  const request =
    kind === "launch"
      ? { v: 1, request: "scale-out", fleet, count, kept: true }
      : { v: 1, request: "end-surplus", fleet, count };
  return [{ run, by, request }];
}

export const size: Workflow = {
  kind: "size",
  phases: [
    phase(Set_, { limitMs: minutes(30), run: setSize }),
    phase(Pause, { limitMs: minutes(30), run: pauseFleet }),
    phase(Unpause, { limitMs: minutes(30), run: unpauseFleet }),
    phase(Reconcile, { limitMs: minutes(30), run: reconcileFleet }),
  ],
  begin: (given) => {
    const request = parse(Request, given.input, "size of a fleet");
    const input = { fleet: request.fleet };
    switch (request.request) {
      case "resize":
        return firstEvent(Set_, given, input, { to: request.to });
      case "pause":
        return firstEvent(Pause, given, input, { why: request.why ?? "" });
      case "unpause":
        return firstEvent(Unpause, given, input, {});
      case "reconcile":
        return firstEvent(Reconcile, given, input, {});
    }
  },
  onComplete: async (given, completion, ports) => ({
    ...(await afterFleetRun(given, completion, ports)),
    runs: [...childRun(given.run, completion.result), ...removalRun(given.run, completion.result)],
  }),
};

/** Documents that can be read, by name. */
async function soundDocuments(names: readonly string[], cloud: Ports["cloud"]): Promise<Map<string, Fleet>> {
  const documents = new Map<string, Fleet>();
  for (const name of names) {
    const loaded = await loadFleet(cloud, name);
    if ("document" in loaded) documents.set(name, loaded.document);
  }
  return documents;
}

/** The runs that a firing begins: one for each fleet with a change (SIZE-1). */
export async function reconciles(
  trigger: Trigger,
  fleet: string,
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const { cloud } = ports;
  const looksForRemoved = fleet === "*" && new Date(trigger.at).getUTCMinutes() < FIRING_MINUTES;
  const names = fleet === "*" ? await documentNames(cloud, "fleets") : [fleet];
  const documents = await soundDocuments(names, cloud);
  for (const document of documents.values())
    if (document.onRemoval !== undefined || looksForRemoved) await noteRemoval(document, trigger, ports);
  const sized = [...documents.values()].filter(isSized);
  if (sized.length === 0 && !looksForRemoved) return [];
  const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
  const members = await describeInstances(cloud, { tags, many: true });
  if (looksForRemoved) await writeDrift(members, documents, ports);
  const runs = looksForRemoved ? await removedFleets(members, names, ports) : [];
  for (const document of sized) {
    const own = members.filter((member) => member.tags[TAG.fleet] === document.name);
    runs.push(...(await runsFor({ document, members: own }, trigger, ports)));
  }
  return runs;
}

/** The refresh that a promotion asks for, and the run that compares the size. */
async function runsFor(
  known: { readonly document: Fleet; readonly members: readonly Instance[] },
  { at, identity, by }: Trigger,
  ports: Ports,
): Promise<RunRequest[]> {
  const { name } = known.document;
  const refresh = await promoted(known.document, known.members, ports);
  const compare = await hasChange(known, ports);
  return [
    ...(refresh === undefined ? [] : [refresh]),
    ...(compare ? [requestOf(runId("size", name, at, identity), name, by)] : []),
  ];
}

const requestOf = (run: string, fleet: string, by: string): RunRequest => ({
  run,
  by,
  request: { v: 1, request: "reconcile", fleet },
});

/** The minutes between two firings: the first one of an hour looks for fleets without a document. */
const FIRING_MINUTES = 5;

/** A run that fails for each fleet that has members and no document; the same newest member is the same run. */
async function removedFleets(
  members: readonly Instance[],
  names: readonly string[],
  { cloud }: Ports,
): Promise<RunRequest[]> {
  const newest = new Map<string, Instance>();
  for (const member of members) {
    const fleet = Name.safeParse(member.tags[TAG.fleet]).data;
    if (fleet === undefined || names.includes(fleet)) continue;
    const known = newest.get(fleet);
    if (known === undefined || known.createdAt < member.createdAt) newest.set(fleet, member);
  }
  const runs: RunRequest[] = [];
  for (const [fleet, { id, createdAt }] of newest) {
    const run = runId("size", fleet, createdAt, [cloud.access.bucket, "removed", id]);
    if ((await readRunLog(cloud, run)).end === 0) runs.push(requestOf(run, fleet, "timer:reconcile"));
  }
  return runs;
}

/** Whether a fleet is to change. One that can be seen to be as it is to be costs one call. */
async function hasChange(
  { document, members }: { readonly document: Fleet; readonly members: readonly Instance[] },
  ports: Ports,
): Promise<boolean> {
  try {
    const state = await readSize(document.name, ports);
    const quick = {
      document,
      state,
      members,
      reservations: { v: 2 as const, grants: [] },
      last: "none" as const,
    };
    if (decide({ ...quick, now: ports.clock.now() }).state === undefined) return false;
    return decide(await situationOf({ document, state, members }, ports)).state !== undefined;
  } catch (error) {
    // SIZE-LOG-2; the API shows why.
    if (error instanceof EventError) return false;
    throw error;
  }
}
