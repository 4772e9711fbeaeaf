/**
 * `alerts`: which alerts of a delivery still need instances. A delivery holds every alert of its group, the ones of
 * earlier deliveries too, so the fleet has a ledger of the alerts that its runs took.
 *
 * ALERT-1. An alert belongs to the newest run that took it, until that run has failed.
 * ALERT-2. A run takes alerts with one line, so of two deliveries at the same time one takes those of both.
 * ALERT-3. Alerts of more than a day ago are ignored by the webhook, so the end of the ledger is enough.
 * ALERT-4. An alarm without a start of its own is one alert until it is over, which is a line too; deliveries that come in
 *     another order are compared by their times. A repeat is written down, so that the alarm stays in the end of the ledger.
 * ALERT-5. CloudMonitor repeats an alarm at least once a day. One that it did not repeat for two days is over, although
 *     its end was lost. https://www.alibabacloud.com/help/en/cloudmonitor/latest/describemetricrulelist (SilenceTime)
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { days, minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { alertsKey } from "../../../shared/keys.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { afterLostRace } from "../../../shared/limits/reservations.ts";
import { append, readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";
import { hasFailed, readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
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
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const other = member === undefined ? undefined : await otherOwner(member, input.fleet, ports.cloud);
  if (other !== undefined) return other.isKnown ? nothing(event, other.why) : failed(other.why);
  const entry = await enter(event, ports);
  return entry === "lost"
    ? afterLostRace(event, input.fleet, ports)
    : needed(event, entry, loaded.document.limits.perRequest);
}

const nothing = ({ input }: Alerts, why: string): Outcome =>
  done({ fleet: input.fleet, asked: 0, count: 0, why });

function needed(event: Alerts, entry: Entry | undefined, perRequest: number): Outcome {
  const { run, input, alerts, member: leaving } = event;
  if (entry?.over) return nothing(event, "the alarm is over; when it comes back, it is another request");
  if (entry?.run !== run) return nothing(event, "earlier requests have all of its alerts, or they are over");
  const count = alerts
    .filter(([id]) => entry.alerts.includes(id))
    .reduce((sum, [, wanted]) => sum + Math.min(wanted, perRequest), 0);
  const note = `${entry.alerts.length} of ${alerts.length} alerts need ${count} instances`;
  return next(Plan, {}, { input: { ...input, count, alerts: entry.alerts.length, leaving }, note });
}

/** Writes what an event says into the ledger, unless it says so already. */
async function enter(event: Alerts, ports: Ports): Promise<Entry | "lost" | undefined> {
  const key = alertsKey(event.input.fleet);
  const log = await readLog(ports.cloud, key, Line, 4 * TAIL_BYTES);
  const lines = log.lines.map(({ line }) => line);
  const own = lines.find((line) => line.run === event.run);
  const entry = own ?? (await entryOf(event, lines, ports.cloud));
  if (entry === undefined || entry === own) return entry;
  const appended = await append(ports, key, log.end, entry);
  if (appended.kind === "unknown") throw appended.error;
  return appended.kind === "lost" ? "lost" : entry;
}

/** The line that an event adds to the ledger; undefined when it says nothing new. */
async function entryOf(
  { run, alerts, at = 0 }: Alerts,
  lines: readonly AlertLine[],
  cloud: CloudClient,
): Promise<Entry | undefined> {
  const ids = alerts.map(([id]) => id);
  if (alerts.every(([, wanted]) => wanted === 0)) return { run, alerts: ids, at, over: true };
  const states = ids.map((id) => ({ id, ...stateOf(lines, id, at) }));
  const holders = [...new Set(states.flatMap(({ holder }) => holder?.run ?? []))];
  const failures = new Map(
    await Promise.all(holders.map(async (holder) => [holder, await runFailed(holder, cloud)] as const)),
  );
  const free = states.filter(({ isOver, holder }) => !isOver && (failures.get(holder?.run ?? "") ?? true));
  const takenAt = Math.max(at, ...free.map(({ holder }) => holder?.at ?? 0));
  if (free.length > 0) return { run, alerts: free.map(({ id }) => id), at: takenAt };
  const [repeated] = states;
  const isLater = repeated?.holder !== undefined && at > repeated.holder.at;
  return isLater ? { run: repeated.holder.run, alerts: ids, at } : undefined;
}

/** ALERT-5. */
const FORGOTTEN_MS = days(2);

/** What the ledger says of an alert at an instant: the line that holds it, or that it is over since. Pure. */
export function stateOf(lines: readonly AlertLine[], id: string, at: number) {
  const [newest] = lines
    .filter(({ alerts: ids }) => ids.includes(id))
    .toReversed()
    .toSorted((a, b) => b.at - a.at);
  if (newest?.over) return { isOver: at <= newest.at };
  return newest !== undefined && at - newest.at <= FORGOTTEN_MS
    ? { isOver: false, holder: newest }
    : { isOver: false };
}

async function runFailed(run: string, cloud: CloudClient): Promise<boolean> {
  const now = standing(run, await readRunLog(cloud, run));
  return now !== undefined && hasFailed(now);
}

/** Why an instance that is taken away is none of the fleet's; an instance that is gone already may have been. */
async function otherOwner(member: string, fleet: string, cloud: CloudClient) {
  const [instance] = await describeInstances(cloud, { ids: [member] });
  if (instance === undefined)
    return {
      isKnown: false,
      why: `${member} is not listed, so nothing says that it was a member of fleet ${fleet}; ask for another instance if it was`,
    };
  if (isMember(cloud, instance, fleet)) return undefined;
  return { isKnown: true, why: `${member} is no member of fleet ${fleet}` };
}

export const alerts = phase(Alerts, {
  limitMs: minutes(30),
  run: takeAlerts,
  compensate: ({ input }, reason) => failed(`none of ${input.count} instances: ${reason}`),
});
