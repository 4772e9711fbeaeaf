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
 * ALERT-6. An attempt is written as it differs from the one before, so storms that fail for days push little out of the end of
 *     the ledger. A delivery of alerts whose line is in its older half writes them once more.
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
import { sum } from "../../../shared/limits/stored-reservation.ts";
import { appendOrLose, readLog, TAIL_BYTES, type Log } from "../../../shared/workflow/log.ts";
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
  /** Of an attempt that takes nearly the alerts of an earlier run: that run, and those that it does not take (ALERT-6). */
  again: z.optional(z.string()),
  without: z.optional(z.array(z.string())),
});
type Line = z.infer<typeof Line>;
export type AlertLine = Omit<Line, "again" | "without"> & { readonly isOld?: boolean };
type Entry = Omit<AlertLine, "w" | "isOld">;

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
  const count = sum(wanted);
  const within = sum(wanted.map((one) => Math.min(one, perRequest)));
  const note = `${wanted.length} of ${alerts.length} alerts need ${count} instances`;
  return next(Plan, {}, { input: { ...input, count, within, alerts: wanted.length, leaving: member }, note });
}

/** Writes what an event says into the ledger, unless it says so already. */
async function enter(event: Alerts, ports: Ports): Promise<ReturnType<typeof entryOf> | "lost"> {
  const key = alertsKey(event.input.fleet);
  const log = await readLog(ports.cloud, key, Line, LEDGER_BYTES);
  const lines = wholeLines(log);
  const own = lines.find((line) => line.run === event.run);
  if (own !== undefined) return own;
  const { at = 0, alerts: asked } = event;
  const ids = asked.map(([id]) => id);
  const holders = new Set(statesOf(lines, ids, at).flatMap(({ holder }) => holder?.run ?? []));
  const failures = await failuresOf([...holders], ports.cloud);
  const entry = entryOf(event, lines, failures, ports.clock.now());
  if (entry === undefined || "waitMs" in entry) return entry;
  return (await appendOrLose(ports, key, log.end, shortened(entry, lines))) === undefined ? "lost" : entry;
}

const LEDGER_BYTES = 4 * TAIL_BYTES;

/** Lines with all of their alerts. Old are those that rest on the older half of what is read (ALERT-6). Pure. */
export function wholeLines({ lines, end }: Pick<Log<Line>, "lines" | "end">): readonly AlertLine[] {
  const newest = new Map<string, AlertLine>();
  return lines.map(({ line: { again, without = [], ...line }, position }) => {
    const base = again === undefined ? undefined : newest.get(again);
    const left = new Set(without);
    const alerts = [...(base?.alerts ?? []).filter((id) => !left.has(id)), ...line.alerts];
    const isOld = end - position > LEDGER_BYTES / 2 || base?.isOld === true;
    const whole = { ...line, alerts, isOld };
    newest.set(line.run, whole);
    return whole;
  });
}

/** An entry as it differs from the earlier attempt for most of its alerts, where that is shorter (ALERT-6). Pure. */
export function shortened(entry: Entry, lines: readonly AlertLine[]): Omit<Line, "w"> {
  const taken = new Set(entry.alerts);
  const base = lines.findLast((line) => line.run !== entry.run && line.alerts.some((id) => taken.has(id)));
  if (base === undefined || base.isOld || base.over) return entry;
  const before = new Set(base.alerts);
  const without = base.alerts.filter((id) => !taken.has(id));
  const alerts = entry.alerts.filter((id) => !before.has(id));
  return without.length + alerts.length < entry.alerts.length
    ? { ...entry, alerts, again: base.run, without }
    : entry;
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
  const states = statesOf(lines, ids, at);
  // An attempt that began before this run and failed since stands for it too.
  const isFree = (holder?: AlertLine) =>
    holder === undefined || (failures.get(holder.run) ?? Infinity) < phaseStartedAt;
  const free = states.filter(({ isOver, holder }) => !isOver && isFree(holder));
  const [first] = states;
  if (free.length === 0)
    return first?.holder !== undefined && at - first.holder.at >= REPEATED_MS
      ? { run: first.holder.run, alerts: ids, at }
      : repeated(states);
  const failedAt = Math.max(...free.map(({ holder }) => failures.get(holder?.run ?? "") ?? 0));
  if (now - failedAt < RETRY_AFTER_MS) return { waitMs: failedAt + RETRY_AFTER_MS - now };
  const takenAt = Math.max(at, ...free.map(({ holder }) => holder?.at ?? 0));
  return { run, alerts: free.map(({ id }) => id), at: takenAt };
}

/** The alerts of one run whose line would soon be read no more. */
function repeated(states: ReturnType<typeof statesOf>) {
  const old = states.find(({ holder }) => holder?.isOld)?.holder;
  if (old === undefined) return undefined;
  const alerts = states.filter(({ holder }) => holder === old).map(({ id }) => id);
  return { run: old.run, alerts, at: old.at };
}

/** Sooner, the failure may be of the same moment. */
const RETRY_AFTER_MS = minutes(5);
/** Of an alarm that is repeated every minute the ledger gets four lines a day. */
const REPEATED_MS = hours(6);
/** ALERT-5. */
const FORGOTTEN_MS = days(2);

/** The states of alerts in the ledger at an instant: the line that holds each, or its end since then. Pure. */
export function statesOf(lines: readonly AlertLine[], ids: readonly string[], at: number) {
  const own = new Map(ids.map((id): [string, AlertLine[]] => [id, []]));
  for (const line of lines) for (const id of line.alerts) own.get(id)?.push(line);
  return ids.map((id) => ({ id, ...stateIn(own.get(id) ?? [], at) }));
}

/** @param lines those of one alert, oldest first */
function stateIn(lines: readonly AlertLine[], at: number) {
  const own = lines.toReversed().toSorted((a, b) => b.at - a.at);
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
