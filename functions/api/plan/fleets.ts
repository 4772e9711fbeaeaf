/**
 * The times at which fleets change by the clock, and the refreshes behind promotions. Which machines are idle then, only their
 * metrics will say.
 *
 * PLAN-FLEET-1. Of the checks for idle machines the first is a row; the others come at its interval. Each beginning and each end
 *     of hours is one.
 * PLAN-FLEET-2. The runs of a paused fleet end at once, so its rows say who paused it.
 * PLAN-FLEET-3. Rows that need no metrics say what becomes of single machines (machines.ts).
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { isUp } from "../../../shared/documents/up-hours.ts";
import { expiryProblem } from "../../../shared/expiry.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { standingOf, type SizeState } from "../../../shared/size/log.ts";
import { detoursOf } from "../../../shared/size/served.ts";
import { edgesOf, isSized, wantedOf } from "../../../shared/size/wanted.ts";
import { promoted } from "../../scale-out/refresh/promoted.ts";
import { whyNotResumed } from "../../stop-idle/resume/decide.ts";
import { checksIn, edgesIn, fateOf, iso, type PlannedFleet } from "./clock.ts";
import { machineRows, ownHours } from "./machines.ts";
import type { Window } from "./timers.ts";

/** Everything that the clock does to one fleet, in its order. @throws CloudError */
export async function plannedFleet(
  document: Fleet,
  read: () => Promise<readonly Instance[]>,
  window: Window,
  ports: Ports,
): Promise<readonly PlannedFleet[]> {
  const members = document.idle === undefined ? [] : await read();
  const { state, paused } = await standingOf(document.name, ports);
  const rows = [
    ...idleRows(document, members, window),
    ...(await machineRows(document, members, window, ports)),
    ...hoursRows(document, window),
    ...(await resumeRows(document, members, window, { state, ports })),
    ...sizeRows(document, window, state),
    ...(await refreshRows(document, window, ports)),
  ];
  return rows
    .toSorted((a, b) => ((a.at ?? "") < (b.at ?? "") ? -1 : 1))
    .map((row) => (paused === undefined ? row : { ...row, act: "skip", why: paused }));
}

/** The first check outside of the hours of a machine, or the first of all: within them machines are kept. */
function idleRows(
  { name: fleet, idle }: Fleet,
  members: readonly Instance[],
  window: Window,
): PlannedFleet[] {
  if (idle === undefined) return [];
  const { upDuring } = idle;
  const own = ownHours(idle, members);
  const isKept = (at: number): boolean =>
    upDuring !== undefined && isUp(upDuring, at) && own.every(([one]) => isUp(one, at));
  const checks = checksIn(idle, window);
  const [first] = checks;
  const at = checks.find((check) => !isKept(check));
  if (at !== undefined)
    return [{ at: iso(at), fleet, act: "idle-check", why: `a check for idle machines; ${fateOf(idle)}` }];
  return first === undefined
    ? []
    : [{ at: iso(first), fleet, act: "skip", why: "machines are kept within its hours" }];
}

function hoursRows({ name: fleet, idle }: Fleet, window: Window): PlannedFleet[] {
  if (idle?.outside !== "stop") return [];
  const why = `its hours end for machines without protection; ${fateOf(idle)}`;
  return edgesIn(idle, "closes", window).map((at) => ({ at: iso(at), fleet, act: "stop", why }));
}

/** Machines that a row names. */
const NAMED_MAX = 5;

async function resumeRows(
  document: Fleet,
  members: readonly Instance[],
  window: Window,
  { state, ports }: { readonly state: SizeState | undefined; readonly ports: Ports },
): Promise<PlannedFleet[]> {
  const { name: fleet, idle } = document;
  const begins = idle?.resume ? edgesIn(idle, "opens", window) : [];
  if (begins.length === 0) return [];
  const detours = await detoursOf(state ?? {}, ports);
  const stopped = members.filter(({ status }) => status === "Stopped");
  return begins.map((at) => {
    const expired = expiryProblem(document, at);
    if (expired !== undefined) return { at: iso(at), fleet, act: "fail", why: expired };
    const stay = stopped.flatMap((one) => {
      const why = whyNotResumed(one, { fleet: document, detours, byHand: false }, at);
      return why === undefined ? [] : [`${one.id} stays: ${why}`];
    });
    const more = stay.length > NAMED_MAX ? [`${stay.length - NAMED_MAX} more stay`] : [];
    const begin = "its hours begin; machines that Kiln stopped are started";
    return {
      at: iso(at),
      fleet,
      act: "resume",
      why: [begin, ...stay.slice(0, NAMED_MAX), ...more].join("; "),
    };
  });
}

function sizeRows(document: Fleet, { after, until }: Window, state: SizeState | undefined): PlannedFleet[] {
  if (!isSized(document)) return [];
  const rows: PlannedFleet[] = [];
  let before = wantedOf(document, state?.level, after);
  for (const at of edgesOf(document, after, until)) {
    const { min, desired } = wantedOf(document, state?.level, at);
    const isChange = min !== before.min || desired !== before.desired;
    const why = `its schedule: ${before.desired} to ${desired}, at least ${min}`;
    if (isChange) rows.push({ at: iso(at), fleet: document.name, act: "size", why, desired, min });
    before = { min, desired };
  }
  return rows;
}

/** The refresh that a promotion before now begins with the next firing. */
async function refreshRows(document: Fleet, { after }: Window, ports: Ports): Promise<PlannedFleet[]> {
  if (!isSized(document) || document.refresh?.onPromotion !== "refresh") return [];
  const { name: fleet, family } = document;
  const due = await promoted(document, await membersOf(ports.cloud, fleet), ports);
  const why = `family ${family} serves another image than its members have; they are replaced`;
  return due === undefined ? [] : [{ at: iso(after), fleet, act: "refresh", why }];
}
