/** The first phase of an idle check: verdicts, risks and limits of all members. Decides whether anything is to be done. */
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isSized, wantedOf } from "../../../shared/size/wanted.ts";
import { idleLock, pauseOf } from "../../../shared/size/log.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { channelsFor } from "../../../shared/notifications/subscriptions.ts";
import { TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { acquireLock, releaseLock } from "../../../shared/workflow/lock.ts";
import { done, failed, next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { listed, nonEmpty, noRefusals } from "../tally.ts";
import { actOn } from "./announce.ts";
import { probeCapacity, withCapacityRisk } from "./capacity.ts";
import type { Verdict } from "./decide.ts";
import { surveyEvent, type CheckInput, type Summary } from "./input.ts";
import { countLasting, withinBounds } from "./limits.ts";
import { assess, metricCalls } from "./metrics.ts";
import { SelectSurplus } from "./finish.ts";
import { countSavings, readSavings } from "./savings.ts";
import { inWords, isLongDown, readSurplus, stoppedOf } from "./surplus.ts";
import { storeVerdicts, summarize } from "./verdicts.ts";

/** The most verdicts in the log. All of them are in the bucket. */
const LOGGED_MAX = 20;

export const Survey = surveyEvent("survey", {});
type Survey = EventOf<typeof Survey>;

async function surveyFleet(event: Survey, ports: Ports): Promise<Outcome> {
  const { cloud, log } = ports;
  const { fleet } = event.input;
  const loaded = await loadFleet(cloud, fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const { document } = loaded;
  const policy = policyOf(document, ports.clock.now());
  if (policy === undefined) return done({ fleet, note: "this fleet has no idle policy" });
  const dryRun = event.input.dryRun || policy.dryRun;
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return done({ fleet, skipped: paused });
  const holder = dryRun ? undefined : await acquireLock(idleLock(fleet), event.run, ports);
  if (holder !== undefined) return done({ fleet, skipped: `${holder} is checking this fleet` });

  const members = await membersOf(cloud, fleet);
  if (!dryRun) await countSavings(fleet, members, ports);
  const verdicts = await assessFleet(document, policy, members, ports);
  const stored = await storeVerdicts(cloud, event.run, verdicts);
  const summary = summarize(verdicts, countRunning(members));
  log({ run: event.run, fleet, summary, verdicts: verdicts.slice(0, LOGGED_MAX) });
  const maxStopped = document.limits.max;
  const carried = { ...policy, notify: stopChannels(document) };
  const input = {
    fleet,
    dryRun,
    policy: carried,
    family: document.family,
    os: document.os,
    verdicts: stored,
    maxStopped,
  };
  const risks = verdicts.flatMap(({ id, risks: own = [] }) => own.map((risk) => `${id} ${risk}`));
  const lists = nonEmpty({ risks: listed(risks) });
  const metrics = metricCalls(cloud.calls["DescribeMetricList"] ?? 0, policy);
  const result = { fleet, ...summary, ...lists, ...(metrics && { metrics }), verdicts: stored };
  const found = { input, members, summary, result, ...planOf(members, verdicts) };
  return dryRun ? dryRunResult(found, ports) : begin(event, found, ports);
}

/** The policy, which also keeps the fewest members that the fleet is to have now. */
function policyOf(document: Fleet, now: number): IdlePolicy | undefined {
  const { idle } = document;
  if (idle === undefined || !isSized(document)) return idle;
  return { ...idle, keepRunning: Math.max(idle.keepRunning, wantedOf(document, undefined, now).min) };
}

/** The channels in which stops are announced: those of the policy, and those of the fleet that subscribed to it. */
function stopChannels({ notify, idle }: Fleet): string[] {
  const announced = (idle?.notify ?? []).map((channel) => ({ channel, events: ["stopping"] as const }));
  return channelsFor([...announced, ...notify], ["stopping"]).map(([channel]) => channel);
}

const countRunning = (members: readonly Instance[]): number =>
  members.filter(({ status }) => status === "Running").length;

/** The verdict on each member, with the risks of stopping it and the bounds of the fleet. */
async function assessFleet(
  fleet: Fleet,
  policy: IdlePolicy,
  members: readonly Instance[],
  { cloud, clock }: Ports,
): Promise<Verdict[]> {
  const assessed = await assess(cloud, members, policy, clock.now());
  const verdicts = withinBounds(assessed, members, policy, countLasting(members, clock.now()));
  if (policy.action === "release" || policy.stoppedMode === "KeepCharging") return verdicts;
  const leaving = new Set(verdicts.filter(({ act }) => act !== "keep").map(({ id }) => id));
  const candidates = members.filter(({ id }) => leaving.has(id));
  const risks = await probeCapacity(cloud, fleet, candidates);
  return verdicts.map((verdict) => withCapacityRisk(verdict, risks.get(verdict.id), policy));
}

/** Verdicts that do not end an announcement. */
const STILL_IDLE = new Set<Verdict["why"]>(["idle", "clock", "announced", "bounds", "status"]);

function planOf(members: readonly Instance[], verdicts: readonly Verdict[]) {
  const idsOf = (act: Verdict["act"]) => verdicts.filter((one) => one.act === act).map(({ id }) => id);
  const announced = new Set(members.filter(({ tags }) => TAG.stopAt in tags).map(({ id }) => id));
  const busy = verdicts.filter(({ id, why }) => announced.has(id) && !STILL_IDLE.has(why));
  return { stops: idsOf("stop"), announce: idsOf("warn"), unannounce: busy.map(({ id }) => id) };
}

interface Surveyed extends ReturnType<typeof planOf> {
  readonly input: CheckInput;
  readonly members: readonly Instance[];
  readonly summary: Summary;
  readonly result: Readonly<Record<string, unknown>>;
}

async function dryRunResult(found: Surveyed, { cloud, clock }: Ports): Promise<Outcome> {
  const { input, members, stops, announce } = found;
  const { policy } = input;
  const free = policy.action === "stop" && policy.stoppedMode === "KeepCharging";
  const saving = free ? [] : members.filter(({ id }) => stops.includes(id));
  const stopping = policy.action === "stop" ? stops.length : 0;
  const { surplus } = await readSurplus(input, members, stopping, { cloud, clock });
  return done({
    ...found.result,
    dryRun: true,
    wouldStop: listed(stops),
    wouldWarn: listed(announce),
    ...nonEmpty({ wouldRelease: listed(surplus.map(inWords)) }),
    savings: await readSavings(cloud, saving, policy, clock.now()),
  });
}

async function begin({ run, startedAt }: Survey, found: Surveyed, ports: Ports): Promise<Outcome> {
  const { input, members, summary, stops, announce, unannounce } = found;
  if (stops.length + announce.length + unannounce.length > 0) {
    const note = `${stops.length} of ${summary.running} are idle, ${announce.length} are to be announced`;
    const tally = { summary, announced: [], stopped: [], untag: [], ...noRefusals };
    return actOn(announce, { unannounce, stops, tally }, startedAt, { input, note });
  }
  const result = { ...found.result, stopped: [] };
  const stopped = stoppedOf(members);
  const now = ports.clock.now();
  if (stopped.length > input.maxStopped || stopped.some((one) => isLongDown(one, input.policy, now)))
    return next(SelectSurplus, { ending: { untag: [], result } }, { input });
  await releaseLock(idleLock(input.fleet), run, ports);
  return done(result);
}

export const survey = countedPhase(Survey, surveyFleet);
