/** The times at which fleets change by the clock. Which machines are idle then, only their metrics will say. */
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { nextChange } from "../../../shared/documents/up-hours.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { standingOf } from "../../../shared/size/log.ts";
import { edgesOf, isSized, wantedOf } from "../../../shared/size/wanted.ts";
import { isDue, TIMER_MS } from "../../stop-idle/idle-check/due.ts";
import type { Window } from "./timers.ts";

/** What happens to a fleet, in words, and when. */
export interface PlannedFleet {
  readonly at: string;
  readonly fleet: string;
  readonly act: "idle-check" | "resume" | "stop" | "size";
  readonly why: string;
  /** Of a size. */
  readonly desired?: number;
  readonly min?: number;
}

/** Everything that the clock does to one fleet, in its order. @throws CloudError */
export async function plannedFleet(
  fleet: string,
  document: Fleet,
  window: Window,
  ports: Ports,
): Promise<readonly PlannedFleet[]> {
  const rows = [
    ...idleRows(fleet, document, window),
    ...hoursRows(fleet, document, window),
    ...(await sizeRows(fleet, document, window, ports)),
  ];
  return rows.toSorted((a, b) => (a.at < b.at ? -1 : 1));
}

const iso = (at: number): string => new Date(at).toISOString();

/** The first check; the others come at its interval. */
function idleRows(fleet: string, { idle: policy }: Fleet, { after, until }: Window): PlannedFleet[] {
  if (policy === undefined) return [];
  for (let at = after - (after % TIMER_MS) + TIMER_MS; at <= until; at += TIMER_MS) {
    if (!isDue(policy, at)) continue;
    const why = "idle machines are announced, and stopped after their notice";
    return [{ at: iso(at), fleet, act: "idle-check", why }];
  }
  return [];
}

function hoursRows(fleet: string, { idle }: Fleet, { after, until }: Window): PlannedFleet[] {
  const { upDuring, resume, outside } = idle ?? {};
  if (upDuring === undefined) return [];
  const opens = resume ? nextChange(upDuring, "opens", after) : undefined;
  const closes = outside === "stop" ? nextChange(upDuring, "closes", after) : undefined;
  const row = (at: number | undefined, act: "resume" | "stop", why: string): PlannedFleet[] =>
    at === undefined || at > until ? [] : [{ at: iso(at), fleet, act, why }];
  return [
    ...row(opens, "resume", "its hours begin: machines that Kiln stopped are started"),
    ...row(closes, "stop", "its hours end: machines without protection are stopped"),
  ];
}

async function sizeRows(
  fleet: string,
  document: Fleet,
  { after, until }: Window,
  ports: Ports,
): Promise<PlannedFleet[]> {
  if (!isSized(document)) return [];
  const { state, paused } = await standingOf(fleet, ports);
  const rows: PlannedFleet[] = [];
  let before = wantedOf(document, state?.level, after);
  for (const at of edgesOf(document, after, until)) {
    const { min, desired } = wantedOf(document, state?.level, at);
    const isChange = min !== before.min || desired !== before.desired;
    const why = paused ?? `its schedule: ${before.desired} to ${desired}, at least ${min}`;
    if (isChange) rows.push({ at: iso(at), fleet, act: "size", why, desired, min });
    before = { min, desired };
  }
  return rows;
}
