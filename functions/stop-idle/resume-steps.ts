/**
 * A resume: resume → start … → (retype → start) … → up.
 *
 * R4. A start needs room under the fleet's limits, like any other (shared/limits/grant.ts): what there is no
 *     room for sleeps on. A member may take another type of its fleet, so it counts at the dearest.
 * R5. A member without stock takes the next type of its fleet that the zone has; its address, disks and name
 *     stay. One type a run: the next run looks at the stock anew.
 */
import { loadFleet } from "../../shared/document-store.ts";
import { changeInstanceType } from "../../shared/cloud/instance-type.ts";
import { familyImage } from "../../shared/cloud/images.ts";
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import { availableZones } from "../../shared/cloud/stock.ts";
import { clientToken } from "../../shared/cloud/token.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, next, wait } from "../../shared/machine.ts";
import { MOST_ACTS } from "./bounds.ts";
import { addCalls, counted } from "./calls.ts";
import { startEach, type Refused } from "../../shared/each.ts";
import { grant, withGrant } from "../../shared/limits/grant.ts";
import { afterLosing, amend, closeGrant } from "../../shared/limits/ledger.ts";
import { pricedFleet } from "../../shared/limits/launch.ts";
import { asMembers, membersOf } from "../../shared/limits/members.ts";
import { priceOf } from "../../shared/limits/price.ts";
import { withRefusals, type IdleOutcome, type Phase } from "./fleet.ts";
import { stoppedByKilnAt } from "../../shared/marks.ts";
import { told } from "./report.ts";
import { wantsUp } from "./resume.ts";

/** What one call starts. */
const START_SLICE = 100;
/** A member that is still starting after this is reported and left to itself. */
const STARTING_MS = minutes(10);

export async function resumeStep(event: Phase<"resume">, ports: Ports): Promise<IdleOutcome> {
  const { fleet, dryRun } = event.job;
  const { cloud, calls } = counted(ports.cloud);
  const found = await loadFleet(cloud, fleet);
  if ("problem" in found) return failed(found.problem);
  const { document } = found;
  const policy = document.idle;
  if (policy?.resume !== true) return done({ fleet, note: "this fleet does not resume; see idle.resume" });
  const current = await familyImage(cloud, document.family);
  const read = await pricedFleet(document, current, cloud);
  if ("problem" in read) return failed(read.problem);
  const reserved = await reserve(
    event,
    { fleet: read.priced, current: current?.id, policy },
    { ...ports, cloud },
  );
  if (reserved === undefined) return afterLosing(event, fleet, ports);
  const { wakes, short, wanted, summary: seen } = reserved;
  const left = wanted - wakes.length;
  const summary = { ...seen, ...(left > 0 && { noRoom: left }) };
  const starts = wakes.toSorted();
  const why = short.length > 0 ? { why: short.join("; ") } : {};
  if (dryRun) return done({ fleet, dryRun: true, ...summary, wouldStart: told(starts), ...why, calls });
  if (starts.length === 0) return done({ fleet, ...summary, started: [], ...why, calls });
  const job = { ...event.job, policy, types: [...document.launch.InstanceType] };
  const woken = { started: [], refused: [], refusals: 0, short: [], changed: [], summary, calls };
  const note = [`${wanted} are wanted up`, ...short].join("; ");
  return next({ phase: "start", job, starts, ...woken }, 0, note);
}

interface Sleeping {
  /** As its prices are asked for. */
  readonly fleet: Fleet;
  /** The image its family serves. */
  readonly current: string | undefined;
  readonly policy: IdlePolicy;
}

interface Reserved {
  readonly wakes: readonly string[];
  /** What kept it below `wanted`, in words. */
  readonly short: readonly string[];
  readonly wanted: number;
  readonly summary: Readonly<Record<string, number>>;
}

