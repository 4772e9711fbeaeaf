/**
 * Keeps the size of a fleet: (set | pause →) reconcile, and the run to which the change is handed on.
 *
 * SIZE-1. The run decides again what a firing has seen (firing.ts), and its line in the log of the fleet names the child; so of
 *     two runs one hands on, and the next one waits for the child.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { readSize, setDesired, writeAct, type Child, type SizeState } from "../../../shared/size/log.ts";
import { isSized, levelOf, wantedOf } from "../../../shared/size/wanted.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
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
import { decide } from "./decide.ts";
import { withChild } from "./last.ts";
import { removalRun, withoutDocument } from "./removal.ts";
import { situationOf } from "./situation.ts";

const event = eventsWith(z.strictObject({ fleet: Name }));

const DryRun = event("dry-run", { to: z.int() });
const Set_ = event("set", { to: z.int() });
const Pause = event("pause", { why: z.string() });
const Unpause = event("unpause", {});
const Reconcile = event("reconcile", { wanted: z.optional(z.int()) });
type Reconcile = EventOf<typeof Reconcile>;

const Count = z.int().check(z.minimum(0));
const shape = { ...requestShape, fleet: Name };
const Request = z.discriminatedUnion("request", [
  z.strictObject({ ...shape, request: z.literal("resize"), to: Count, dryRun: z.optional(z.boolean()) }),
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

const sizeless = (fleet: string, to: number): string =>
  `fleet ${fleet} has no size; write size: { desired: ${to} }`;

/** The first change that a resize would lead to. The members of a smaller fleet are selected later (RECONCILE-2). */
async function dryRun({ input, by, to }: EventOf<typeof DryRun>, ports: Ports): Promise<Outcome> {
  const { fleet } = input;
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded || !isSized(loaded.document)) return failed(sizeless(fleet, to));
  const { document } = loaded;
  const before = await readSize(fleet, ports);
  const at = ports.clock.now();
  const level = levelOf(document, wantedOf(document, before.level, at), { desired: to, at, by });
  const decision = decide(await situationOf({ document, state: { ...before, level } }, ports));
  const { wanted, present, why, child } = decision;
  const change = child && { [child.kind === "launch" ? "wouldLaunch" : "wouldEnd"]: child.count };
  return done({ fleet, dryRun: true, wanted, running: present, why, ...change });
}

async function setSize({ input, run, by, to }: EventOf<typeof Set_>, ports: Ports): Promise<Outcome> {
  const { fleet } = input;
  const wanted = await setDesired(fleet, { run, by, act: "resize" }, () => to, ports);
  if (wanted === undefined) return failed(sizeless(fleet, to));
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

/** The run to which a change is handed on. */
const childOf = (run: string, fleet: string, startedAt: number, kind: "launch" | "end"): string =>
  runId(kind === "launch" ? "scale" : "shrink", fleet, startedAt, ["size", run]);

async function reconcileFleet(given: Reconcile, ports: Ports): Promise<Outcome> {
  const { run, by, startedAt, input } = given;
  const { fleet } = input;
  const before = await readSize(fleet, ports);
  // An earlier delivery of this event has decided.
  const own = ownChild(before, given);
  if (own !== undefined) return done({ fleet, ...own });
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return withoutDocument(loaded.problem, before, { run, fleet, startedAt }, ports);
  const decision = decide(await situationOf({ document: loaded.document, state: before }, ports));
  const { wanted, present, why, state, child } = decision;
  const result = { fleet, wanted, running: present, why };
  if (state === undefined) return done(result);
  const handedOn = child && { ...child, run: childOf(run, fleet, startedAt, child.kind) };
  const after = handedOn === undefined ? state : withChild(state, handedOn);
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

/** The change that an earlier delivery has handed on. */
const ownChild = ({ child, meanwhile }: SizeState, { run, startedAt, input }: Reconcile): Child | undefined =>
  [meanwhile, child].find(
    (one) =>
      one !== undefined &&
      one.kind !== "refresh" &&
      one.run === childOf(run, input.fleet, startedAt, one.kind),
  );

const HandedOn = z.looseObject({
  fleet: z.string(),
  run: z.string(),
  kind: z.enum(["launch", "end"]),
  count: z.int(),
  running: z.optional(z.int()),
});

/** The run that makes the change. */
function childRun(by: string, result: unknown): readonly RunRequest[] {
  const { success, data } = HandedOn.safeParse(result);
  if (!success) return [];
  const { fleet, run, kind, count, running } = data;
  const upTo = running !== undefined && { upTo: running + count };
  const request =
    kind === "launch"
      ? { v: 1, request: "scale-out", fleet, count, kept: true, ...upTo }
      : { v: 1, request: "end-surplus", fleet, count };
  return [{ run, by, request }];
}

export const size: Workflow = {
  kind: "size",
  phases: [
    phase(DryRun, { limitMs: minutes(30), run: dryRun }),
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
        return request.dryRun
          ? firstEvent(DryRun, given, input, { to: request.to })
          : firstEvent(Set_, given, input, { to: request.to });
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
