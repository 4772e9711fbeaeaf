/**
 * Looks whether the members of a fleet are well: select → (ask → await) for each slice → judge, and the run that ends one.
 * Reconciling launches another.
 *
 * HEALTH-RUN-1. It changes nothing itself. In the log of the fleet's size the run that ends a member is the child of
 *     reconciling, which waits until it is over.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { answersOf, ASK_SLICE, askMembers } from "../../../shared/ask-members.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { minutes } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { isComing } from "../../../shared/limits/stored-reservation.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { readSize, writeAct, type SizeState } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
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
import { decide, hindranceOf } from "../size/decide.ts";
import { withChild } from "../size/last.ts";
import { situationOf } from "../size/situation.ts";
import { Answers, isYoung, judge, withAnswer, type HealthFleet, type Judgement } from "./decide.ts";

const event = eventsWith(z.strictObject({ fleet: Name }));
const Ids = z.array(z.string());

const Select = event("select", {});
const Ask = event("ask", { later: Ids, answers: Answers });
const Await = event("await", { invocationId: z.string(), asked: Ids, later: Ids, answers: Answers });
const Judge = event("judge", { answers: Answers });

/** Asks to look after a fleet at once. */
export const HealthRequest = z.strictObject({
  ...requestShape,
  request: z.literal("check-health"),
  fleet: Name,
});

/** Members of one look; those of a larger fleet take turns. */
const PROBED_MAX = 200;

/** The fleet, or why its members are not probed. */
async function probedFleet(fleet: string, { cloud }: Ports): Promise<HealthFleet | string> {
  const loaded = await loadFleet(cloud, fleet);
  if ("problem" in loaded) return loaded.problem;
  const { health } = loaded.document;
  return health === undefined ? `fleet ${fleet} has no health:` : { ...loaded.document, health };
}

async function select({ input, startedAt }: EventOf<typeof Select>, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const document = await probedFleet(input.fleet, ports);
  if (typeof document === "string") return failed(document);
  const { paused } = await readSize(input.fleet, ports);
  if (paused !== undefined) return done({ fleet: input.fleet, why: `paused by ${paused.by}` });
  const reservations = await readReservations(cloud, input.fleet);
  const now = clock.now();
  const ids = (await membersOf(cloud, input.fleet))
    .filter(
      (one) =>
        one.status === "Running" &&
        !isYoung(one, document, now) &&
        !isComing(reservations, { id: one.id, run: one.tags[TAG.run] }, now),
    )
    .map(({ id }) => id)
    .toSorted();
  const turn = Math.floor(startedAt / document.health.everyMs) * PROBED_MAX;
  const begin = ids.length > PROBED_MAX ? turn % ids.length : 0;
  const later = [...ids.slice(begin), ...ids.slice(0, begin)].slice(0, PROBED_MAX);
  return next(Ask, { later, answers: { well: [], failed: [], unknown: [] } });
}

async function ask({ run, input, ...event_ }: EventOf<typeof Ask>, ports: Ports): Promise<Outcome> {
  const { answers } = event_;
  const document = await probedFleet(input.fleet, ports);
  if (typeof document === "string") return failed(document);
  const ids = event_.later.slice(0, ASK_SLICE);
  const later = event_.later.slice(ASK_SLICE);
  if (ids.length === 0) return next(Judge, { answers });
  const { os, health: probe } = document;
  const question = { run, fleet: input.fleet, os, name: "kiln-health", probe, ids };
  const { invocationId, asked, unasked } = await askMembers(question, ports.cloud);
  const after = { ...answers, unknown: [...answers.unknown, ...unasked.keys()] };
  return invocationId === undefined
    ? next(Ask, { later, answers: after })
    : next(Await, { invocationId, asked, later, answers: after });
}

async function awaitAnswers(given: EventOf<typeof Await>, ports: Ports): Promise<Outcome> {
  const { asked, later, input } = given;
  const document = await probedFleet(input.fleet, ports);
  if (typeof document === "string") return failed(document);
  const results = await answersOf(given, asked, document.health, ports);
  if ("kind" in results) return results;
  const answers = asked.reduce((sum, id) => withAnswer(sum, id, results.get(id)), given.answers);
  return next(Ask, { later, answers });
}