/** The members that are wanted up, as far as the ledger has room for them; undefined when others were first. */
async function reserve(
  event: Phase<"resume">,
  { fleet, current, policy }: Sleeping,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Reserved | undefined> {
  const now = clock.now();
  const price = await priceOf(fleet, current, cloud);
  const { HostNames: names } = fleet.launch;
  let reserved: Reserved | undefined;
  const written = await amend(cloud, fleet.name, async (ledger) => {
    const instances = await membersOf(cloud, fleet.name);
    const wanted = instances.filter((instance) => wantsUp(instance, policy, now).start).slice(0, MOST_ACTS);
    const ids = new Set(wanted.map(({ id }) => id));
    const members = await asMembers(fleet, instances, current, ({ id }) => ids.has(id), cloud);
    const count = wanted.length;
    const ask = {
      run: event.run,
      round: 0,
      count,
      wakeOnly: true as const,
      ...(price !== undefined && { price }),
      ...(names && { names }),
    };
    const given = grant(ledger, ask, members, fleet.limits, now);
    reserved = {
      wakes: given.wakes,
      short: given.short,
      wanted: count,
      summary: summaryOf(instances, wanted, now),
    };
    const nothing = event.job.dryRun || given.wakes.length === 0 || ledger.grants.includes(given);
    return nothing ? undefined : withGrant(ledger, given, now);
  });
  return written ? reserved : undefined;
}

function summaryOf(instances: readonly Instance[], wanted: readonly Instance[], now: number) {
  const asleep = instances.filter(({ status }) => status === "Stopped").length;
  const off = wanted.reduce((total, instance) => total + now - (stoppedByKilnAt(instance) ?? now), 0);
  return {
    instances: instances.length,
    stillStopped: asleep - wanted.length,
    instanceHoursOff: Math.round(off / hours(1)),
  };
}

export async function startStep(event: Phase<"start">, ports: Ports): Promise<IdleOutcome> {
  const { starts, started, refused, refusals, short, changed, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  const slice = starts.slice(0, START_SLICE);
  const found = await describeInstances(cloud, { ids: slice });
  const stopped = found.filter(({ status }) => status === "Stopped").map(({ id }) => id);
  // Started meanwhile, by an earlier delivery of this step, a scale-out or a person: all the same.
  const up = found.filter(({ status }) => status === "Running" || status === "Starting").map(({ id }) => id);
  const unfit = await startEach(cloud, stopped);
  const retyped = new Set(changed.map((line) => line.split(" ")[0] ?? ""));
  const scarce = (answer: Refused) => isScarce(answer.code) && !retyped.has(answer.id);
  const unfitIds = new Set(unfit.map(({ id }) => id));
  const woken = {
    started: [...started, ...up, ...stopped.filter((id) => !unfitIds.has(id))],
    ...withRefusals({ refused, refusals }, unfit.filter((answer) => !scarce(answer)).map(withAdvice)),
    short: [...short, ...unfit.filter(scarce).map(({ id }) => id)],
    changed,
    summary,
    calls: addCalls(event.calls, calls),
  };
  const note = `${woken.started.length} are starting, ${woken.short.length} found no stock`;
  const rest = starts.slice(START_SLICE);
  if (rest.length > 0) return next({ phase: "start", starts: rest, ...woken }, 0, note);
  if (woken.short.length > 0) return next({ phase: "retype", ...woken }, 0, note);
  return next({ phase: "up", ...woken }, seconds(20), note);
}

const isScarce = (code: string): boolean => /NoStock|ZoneSoldOut|NotOnSale/i.test(code);

const withAdvice = (answer: Refused): Refused =>
  isScarce(answer.code)
    ? {
        ...answer,
        message: "no type of the fleet has stock here; it is tried again, or ask for a new one by scale-out",
      }
    : answer;

/** Gives one member without stock another type; the rest of them in the events that follow. */
export async function retypeStep(event: Phase<"retype">, ports: Ports): Promise<IdleOutcome> {
  const { started, refused, refusals, changed, summary, job } = event;
  const { cloud, calls } = counted(ports.cloud);
  const [id = "", ...short] = event.short;
  const [instance] = await describeInstances(cloud, { ids: [id] });
  let outcome: string | Refused = { id, code: "Gone", message: "it was released meanwhile" };
  if (instance !== undefined) {
    outcome = withAdvice({ id, code: "OperationDenied.NoStock", message: "" });
    // A repeat of this step finds it changed: then its type is not the one that had no stock, and it is started.
    for (const type of (job.types ?? []).filter((other) => other !== instance.type)) {
      const zones = await availableZones(cloud, type);
      if (!zones.some(({ zone }) => zone === instance.zone)) continue;
      outcome = await changeType(cloud, event.run, id, instance.type, type);
      if (typeof outcome === "string") break;
    }
  }
  const tally = { summary, calls: addCalls(event.calls, calls) };
  const woken = { started, short, ...tally };
  if (typeof outcome === "string") {
    const more = { ...woken, refused, refusals, changed: [...changed, outcome] };
    return next({ phase: "start", starts: [id], ...more }, seconds(5), outcome);
  }
  const more = { ...woken, ...withRefusals({ refused, refusals }, [outcome]), changed };
  return short.length > 0 ? next({ phase: "retype", ...more }) : next({ phase: "up", ...more }, seconds(20));
}

/** A line that says what was changed, or why it was not. */
async function changeType(
  cloud: Ports["cloud"],
  run: string,
  id: string,
  from: string,
  to: string,
): Promise<string | Refused> {
  try {
    await changeInstanceType(cloud, id, to, clientToken(run, "retype", 0, { id, to }));
    return `${id} ${from} became ${to}`;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    return { id, code: error.code, message: `it cannot become ${to}: ${error.message}` };
  }
}

/** The end of a resume: what came of its starts; from here on what is up counts for itself. */
export async function upStep(event: Phase<"up">, ports: Ports): Promise<IdleOutcome> {
  const { started, refused, refusals, changed, summary, problem } = event;
  const { cloud, calls } = counted(ports.cloud);
  const found = await describeInstances(cloud, { ids: started });
  const waiting = found.filter(({ status }) => status !== "Running");
  if (waiting.length > 0 && ports.clock.now() - event.since < STARTING_MS)
    return wait(seconds(15), `${waiting.length} of ${started.length} are starting`);
  const running = found.filter(({ status }) => status === "Running").map(({ id }) => id);
  const result = {
    fleet: event.job.fleet,
    ...summary,
    started: running,
    ...(changed.length > 0 && { changed: told(changed) }),
    ...(waiting.length > 0 && { notUp: told(waiting.map(({ id }) => id)) }),
    ...(refusals > 0 && { refused: told(refused, refusals) }),
    calls: addCalls(event.calls, calls),
  };
  const closing = await closeGrant(cloud, event.job.fleet, event.run, 0, ports.clock.now());
  if (!closing) return afterLosing(event, event.job.fleet, ports);
  if (problem !== undefined) return failed(`${problem}; ${running.length} were started`);
  if (running.length === 0 && refusals > 0)
    return failed(`none could be started: ${told(refused, refusals).join("; ")}`);
  return done(result);
}

/** The way out of a resume: what was started is looked at and told, and its grant is closed. */
export function giveUpResume(event: IdleEvent, reason: string): IdleOutcome {
  if (event.phase === "resume") {
    const none = { started: [], refused: [], refusals: 0, short: [], changed: [], summary: {}, calls: {} };
    return next({ phase: "up", ...none, problem: reason });
  }
  if (event.phase !== "start" && event.phase !== "retype") return failed(reason);
  const { started, refused, refusals, short, changed, summary, calls } = event;
  const maybe = event.phase === "start" ? event.starts.slice(0, START_SLICE) : [];
  return next({
    phase: "up",
    started: [...started, ...maybe],
    refused,
    refusals,
    short,
    changed,
    summary,
    calls,
    problem: reason,
  });
}
