/** The beginning of an idle check: the verdicts, the risks, the bounds, and whether there is anything to do. */
import { loadFleet } from "../../shared/document-store.ts";
import { claim, release } from "../../shared/claim.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import type { Instance } from "../../shared/cloud/instances.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next } from "../../shared/machine.ts";
import { withinBounds } from "./bounds.ts";
import { counted } from "./calls.ts";
import type { Verdict } from "./decide.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { claimOf, type IdleOutcome, type Phase } from "./fleet.ts";
import { keepVerdicts, summarize, told, verdictsKey } from "./report.ts";
import { readPrices, savingsOf } from "./savings.ts";
import { kindOf, probeStock } from "./stock.ts";
import { asleepOf, inWords, readSurplus } from "./surplus.ts";
import { survey } from "./survey.ts";

/** Verdicts beyond this are in the bucket only. */
const LOGGED_MAX = 20;

export async function surveyStep(event: Phase<"survey">, ports: Ports): Promise<IdleOutcome> {
  const { clock, log } = ports;
  const { fleet } = event.job;
  const { cloud, calls } = counted(ports.cloud);
  const read = await loadFleet(cloud, fleet);
  if ("problem" in read) return failed(read.problem);
  const { document } = read;
  const policy = document.idle;
  if (policy === undefined) return done({ fleet, note: "this fleet has no idle policy" });
  const dryRun = event.job.dryRun || policy.dryRun;
  const other = dryRun ? undefined : await claim(cloud, claimOf(fleet), event.run, clock.now());
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
  const sleepers = { max: document.limits.max, family: document.family };
  if (dryRun) {
    const would = members.filter(({ id }) => stops.includes(id));
    const savings = policy.action === "stop" && policy.stoppedMode === "KeepCharging" ? [] : would;
    const saves = savingsOf(savings, await readPrices(cloud, savings), policy, clock.now());
    const stopping = policy.action === "stop" ? stops.length : 0;
    const surplus = await readSurplus({ fleet, policy, sleepers }, members, stopping, { ...ports, cloud });
    return done({
      ...found,
      dryRun: true,
      wouldStop: told(stops),
      wouldWarn: told(warn),
      ...(surplus.leave.length > 0 && { wouldRelease: told(surplus.leave.map(inWords)) }),
      savings: saves,
      calls,
    });
  }
  const job = { ...event.job, policy, sleepers };
  if (stops.length + warn.length + unwarn.length === 0) {
    if (asleepOf(members).length > sleepers.max)
      return next({ phase: "surplus", job, undo: [], result: { ...found, stopped: [] }, calls });
    await release(cloud, claimOf(fleet), event.run);
    return done({ ...found, stopped: [], calls });
  }
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

function withRisks(verdicts: readonly Verdict[]): { readonly risks?: readonly string[] } {
  const risks = verdicts.flatMap(({ id, risks: own = [] }) => own.map((risk) => `${id} ${risk}`));
  return risks.length > 0 ? { risks: told(risks) } : {};
}
