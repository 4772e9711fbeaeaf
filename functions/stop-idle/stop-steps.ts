/**
 * An idle check: survey → (warn → unwarn) → (mark → stop) for each slice → confirm → (unmark).
 *
 * I1. Nothing is stopped on an old look: the signal is read again in the step that stops.
 * I2. One bad instance does not stop the batch; each has its own answer.
 * I3. What StopCharging came to is looked at afterwards: the cloud does not say when it went on charging.
 * I4. A member is marked as stopped by this run before it is stopped, so that a crash in between is told from
 *     a person's stop; the marks of those that were not stopped are taken away at the end.
 * I5. One run at a time looks after a fleet, or two caps would add up.
 */
import { claim, release } from "../../shared/claim.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { withinBounds } from "./bounds.ts";
import { addCalls, counted } from "./calls.ts";
import type { Verdict } from "./decide.ts";
import { releaseEach, stopEach, tagEach, untagEach, type Refused } from "./each.ts";
import { fleetOf, membersOf, withRefusals } from "./fleet.ts";
import { markOf } from "./marks.ts";
import { keepVerdicts, summarize, told, verdictsKey } from "./report.ts";
import { readPrices, savingsOf } from "./savings.ts";
import { kindOf, probeStock } from "./stock.ts";
import { survey } from "./survey.ts";

type Phase<K extends IdleEvent["phase"]> = Extract<IdleEvent, { phase: K }>;
type IdleOutcome = Outcome<IdleEvent>;

/** What one call stops, and what of releases, one by one, is over soon enough. */
const STOP_SLICE = 100;
const RELEASE_SLICE = 20;
/** A member that is still stopping after this is reported and left to itself. */
const STOPPING_MS = minutes(10);
/** Verdicts beyond this are in the bucket only. */
const LOGGED_MAX = 20;

const NOTHING_DONE = { stopped: [], refused: [], refusals: 0, undo: [] };

export async function surveyStep(event: Phase<"survey">, ports: Ports): Promise<IdleOutcome> {
  const { clock, log } = ports;
  const { fleet } = event.job;
  const { cloud, calls } = counted(ports.cloud);
  const document = await fleetOf(cloud, fleet);
  if (typeof document === "string") return failed(document);
  const policy = document.idle;
  if (policy === undefined) return done({ fleet, note: "this fleet has no idle policy" });
  const dryRun = event.job.dryRun || policy.dryRun;
  const other = dryRun ? undefined : await claim(cloud, subjectOf(fleet), event.run, clock.now());
  if (other !== undefined) return done({ fleet, skipped: `${other} is looking after this fleet` });

  const members = await membersOf(cloud, fleet);
  const looked = await lookAt(cloud, document, policy, members, clock.now());
  const verdicts = await keepVerdicts(cloud, event.run, looked);
  const running = members.filter(({ status }) => status === "Running").length;
  const summary = summarize(verdicts, running);
  const idsOf = (act: Verdict["act"]) =>
    verdicts.filter((verdict) => verdict.act === act).map(({ id }) => id);
  const stops = idsOf("stop");
  const warn = idsOf("warn");
  const unwarn = noLongerIdle(members, verdicts);
  log({ run: event.run, fleet, summary, calls, verdicts: verdicts.slice(0, LOGGED_MAX) });
  const found = { fleet, ...summary, ...withRisks(verdicts), verdicts: verdictsKey(event.run) };
  if (dryRun) {
    const would = members.filter(({ id }) => stops.includes(id));
    const savings = policy.action === "stop" && policy.stoppedMode === "KeepCharging" ? [] : would;
    const saves = savingsOf(savings, await readPrices(cloud, savings), policy, clock.now());
    return done({
      ...found,
      dryRun: true,
      wouldStop: told(stops),
      wouldWarn: told(warn),
      savings: saves,
      calls,
    });
  }
  if (stops.length + warn.length + unwarn.length === 0) {
    await release(cloud, subjectOf(fleet), event.run);
    return done({ ...found, stopped: [], calls });
  }
  const job = { ...event.job, policy };
  const note = `${stops.length} of ${running} are idle, ${warn.length} are to be announced`;
  return next({ phase: "warn", job, warn, unwarn, stops, summary, calls }, 0, note);
}

/** The verdict on each member, with the risks of stopping it and the bounds of the fleet. */
async function lookAt(
  cloud: CloudClient,
  fleet: Fleet,
  policy: IdlePolicy,
  members: readonly Instance[],
  now: number,
): Promise<Verdict[]> {
  const running = members.filter(({ status }) => status === "Running").length;
  const verdicts = withinBounds(await survey(cloud, members, policy, now), members, policy, running);
  if (policy.action === "release" || policy.stoppedMode === "KeepCharging") return verdicts;
  const leaving = new Map(verdicts.filter(({ act }) => act !== "keep").map(({ id }) => [id, true]));
  const candidates = members.filter(({ id }) => leaving.has(id));
  const risks = await probeStock(cloud, fleet, candidates);
  const kinds = new Map(candidates.map((instance) => [instance.id, risks.get(kindOf(instance))]));
  return verdicts.map((verdict) => {
    const stock = kinds.get(verdict.id);
    if (stock === undefined) return verdict;
    const told = { ...verdict, risks: [...(verdict.risks ?? []), stock.risk] };
    if (!stock.scarce || !policy.keepIf.includes("noStock")) return told;
    return { ...told, act: "keep", why: "risk", reason: `kept: it ${stock.risk}, though ${verdict.reason}` };
  });
}

