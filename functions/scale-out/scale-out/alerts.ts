/**
 * `alerts`: which alerts of a delivery still need instances. A delivery holds every alert of its group, the ones of
 * earlier deliveries too, so the fleet has a ledger of the alerts that its runs took (ledger.ts).
 *
 * ALERT-1. An alert belongs to the newest run that took it, until that run has ended without an instance for it: it failed, or
 *     got fewer than its alerts ask for. A run that comes sooner than five minutes after that end waits; of those that wait
 *     one tries.
 * ALERT-2. A run takes alerts with one line, so of two deliveries at the same time one takes those of both.
 * ALERT-3. The end of an alarm may come after a repeat that is newer. That was another alarm, and no run has it: the run of
 *     the end launches for it.
 */
import { inBatches } from "../../../shared/in-batches.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes } from "../../../shared/duration.ts";
import { EventError } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { alarmsKey } from "../../../shared/keys.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { afterLostRace } from "../../../shared/limits/reservations.ts";
import { sum } from "../../../shared/limits/stored-reservation.ts";
import { appendOrLose } from "../../../shared/workflow/log.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import {
  alarmIn,
  ALERTS_MAX,
  fitting,
  hasEnded,
  isAnother,
  isHeld,
  lineOf,
  readLedger,
  saysMore,
  type Entry,
  type Ledger,
} from "./ledger.ts";
import { Alerts, Plan } from "./start.ts";
import { unansweredOf } from "./unanswered.ts";

async function takeAlerts(event: Alerts, ports: Ports): Promise<Outcome> {
  const { input, member } = event;
  const other = member === undefined ? undefined : await otherOwner(member, input.fleet, ports.cloud);
  if (other !== undefined) return nothing(event, other);
  // Before the document is read: the end of an alarm counts even if nothing can be launched.
  const entry = await enter(event, ports);
  if (entry === "lost") return afterLostRace(event, input.fleet, ports);
  if (entry !== undefined && "problem" in entry) return failed(entry.problem);
  if (entry !== undefined && "waitMs" in entry)
    return wait(entry.waitMs, "the last attempt for these alerts got nothing for them a moment ago");
  if (entry === undefined || entry.alerts.length === 0)
    return nothing(
      event,
      isEnd(event)
        ? "the alarm is over; when it comes back, it is another request"
        : "earlier requests have all of its alerts or tried in vain, or they are over",
    );
  const loaded = await loadFleet(ports.cloud, input.fleet);
  return "problem" in loaded
    ? failed(loaded.problem)
    : needed(event, entry, loaded.document.limits.perRequest);
}

const nothing = ({ input }: Alerts, why: string): Outcome =>
  done({ fleet: input.fleet, asked: 0, count: 0, why });

const isFull = (fleet: string): string =>
  `${ALERTS_MAX} alerts of the last six days are known of fleet ${fleet}, and there is no room for more; correct the rule that gives each alert another start or other labels, then launch what is needed with kiln scale-out ${fleet}`;

function needed({ input, member, alerts }: Alerts, entry: Entry, perRequest: number): Outcome {
  const wanted = alerts.flatMap(([id, count]) => (entry.alerts.includes(id) ? count : []));
  const count = sum(wanted);
  const within = sum(wanted.map((one) => Math.min(one, perRequest)));
  const note = `${wanted.length} of ${alerts.length} alerts need ${count} instances`;
  return next(Plan, {}, { input: { ...input, count, within, alerts: wanted.length, leaving: member }, note });
}

/** Writes what an event says into the ledger, unless it says so already. */
async function enter(
  event: Alerts,
  ports: Ports,
): Promise<ReturnType<typeof entryOf> | ReturnType<typeof damage> | "lost"> {
  const { fleet } = event.input;
  const now = ports.clock.now();
  const ledger = await readLedger(ports.cloud, fleet, now).catch(damage);
  if ("problem" in ledger) return ledger;
  const asked = event.alerts.map(([id]) => id);
  const own = asked.filter((id) => alarmIn(ledger.alarms, id).run === event.run);
  if (own.length > 0) return { run: event.run, alerts: own, at: 0 };
  const unanswered = await unansweredAmong(asked, ledger.alarms, ports.cloud);
  const entry = entryOf(event, ledger.alarms, unanswered, now);
  if (entry === undefined || "waitMs" in entry) return entry;
  const fitted = fitting(entry, ledger.alarms);
  if (fitted === undefined) return { problem: isFull(fleet) };
  const appended = await appendOrLose(ports, alarmsKey(fleet), ledger.end, lineOf(fitted, ledger));
  return appended === undefined ? "lost" : fitted;
}

