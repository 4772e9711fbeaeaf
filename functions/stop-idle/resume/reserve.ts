/**
 * The first phase of a resume: which members are to be started, and how many of them the limits allow.
 *
 * RESUME-RESERVE-1. A start needs headroom under the limits of the fleet, like a launch (shared/limits/reservation.ts).
 *     Members without headroom stay stopped. A member may take another type of its fleet, so the highest price counts.
 * RESUME-RESERVE-2. A fleet whose size is kept waits for the run that stops some members, which lowers that number only at its
 *     end.
 */
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { expiryAt, expiryProblem } from "../../../shared/expiry.ts";
import { stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { pricedFleet } from "../../../shared/limits/launch.ts";
import { asMembers, countedMembers } from "../../../shared/limits/members.ts";
import { highestPrice, type PricedFleet } from "../../../shared/limits/price.ts";
import { reserve } from "../../../shared/limits/reservation.ts";
import { withReservation } from "../../../shared/limits/stored-reservation.ts";
import { afterLostRace, updateReservations } from "../../../shared/limits/reservations.ts";
import { idleLock, pauseOf, readSize } from "../../../shared/size/log.ts";
import { detoursOf, servedImage } from "../../../shared/size/served.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { isOwn } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import { done, failed, next, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { listed, MEMBERS_MAX, nonEmpty, noRefusals } from "../tally.ts";
import { whyNotResumed } from "./decide.ts";
import { AwaitRunning, reserveEvent } from "./await-running.ts";
import { Start } from "./start.ts";

export const Reserve = reserveEvent("reserve", {});
type Reserve = EventOf<typeof Reserve>;

/** The next run of the timer starts what this one leaves. */
const PATIENCE_MS = minutes(20);

/** The outcome while nothing may start: in a pause, or beside a run that stops members (RESUME-RESERVE-2). */
async function hindranceOf(event: Reserve, document: Fleet, ports: Ports): Promise<Outcome | undefined> {
  const { fleet, dryRun } = event.input;
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return done({ fleet, skipped: paused });
  if (dryRun || !isSized(document)) return undefined;
  const holder = await holderOf(idleLock(fleet), ports);
  if (holder === undefined) return undefined;
  const skipped = `${holder} stops members of this fleet`;
  const isPatient = ports.clock.now() < event.phaseStartedAt + PATIENCE_MS;
  return isPatient ? wait(minutes(1), skipped) : done({ fleet, skipped });
}

async function reserveStarts(event: Reserve, ports: Ports): Promise<Outcome> {
  const { fleet, byHand } = event.input;
  const found = await loadFleet(ports.cloud, fleet);
  if ("problem" in found) return failed(found.problem);
  const { document } = found;
  const policy = document.idle;
  if (!byHand && policy?.resume !== true)
    return done({ fleet, note: "this fleet does not resume; see idle.resume" });
  const hindrance = await hindranceOf(event, document, ports);
  if (hindrance !== undefined) return hindrance;
  const now = ports.clock.now();
  const expired = expiryProblem(document, now);
  if (expired !== undefined) return failed(`fleet ${fleet}: ${expired}`);
  const { image } = await servedImage(document, ports);
  const priced = await pricedFleet(document, image, ports.cloud);
  if (!priced.ok) return failed(priced.problem);
  return firstStarts(event, priced.value, ports);
}

async function firstStarts(event: Reserve, priced: PricedFleet, ports: Ports): Promise<Outcome> {
  const { fleet, dryRun } = event.input;
  const reserved = await reserveMembers(event, priced, ports);
  if (reserved === undefined) return afterLostRace(event, fleet, ports);
  const { short, wanted } = reserved;
  const starts = reserved.wakes.toSorted();
  const left = wanted - starts.length;
  const summary = { ...reserved.summary, ...(left > 0 && { noRoom: left }) };
  const why = short.length > 0 && { why: short.join("; ") };
  const stays = listed(reserved.stays);
  const said = { ...nonEmpty({ stays }), ...why };
  if (dryRun) return done({ fleet, dryRun: true, ...summary, wouldStart: listed(starts), ...said });
  if (starts.length === 0) return done({ fleet, ...summary, started: [], ...said });
  const expiresAt = expiryAt(priced.fleet, ports.clock.now());
  const input = { ...event.input, types: [...priced.fleet.launch.InstanceType], expiresAt };
  const noRoom = left > 0 ? [`${left} without room: ${short.join("; ")}`] : [];
  const tally = { summary, started: [], changed: [], stays: [...noRoom, ...stays], ...noRefusals };
  const note = [`${wanted} are to be started`, ...short].join("; ");
  return next(Start, { starts, short: [], tally }, { input, note });
}

interface Reserved {
  readonly wakes: readonly string[];
  /** The limits that kept it below `wanted`, in words. */
  readonly short: readonly string[];
  readonly wanted: number;
  /** A line for each stopped member that is not wanted. */
  readonly stays: readonly string[];
  readonly summary: Readonly<Record<string, number>>;
}

/** The members to start, as far as there is headroom; undefined when other requests were first. */
async function reserveMembers(
  { run, input }: Reserve,
  priced: PricedFleet,
  ports: Ports,
): Promise<Reserved | undefined> {
  const { cloud } = ports;
  const now = ports.clock.now();
  const { fleet } = priced;
  const price = await highestPrice(priced, cloud);
  const { HostNames: names } = fleet.launch;
  const detours = await detoursOf(await readSize(fleet.name, ports), ports);
  const whyNot = (one: Instance) => whyNotResumed(one, { fleet, detours, byHand: input.byHand }, now);
  let reserved: Reserved | undefined;
  const written = await updateReservations(ports, fleet.name, async (reservations) => {
    const instances = await countedMembers(cloud, fleet.name);
    const own = instances.filter((instance) => isOwn(cloud, instance));
    const wanted = own.filter((instance) => whyNot(instance) === undefined).slice(0, MEMBERS_MAX);
    const stays = own
      .filter(({ status }) => status === "Stopped")
      .flatMap((one) => whyNot(one)?.replace(/^/, `${one.id}: `) ?? []);
    const ids = new Set(wanted.map(({ id }) => id));
    const members = await asMembers(priced, instances, ({ id }) => ids.has(id), cloud);
    const request = { run, round: 0, count: wanted.length, wakeOnly: true as const };
    const ask = { ...request, ...(price !== undefined && { price }), ...(names && { names }) };
    const given = reserve(ask, { reservations, members, limits: fleet.limits, now });
    const { wakes, short } = given;
    reserved = { wakes, short, stays, wanted: wanted.length, summary: summarize(instances, wanted, now) };
    const unchanged = input.dryRun || wakes.length === 0 || reservations.grants.includes(given);
    return unchanged ? undefined : withReservation(reservations, given, now);
  });
  return written ? reserved : undefined;
}

function summarize(instances: readonly Instance[], wanted: readonly Instance[], now: number) {
  const stopped = instances.filter(({ status }) => status === "Stopped").length;
  const off = wanted.reduce((total, instance) => total + now - (stoppedByKilnAt(instance) ?? now), 0);
  return {
    instances: instances.length,
    stillStopped: stopped - wanted.length,
    instanceHoursOff: Math.round(off / hours(1)),
  };
}

export const reservation = countedPhase(Reserve, reserveStarts, ({ input }, problem) => {
  const tally = { summary: {}, started: [], changed: [], stays: [], ...noRefusals };
  return next(AwaitRunning, { tally, problem }, { input: { ...input, types: [] } });
});
