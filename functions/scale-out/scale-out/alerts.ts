/**
 * `alerts`: which alerts of a delivery still need instances. A delivery holds every alert of its group, the ones of
 * earlier deliveries too, so the fleet has a ledger of the alerts that its runs took.
 *
 * ALERT-1. An alert belongs to the newest run that took it, until that run has failed. A run that comes sooner than five
 *     minutes after the failure waits; of those that wait one tries.
 * ALERT-2. A run takes alerts with one line, so of two deliveries at the same time one takes those of both.
 * ALERT-3. The end of the ledger is read, some 2,500 lines. Repeats are few of them: one is written down every six hours, so
 *     that the alarm stays in the end of the ledger.
 * ALERT-4. An alarm without a start of its own is one alert until it is over, which is a line too; deliveries that come in
 *     another order are compared by their times.
 * ALERT-5. CloudMonitor repeats an alarm at least once a day. One that it did not repeat for two days is over, although
 *     its end was lost. https://www.alibabacloud.com/help/en/cloudmonitor/latest/describemetricrulelist (SilenceTime)
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { days, hours, minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { alertsKey } from "../../../shared/keys.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { afterLostRace } from "../../../shared/limits/reservations.ts";
import { appendOrLose, readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";
import { hasFailed, readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Alerts, Plan } from "./start.ts";

const Line = z.strictObject({
  run: z.string(),
  alerts: z.array(z.string()),
  w: z.string(),
  /** When the alarm was as the line says (ALERT-4), epoch ms. */
  at: z._default(z.number(), 0),
  over: z.optional(z.literal(true)),
});
export type AlertLine = z.infer<typeof Line>;
type Entry = Omit<AlertLine, "w">;

async function takeAlerts(event: Alerts, ports: Ports): Promise<Outcome> {
  const { input, member } = event;
  const other = member === undefined ? undefined : await otherOwner(member, input.fleet, ports.cloud);
  if (other !== undefined) return nothing(event, other);
  // Before the document is read: the end of an alarm counts even if nothing can be launched.
  const entry = await enter(event, ports);
  if (entry === "lost") return afterLostRace(event, input.fleet, ports);
  if (entry === undefined)
    return nothing(event, "earlier requests have all of its alerts or tried in vain, or they are over");
  if ("waitMs" in entry) return wait(entry.waitMs, "the last attempt for these alerts failed a moment ago");
  if (entry.over) return nothing(event, "the alarm is over; when it comes back, it is another request");
  if (entry.run !== event.run) return nothing(event, "an earlier request has the alarm");
  const loaded = await loadFleet(ports.cloud, input.fleet);
  return "problem" in loaded
    ? failed(loaded.problem)
    : needed(event, entry, loaded.document.limits.perRequest);
}

const nothing = ({ input }: Alerts, why: string): Outcome =>
  done({ fleet: input.fleet, asked: 0, count: 0, why });

function needed({ input, member, alerts }: Alerts, entry: Entry, perRequest: number): Outcome {
  const wanted = alerts.flatMap(([id, count]) => (entry.alerts.includes(id) ? count : []));
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const count = sum(wanted);
  const within = sum(wanted.map((one) => Math.min(one, perRequest)));
  const note = `${wanted.length} of ${alerts.length} alerts need ${count} instances`;
  return next(Plan, {}, { input: { ...input, count, within, alerts: wanted.length, leaving: member }, note });
}

/** Writes what an event says into the ledger, unless it says so already. */
async function enter(event: Alerts, ports: Ports): Promise<ReturnType<typeof entryOf> | "lost"> {
  const key = alertsKey(event.input.fleet);
  const log = await readLog(ports.cloud, key, Line, 4 * TAIL_BYTES);
  const lines = log.lines.map(({ line }) => line);
  const own = lines.find((line) => line.run === event.run);
  if (own !== undefined) return own;
  const { at = 0, alerts: asked } = event;
  const holders = new Set(asked.flatMap(([id]) => stateOf(lines, id, at).holder?.run ?? []));
  const failures = await failuresOf([...holders], ports.cloud);
  const entry = entryOf(event, lines, failures, ports.clock.now());
  if (entry === undefined || "waitMs" in entry) return entry;
  return (await appendOrLose(ports, key, log.end, entry)) === undefined ? "lost" : entry;
}

/** When the runs that failed ended, epoch ms. */
async function failuresOf(runs: readonly string[], cloud: CloudClient): Promise<Map<string, number>> {
  const found = await Promise.all(
    runs.map(async (run) => {
      const now = standing(run, await readRunLog(cloud, run));
      return now !== undefined && hasFailed(now) ? [[run, now.endedAt] as const] : [];
    }),
  );
  return new Map(found.flat());
}

/**
 * The line that an event adds to the ledger; undefined when it says nothing new, `waitMs` until it may (ALERT-1). Pure.
 * `failures`: when the runs that failed ended.
 */
export function entryOf(
  { run, alerts, at = 0, phaseStartedAt }: Pick<Alerts, "run" | "alerts" | "at" | "phaseStartedAt">,
  lines: readonly AlertLine[],
  failures: ReadonlyMap<string, number>,
  now: number,
): Entry | { readonly waitMs: number } | undefined {
  const ids = alerts.map(([id]) => id);
  if (alerts.every(([, wanted]) => wanted === 0)) return { run, alerts: ids, at, over: true };
  const states = ids.map((id) => ({ id, ...stateOf(lines, id, at) }));
  // An attempt that began before this run and failed since stands for it too.
  const isFree = (holder?: AlertLine) =>
    holder === undefined || (failures.get(holder.run) ?? Infinity) < phaseStartedAt;
  const free = states.filter(({ isOver, holder }) => !isOver && isFree(holder));
  const [first] = states;
  if (free.length === 0)
    return first?.holder !== undefined && at - first.holder.at >= REPEATED_MS
      ? { run: first.holder.run, alerts: ids, at }
      : undefined;
  const failedAt = Math.max(...free.map(({ holder }) => failures.get(holder?.run ?? "") ?? 0));
  if (now - failedAt < RETRY_AFTER_MS) return { waitMs: failedAt + RETRY_AFTER_MS - now };
  const takenAt = Math.max(at, ...free.map(({ holder }) => holder?.at ?? 0));
  return { run, alerts: free.map(({ id }) => id), at: takenAt };
}

/** Sooner, the failure may be of the same moment. */
const RETRY_AFTER_MS = minutes(5);
/** Of an alarm that is repeated every minute the ledger gets four lines a day. */
const REPEATED_MS = hours(6);
/** ALERT-5. */
const FORGOTTEN_MS = days(2);

/** The state of an alert in the ledger at an instant: the line that holds it, or its end since then. Pure. */
export function stateOf(lines: readonly AlertLine[], id: string, at: number) {
  const own = lines
    .filter(({ alerts: ids }) => ids.includes(id))
    .toReversed()
    .toSorted((a, b) => b.at - a.at);
  const over = own.find((line) => line.over);
  // A line of a run that took the alert before its end is a repeat that overtook the end.
  const isSince = ({ run }: AlertLine) =>
    over === undefined || own.every((line) => line.run !== run || line.at > over.at);
  const holder = own.find((line) => line.over === undefined && isSince(line));
  if (holder === undefined) return { isOver: over !== undefined && at <= over.at };
  return at - holder.at <= FORGOTTEN_MS ? { isOver: false, holder } : { isOver: false };
}

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
