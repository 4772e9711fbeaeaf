/**
 * What the clock does to single machines: those with hours of their own, those that have been stopped for too long or are too many,
 * and the members of a fleet whose document is gone. The deciders of the runs are asked, with the clock of their time.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import type { UpDuring } from "../../../shared/documents/up-hours.ts";
import { hours } from "../../../shared/duration.ts";
import { hoursOf } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf, oldestFirst } from "../../../shared/limits/members.ts";
import { REMOVAL_GRACE_MS, standingOf } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";
import { removalNotice } from "../../scale-out/size/notice.ts";
import { isLongDown, readSurplus, stoppedOf } from "../../stop-idle/idle-check/surplus.ts";
import { LISTED_LIVE_MAX } from "../fleets.ts";
import { readRecord } from "../runs/rows.ts";
import type { newestCounts } from "../drift.ts";
import { checksIn, edgesIn, fateOf, iso, type PlannedFleet } from "./clock.ts";
import type { Window } from "./timers.ts";

/** The members of a fleet, or why they are not listed: a large one takes longer than an answer. @throws CloudError */
export async function listedMembers(
  fleet: string,
  counts: ReturnType<typeof newestCounts>,
  { cloud }: Pick<Ports, "cloud">,
): Promise<readonly Instance[] | string> {
  const { running = 0, stopped = 0, others = 0 } = (await counts)?.fleets?.[fleet] ?? {};
  const count = running + stopped + others;
  return count > LISTED_LIVE_MAX
    ? `it has ${count} members, too many to list`
    : await membersOf(cloud, fleet);
}

/** Everything that the clock does to single members. @throws CloudError */
export const machineRows = async (
  document: Fleet,
  members: readonly Instance[],
  window: Window,
  ports: Ports,
): Promise<readonly PlannedFleet[]> => [
  ...ownHoursRows(document, members, window),
  ...(await releaseRows(document, members, window, ports)),
];

/** Ids in a sentence. */
const inWords = (ids: readonly string[]): string =>
  (ids.length > 5 ? [...ids.slice(0, 5), "…"] : ids).join(", ");

/** The hours that running members have for themselves, each with those members. One whose hours cannot be read is kept. */
export function ownHours(
  idle: IdlePolicy,
  members: readonly Instance[],
): readonly (readonly [UpDuring, readonly string[]])[] {
  const found = new Map<string | undefined, [UpDuring, string[]]>();
  for (const { id, status, tags } of members) {
    const { [TAG.upDuring]: text } = tags;
    const own = status === "Running" && text !== undefined && hoursOf({ tags }, idle);
    if (!own || own === "unreadable") continue;
    const [, ids] = found.get(text) ?? [];
    if (ids === undefined) found.set(text, [own, [id]]);
    else ids.push(id);
  }
  return [...found.values()];
}

/** The ends of the hours that running members have for themselves. */
const ownHoursRows = (
  { name: fleet, idle }: Fleet,
  members: readonly Instance[],
  window: Window,
): PlannedFleet[] =>
  idle?.outside !== "stop"
    ? []
    : ownHours(idle, members).flatMap(([upDuring, ids]) => {
        const why = `hours of its own end for machines without protection: ${inWords(ids)}; ${fateOf(idle)}`;
        return edgesIn({ upDuring }, "closes", window).map(
          (at) => ({ at: iso(at), fleet, act: "stop", why }) as const,
        );
      });

/** What each check of a window releases of the members that are stopped now; which ones it stops itself, only metrics say. */
async function releaseRows(
  { name: fleet, family, idle, limits }: Fleet,
  members: readonly Instance[],
  window: Window,
  { cloud }: Ports,
): Promise<PlannedFleet[]> {
  if (idle === undefined || idle.dryRun) return [];
  const rows: PlannedFleet[] = [];
  let left = stoppedOf(members);
  // A tag holds the minute of a stop, and the check looks a moment after its timer.
  const long = (at: number): number => left.filter((one) => isLongDown(one, idle, at + 1)).length;
  const asked = { fleet, family, policy: { ...idle, notify: [] }, maxStopped: limits.max };
  let seen = -1;
  for (const at of checksIn(idle, window)) {
    // Until one more is due, a check finds what the one before has found.
    if (long(at) === seen) continue;
    const { surplus } = await readSurplus(asked, left, 0, { cloud, clock: { now: () => at + 1 } });
    const ids = surplus.map(({ id }) => id);
    left = left.filter(({ id }) => !ids.includes(id));
    seen = long(at);
    const why = `stopped for too long, or too many: ${inWords(ids)}`;
    if (ids.length > 0) rows.push({ at: iso(at), fleet, act: "release", why });
  }
  return rows;
}

/** The end of the members of a fleet whose document is gone (onRemoval). @throws CloudError */
export async function removalRows(
  fleet: string,
  members: () => Promise<readonly Instance[]>,
  ports: Ports,
): Promise<readonly PlannedFleet[]> {
  const { state, paused } = await standingOf(fleet, ports);
  const act = state?.onRemoval?.action;
  const newest = act && (await members()).toSorted(oldestFirst).at(-1);
  const at = newest && (await removalAt(removalNotice(fleet, newest, ports.cloud), ports));
  if (act === undefined || at === undefined) return [];
  const why = paused ?? "its document is gone; members without protection end, unless it is back";
  return [{ at: iso(at), fleet, act: paused === undefined ? act : "skip", why }];
}

/** When the members end: an hour behind the run that finds them without a document; undefined when that has been carried out. */
async function removalAt(notice: string, ports: Ports): Promise<number | undefined> {
  const found = await readRecord(notice, ports);
  // The first firing of an hour looks for them.
  if (found === undefined)
    return ports.clock.now() - (ports.clock.now() % hours(1)) + hours(1) + REMOVAL_GRACE_MS;
  const run = found.result?.["run"];
  if (typeof run !== "string") return undefined;
  const { state = "queued" } = (await readRecord(run, ports)) ?? {};
  return state === "queued" || state === "running"
    ? Date.parse(found.updatedAt) + REMOVAL_GRACE_MS
    : undefined;
}