function damage(error: unknown): { readonly problem: string } {
  if (!(error instanceof EventError)) throw error;
  return {
    problem: `${error.message}; delete that object from the bucket: each alert that still fires is then asked for once more`,
  };
}

/** The alerts among `asked` that their runs have ended without an instance for, and since when, epoch ms. */
async function unansweredAmong(
  asked: readonly string[],
  alarms: Ledger["alarms"],
  cloud: CloudClient,
): Promise<Map<string, number>> {
  // All that a run has, not only those that are asked for: its instances are for the first ones.
  const held = new Map<string, Set<string>>();
  for (const { run } of asked.map((id) => alarmIn(alarms, id))) if (run !== "") held.set(run, new Set());
  for (const [id, { run }] of alarms) held.get(run)?.add(id);
  const found = await inBatches([...held], async ([run, ids]) =>
    unansweredOf(run, await readRunLog(cloud, run), ids),
  );
  return new Map(found.flat());
}

/**
 * The entry that an event adds to the ledger; undefined when it says nothing new, `waitMs` until it may (ALERT-1). Pure.
 * `unanswered`: alerts that their run has ended without an instance for, and since when.
 */
export function entryOf(
  event: Pick<Alerts, "run" | "alerts" | "at" | "over" | "phaseStartedAt">,
  alarms: Ledger["alarms"],
  unanswered: ReadonlyMap<string, number>,
  now: number,
): Entry | { readonly waitMs: number } | undefined {
  const { run, alerts, at = 0, phaseStartedAt } = event;
  if (isEnd(event)) return endOf(event, alarms);
  const known = alerts.map(([id]) => ({ id, alarm: alarmIn(alarms, id) }));
  const going = known.filter(({ alarm }) => !hasEnded(alarm, at));
  // An attempt that began before this run and ended since counts for it too.
  const isTaken = ({ id, alarm }: (typeof known)[number]) =>
    isHeld(alarm, at) && (unanswered.get(id) ?? Infinity) >= phaseStartedAt;
  const free = going.filter((one) => !isTaken(one));
  const repeats = going.filter((one) => isTaken(one) && saysMore(one.alarm, at, now)).map(({ id }) => id);
  if (free.length + repeats.length === 0) return undefined;
  const failedAt = Math.max(0, ...free.map(({ id }) => unanswered.get(id) ?? 0));
  if (now - failedAt < RETRY_AFTER_MS) return { waitMs: failedAt + RETRY_AFTER_MS - now };
  return {
    run: free.length === 0 ? "" : run,
    alerts: free.map(({ id }) => id),
    at,
    ...(at === 0 && { seen: now }),
    ...(repeats.length > 0 && { repeats }),
  };
}

/** The version before asked for no instances when an alarm was over. */
const isEnd = ({ over, alerts }: Pick<Alerts, "over" | "alerts">): boolean =>
  over === true || alerts.every(([, wanted]) => wanted === 0);

/** ALERT-3. */
function endOf({ run, alerts, at = 0 }: Pick<Alerts, "run" | "alerts" | "at">, alarms: Ledger["alarms"]) {
  const ended = alerts.map(([id]) => id).filter((id) => alarmIn(alarms, id).over < at);
  const another = alerts
    .filter(([id, wanted]) => wanted > 0 && isAnother(alarmIn(alarms, id), at))
    .map(([id]) => id);
  if (ended.length + another.length === 0) return undefined;
  return { run: another.length === 0 ? "" : run, alerts: another, ended, at };
}

/** Sooner, the failure may be of the same moment. */
const RETRY_AFTER_MS = minutes(5);

/** Why an instance that is taken away is none of the fleet's. One that is gone may be of anything in the account. */
async function otherOwner(member: string, fleet: string, cloud: CloudClient): Promise<string | undefined> {
  const [instance] = await describeInstances(cloud, { ids: [member] });
  if (instance === undefined)
    return `${member} is not listed, so nothing says that it was a member of fleet ${fleet}; ask for another instance if it was`;
  return isMember(cloud, instance, fleet) ? undefined : `${member} is no member of fleet ${fleet}`;
}

export const alerts = phase(Alerts, {
  limitMs: minutes(30),
  run: takeAlerts,
  compensate: ({ input }, reason) => failed(`none of ${input.count} instances: ${reason}`),
});