/** Announced members about whom the verdict has changed, whatever the bounds of this run say. */
function noLongerIdle(members: readonly Instance[], verdicts: readonly Verdict[]): string[] {
  const announced = new Set(members.filter(({ tags }) => TAG.stopAt in tags).map(({ id }) => id));
  const still = new Set<Verdict["why"]>(["idle", "announced", "bounds", "status"]);
  return verdicts.filter(({ id, why }) => announced.has(id) && !still.has(why)).map(({ id }) => id);
}

export async function warnStep(event: Phase<"warn">, ports: Ports): Promise<IdleOutcome> {
  const { warn, unwarn, stops, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  const at = event.began + (event.job.policy?.noticeMs ?? 0);
  const refused = new Set((await tagEach(cloud, warn, { [TAG.stopAt]: markOf(at) })).map(({ id }) => id));
  const warned = warn.filter((id) => !refused.has(id));
  const note = warn.length > 0 ? `${warned.length} announced from ${markOf(at)} on` : undefined;
  const tally = { summary, calls: addCalls(event.calls, calls) };
  return next({ phase: "unwarn", unwarn, warned, stops, ...tally }, 0, note);
}

export async function unwarnStep(event: Phase<"unwarn">, ports: Ports): Promise<IdleOutcome> {
  const { unwarn, warned, stops, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  await untagEach(cloud, unwarn, [TAG.stopAt]);
  const acted = { ...NOTHING_DONE, warned, summary, calls: addCalls(event.calls, calls) };
  return next(
    { phase: "mark", stops, ...acted },
    0,
    unwarn.length > 0 ? `${unwarn.length} are in use again` : undefined,
  );
}

export async function markStep(event: Phase<"mark">, ports: Ports): Promise<IdleOutcome> {
  const { stops, stopped, refused, refusals, undo, warned, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  const size = event.job.policy?.action === "release" ? RELEASE_SLICE : STOP_SLICE;
  const now = markOf(ports.clock.now());
  const slice = stops.slice(0, size);
  const unfit = await tagEach(cloud, slice, { [TAG.stoppedBy]: event.run, [TAG.stoppedAt]: now });
  const without = new Set(unfit.map(({ id }) => id));
  const tally = { summary, calls: addCalls(event.calls, calls) };
  const acted = { stopped, ...withRefusals({ refused, refusals }, unfit), undo, warned, ...tally };
  if (slice.length === 0) return next({ phase: "confirm", ...acted });
  const rest = stops.slice(size);
  return next({ phase: "stop", slice: slice.filter((id) => !without.has(id)), stops: rest, ...acted });
}

export async function stopStep(event: Phase<"stop">, ports: Ports): Promise<IdleOutcome> {
  const { slice, stops, warned, summary, refused, refusals } = event;
  const policy = policyOf(event);
  const { cloud, calls } = counted(ports.cloud);
  const found = await describeInstances(cloud, { ids: slice });
  const gone = slice.filter((id) => !found.some((instance) => instance.id === id));
  // An earlier delivery of this step stopped them: the mark is ours (I4).
  const ours = found
    .filter(({ status }) => status === "Stopping" || status === "Stopped")
    .map(({ id }) => id);
  const running = found.filter(({ status }) => status === "Running");
  const verdicts = await survey(cloud, running, policy, ports.clock.now());
  const idle = new Set(verdicts.filter(({ act }) => act === "stop").map(({ id }) => id));
  const spare = await spareOf(cloud, event.job.fleet, policy);
  const ids = slice.filter((id) => idle.has(id)).slice(0, spare);
  const unfit =
    policy.action === "release"
      ? await releaseEach(cloud, ids)
      : await stopEach(cloud, ids, policy.stoppedMode);
  const failures = [
    ...verdicts.filter(({ act }) => act !== "stop").map(({ id, reason }) => refusal(id, "Changed", reason)),
    ...slice
      .filter((id) => idle.has(id))
      .slice(spare)
      .map((id) => refusal(id, "KeepRunning", "too few are running by now")),
    ...(policy.action === "release"
      ? []
      : gone.map((id) => refusal(id, "Gone", "it was released meanwhile"))),
    ...unfit,
  ];
  const failedIds = new Set(failures.map(({ id }) => id));
  const now = [...ours, ...(policy.action === "release" ? gone : []), ...ids].filter(
    (id) => !failedIds.has(id),
  );
  const acted = {
    stopped: [...event.stopped, ...now],
    ...withRefusals({ refused, refusals }, failures),
    undo: [...event.undo, ...[...failedIds].filter((id) => !gone.includes(id))],
    warned,
    summary,
    calls: addCalls(event.calls, calls),
  };
  const note = `${now.length} stopped, ${failures.length} not`;
  if (stops.length > 0) return next({ phase: "mark", stops, ...acted }, 0, note);
  return next({ phase: "confirm", ...acted }, now.length > 0 ? seconds(30) : 0, note);
}

/** How many may still be stopped; others may have been stopped by other hands since the survey. */
async function spareOf(cloud: CloudClient, fleet: string, { keepRunning }: IdlePolicy): Promise<number> {
  if (keepRunning === 0) return STOP_SLICE;
  const running = (await membersOf(cloud, fleet)).filter(({ status }) => status === "Running").length;
  return Math.max(0, running - keepRunning);
}

export async function confirmStep(event: Phase<"confirm">, ports: Ports): Promise<IdleOutcome> {
  const { stopped, refused, refusals, warned, summary, problem } = event;
  const { fleet } = event.job;
  const policy = policyOf(event);
  const { cloud, calls } = counted(ports.cloud);
  const found = await describeInstances(cloud, { ids: stopped });
  const leaving = policy.action === "release" ? found : found.filter(({ status }) => status === "Stopping");
  const patient = ports.clock.now() - event.since < STOPPING_MS;
  if (leaving.length > 0 && patient)
    return wait(seconds(15), `${leaving.length} of ${stopped.length} are stopping`);

  const rest = found.filter(({ status }) => status === "Stopped");
  const again = found
    .filter(({ status }) => status === "Running" || status === "Starting")
    .map(({ id }) => id);
  const saving = rest.filter(({ stoppedMode }) => stoppedMode === "StopCharging");
  const wanted = policy.stoppedMode === "StopCharging";
  const charging = rest
    .filter(({ stoppedMode }) => wanted && stoppedMode !== "StopCharging")
    .map(({ id }) => id);
  const prices = await readPrices(cloud, saving);
  const over = stopped.filter((id) => !leaving.some((instance) => instance.id === id) && !again.includes(id));
  const result = {
    fleet,
    ...summary,
    stopped: over,
    ...(policy.action === "release" ? {} : { savings: savingsOf(saving, prices, policy, ports.clock.now()) }),
    ...(refusals > 0 && { refused: told(refused, refusals) }),
    ...(charging.length > 0 && { stillCharging: told(charging) }),
    ...(leaving.length > 0 && { stillStopping: told(leaving.map(({ id }) => id)) }),
    ...(again.length > 0 && { startedAgain: told(again) }),
    ...(warned.length > 0 && { warned: told(warned) }),
    verdicts: verdictsKey(event.run),
    calls: addCalls(event.calls, calls),
  };
  const undo = [...event.undo, ...again];
  const why =
    problem ?? (over.length === 0 && refusals > 0 && warned.length === 0 ? nothingDone(refused) : undefined);
  return next({ phase: "unmark", undo, result, ...(why !== undefined && { problem: why }) });
}

/** Nothing of what was planned came about: that is a failure, unless it is only that they are in use again. */
const nothingDone = (refused: readonly string[]): string | undefined =>
  refused.every((line) => /: (?:Changed|KeepRunning|Gone) /.test(line))
    ? undefined
    : `none could be stopped: ${told(refused).join("; ")}`;

export async function unmarkStep(event: Phase<"unmark">, { cloud }: Ports): Promise<IdleOutcome> {
  await untagEach(cloud, event.undo, [TAG.stoppedBy, TAG.stoppedAt]);
  await release(cloud, subjectOf(event.job.fleet), event.run);
  return event.problem === undefined ? done(event.result) : failed(event.problem);
}

/** The way out of a stop: what was stopped is looked at and told, what was marked and not stopped is unmarked. */
export function giveUpStop(event: IdleEvent, reason: string): IdleOutcome {
  switch (event.phase) {
    case "mark":
    case "stop": {
      const { stopped, refused, refusals, undo, warned, summary, calls } = event;
      const maybe = event.phase === "stop" ? event.slice : event.stops.slice(0, STOP_SLICE);
      const acted = { stopped: [...stopped, ...maybe], refused, refusals, undo, warned, summary, calls };
      return next({ phase: "confirm", ...acted, problem: reason });
    }
    case "confirm": {
      const { stopped, undo } = event;
      const problem = `${reason}; ${stopped.length} were told to stop`;
      return next({ phase: "unmark", undo, result: {}, problem });
    }
    default:
      return failed(reason);
  }
}

function policyOf({ job, phase }: IdleEvent): IdlePolicy {
  if (job.policy === undefined) throw new TypeError(`phase ${phase} of an idle check has no policy`);
  return job.policy;
}

const subjectOf = (fleet: string): string => `idle-${fleet}`;

const refusal = (id: string, code: string, message: string): Refused => ({ id, code, message });

function withRisks(verdicts: readonly Verdict[]): { readonly risks?: readonly string[] } {
  const risks = verdicts.flatMap(({ id, risks: own = [] }) => own.map((risk) => `${id} ${risk}`));
  return risks.length > 0 ? { risks: told(risks) } : {};
}
