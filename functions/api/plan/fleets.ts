/**
 * The times at which fleets change by the clock, and the refreshes behind promotions. Which machines are idle then, only their
 * metrics will say.
 *
 * PLAN-FLEET-1. Of the checks for idle machines the first is a row; the others come at its interval. Each beginning and each end
 *     of hours is one.
 * PLAN-FLEET-2. The runs of a paused fleet end at once, so its rows say who paused it.
 */
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { isUp, nextChange } from "../../../shared/documents/up-hours.ts";
import { formatDuration } from "../../../shared/duration.ts";
import { expiryProblem } from "../../../shared/expiry.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { standingOf, type SizeState } from "../../../shared/size/log.ts";
import { detoursOf } from "../../../shared/size/served.ts";
import { edgesOf, isSized, wantedOf } from "../../../shared/size/wanted.ts";
import { promoted } from "../../scale-out/refresh/promoted.ts";
import { isDue, TIMER_MS } from "../../stop-idle/idle-check/due.ts";
import { whyNotResumed } from "../../stop-idle/resume/decide.ts";
import type { Window } from "./timers.ts";

/** What happens to a fleet, in words, and when. */
export interface PlannedFleet {
  /** Absent for a refresh that follows a promotion. */
  readonly at?: string;
  readonly fleet: string;
  /** `skip`: its run changes nothing. */
  readonly act: "idle-check" | "resume" | "stop" | "size" | "refresh" | "skip" | "fail";
  readonly why: string;
  /** Of a size. */
  readonly desired?: number;
  readonly min?: number;
  readonly assumes?: string;
}

/** Everything that the clock does to one fleet, in its order. @throws CloudError */
export async function plannedFleet(
  fleet: string,
  document: Fleet,
  window: Window,
  ports: Ports,
): Promise<readonly PlannedFleet[]> {
  const { state, paused } = await standingOf(fleet, ports);
  const rows = [
    ...idleRows(document, window),
    ...hoursRows(document, window),
    ...(await resumeRows(document, window, state, ports)),
    ...sizeRows(document, window, state),
    ...(await refreshRows(document, window, ports)),
  ];
  return rows
    .toSorted((a, b) => ((a.at ?? "") < (b.at ?? "") ? -1 : 1))
    .map((row) => (paused === undefined ? row : { ...row, act: "skip", why: paused }));
}

const iso = (at: number): string => new Date(at).toISOString();

function firstCheck(policy: Parameters<typeof isDue>[0], { after, until }: Window, from = after) {
  for (let at = from - (from % TIMER_MS) + TIMER_MS; at <= until; at += TIMER_MS)
    if (isDue(policy, at)) return at;
  return undefined;
}

/** The first check outside of the hours, or the first of all: within them machines are kept. */
function idleRows({ name: fleet, idle }: Fleet, window: Window): PlannedFleet[] {
  if (idle === undefined) return [];
  const { upDuring } = idle;
  const isKept = (at: number): boolean => upDuring !== undefined && isUp(upDuring, at);
  const first = firstCheck(idle, window);
  let at = first;
  while (at !== undefined && isKept(at)) at = firstCheck(idle, window, at);
  if (at !== undefined)
    return [{ at: iso(at), fleet, act: "idle-check", why: `a check for idle machines; ${fateOf(idle)}` }];
  return first === undefined
    ? []
    : [{ at: iso(first), fleet, act: "skip", why: "machines are kept within its hours" }];
}

const FATES = {
  stop: {
    now: "they are stopped",
    noticed: "they are announced, and stopped after",
    dry: "none is stopped, because idle.dryRun is true",
  },
  release: {
    now: "they are released",
    noticed: "they are announced, and released after",
    dry: "none is released, because idle.dryRun is true",
  },
} as const;

/** What becomes of the machines that a check finds. */
function fateOf({ action, noticeMs, dryRun }: IdlePolicy): string {
  const { now, noticed, dry } = FATES[action];
  if (dryRun) return dry;
  return noticeMs === undefined ? now : `${noticed} ${formatDuration(noticeMs)}`;
}

/** The instants of a window at which the hours of a policy begin or end. */
function edgesIn(idle: IdlePolicy | undefined, edge: "opens" | "closes", { after, until }: Window): number[] {
  const { upDuring } = idle ?? {};
  const all: number[] = [];
  let at = upDuring && nextChange(upDuring, edge, after);
  for (; upDuring && at !== undefined && at <= until; at = nextChange(upDuring, edge, at)) all.push(at);
  return all;
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
  window: Window,
  state: SizeState | undefined,
  { cloud }: Ports,
): Promise<PlannedFleet[]> {
  const { name: fleet, idle } = document;
  const begins = idle?.resume ? edgesIn(idle, "opens", window) : [];
  if (begins.length === 0) return [];
  const detours = await detoursOf(state ?? {}, { cloud });
  const stopped = (await membersOf(cloud, fleet)).filter(({ status }) => status === "Stopped");
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