async function judgeMembers(given: EventOf<typeof Judge>, ports: Ports): Promise<Outcome> {
  const { run, input, answers, startedAt } = given;
  const { fleet } = input;
  const document = await probedFleet(fleet, ports);
  if (typeof document === "string") return failed(document);
  const before = await readSize(fleet, ports);
  const members = await membersOf(ports.cloud, fleet);
  const child = runId("shrink", fleet, startedAt, ["health", run]);
  const hindrance = await hindranceNow({ document, state: before, members }, ports);
  const now = ports.clock.now();
  const { failing = {}, healthTrial: isTried } = before;
  const found = judge({ document, members, answers, before: failing, isTried, hindrance, now });
  const written = await write(given, { before, found, child }, ports);
  // A repeat finds the line of the first delivery, which may name no child.
  const isHandedOn = found.replace !== undefined && written?.child?.run === child;
  const result = {
    fleet,
    ...countsOf(answers),
    ...(found.because.length > 0 && { because: found.because.slice(0, SHOWN_MAX) }),
    ...(written === undefined && { why: "the fleet was changed meanwhile" }),
    ...(isHandedOn && { replaced: found.replace, run: child }),
  };
  return found.problem === undefined ? done(result) : { ...failed(found.problem), result };
}

/** Members that the result names. */
const SHOWN_MAX = 20;

const countsOf = ({ well, failed: sick, unknown }: Answers) => ({
  probed: well.length + sick.length + unknown.length,
  well: well.length,
  failed: sick.length,
  unknown: unknown.length,
});

interface Found {
  readonly before: SizeState;
  readonly found: Judgement;
  readonly child: string;
}

/** The state afterwards; undefined when another run has changed it meanwhile. */
async function write(
  { run, by, answers, input: { fleet } }: EventOf<typeof Judge>,
  { before, found: { failing, replace }, child }: Found,
  ports: Ports,
): Promise<SizeState | undefined> {
  const { failing: _before, healthTrial, ...rest } = before;
  const isTrial = answers.well.length === 0 && (healthTrial === true || replace !== undefined);
  const handedOn = { run: child, at: ports.clock.now(), vain: 0, kind: "end" as const, count: 1 };
  const looked: SizeState = {
    ...rest,
    ...(Object.keys(failing).length > 0 && { failing }),
    ...(isTrial && { healthTrial: true as const }),
  };
  const after = replace === undefined ? looked : withChild(looked, handedOn);
  const isSame = (state: SizeState): boolean => isDeepStrictEqual(state, before);
  if (isSame(after)) return before;
  return writeAct(fleet, { run, by, act: "health" }, (state) => (isSame(state) ? after : undefined), ports);
}

/** HEALTH-2. */
async function hindranceNow(
  known: Parameters<typeof situationOf>[0],
  ports: Ports,
): Promise<string | undefined> {
  const situation = await situationOf(known, ports);
  const { wanted, present } = decide(situation);
  const missing = present < wanted ? `${wanted - present} others are missing` : undefined;
  return hindranceOf(situation) ?? missing;
}

const HandedOn = z.looseObject({ fleet: z.string(), run: z.string(), replaced: z.string() });

/** The run that ends a member. */
function endingRun(by: string, result: unknown): readonly RunRequest[] {
  const { success, data } = HandedOn.safeParse(result);
  if (!success) return [];
  const { fleet, run, replaced } = data;
  const rest = { instances: [replaced], least: 0, busyStay: false, why: "it fails its health probe" };
  return [{ run, by, request: { v: 1, request: "replace-members", fleet, ...rest } }];
}

export const health: Workflow = {
  kind: "health",
  phases: [
    phase(Select, { limitMs: minutes(30), run: select }),
    phase(Ask, { limitMs: minutes(30), run: ask }),
    phase(Await, { limitMs: minutes(60), run: awaitAnswers }),
    phase(Judge, { limitMs: minutes(30), run: judgeMembers }),
  ],
  begin: (given) =>
    firstEvent(Select, given, { fleet: parse(HealthRequest, given.input, "health").fleet }, {}),
  onComplete: async (given, completion, ports) => ({
    ...(await afterFleetRun(given, completion, ports)),
    runs: endingRun(given.run, completion.result),
  }),
};

/** The interval of the timer `reconcile` in s.yaml. */
export const FIRING_MS = minutes(5);

/** The look that a firing asks for; undefined when none is due. */
export function dueLook(
  { name, health: policy }: Fleet,
  { at, by, identity }: Trigger,
): RunRequest | undefined {
  if (policy === undefined || !by.startsWith("timer:")) return undefined;
  const turn = (instant: number): number => Math.floor(instant / policy.everyMs);
  if (turn(at) === turn(at - FIRING_MS)) return undefined;
  const run = runId("health", name, at, identity);
  return { run, by, request: { v: 1, request: "check-health", fleet: name } };
}
