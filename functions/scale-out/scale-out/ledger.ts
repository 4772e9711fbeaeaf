/**
 * The ledger of a fleet: which run has each alert, and what is known of its time.
 *
 * ALARM-1. A line says what one delivery changes: the alerts that its run takes, those of other runs that fire still, and
 *     the alarms that are over.
 * ALARM-2. A sender chooses how many lines there are and how long they are. So a line now and then holds all that is open
 *     before it, and each line says where the newest of those begins: whoever reads from there on knows everything, and no
 *     storm pushes out what another sender has sent.
 * ALARM-3. An alarm without a start of its own is one from the first time it is seen to its end. The times decide, in
 *     whichever order its deliveries come: an end takes the alarm from its run if that began before, and what was seen
 *     after the end is another alarm.
 * ALARM-4. CloudMonitor repeats an alarm at least once a day. One that it did not repeat for two days is over, although
 *     its end was lost. https://www.alibabacloud.com/help/en/cloudmonitor/latest/describemetricrulelist (SilenceTime)
 * ALARM-5. Alertmanager repeats an alert at the latest when its notification log forgets it, after 120 hours
 *     (`repeat_interval` and `--data.retention`). One that is not seen for six days has ended. It is as long before an end is
 *     forgotten: an event of CloudMonitor is a day old at most.
 *     https://prometheus.io/docs/alerting/latest/configuration/#route
 * ALARM-6. There is room for 100,000 alerts. A full ledger takes those that it knows, and no new ones: to forget an alert that fires would launch
 *     for it once more.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { days, hours } from "../../../shared/duration.ts";
import { alarmsKey } from "../../../shared/keys.ts";
import { readLog, TAIL_BYTES, type Log } from "../../../shared/workflow/log.ts";
import { alarmsBefore } from "./ledger-before.ts";

const ids = z.array(z.string());
const entry = {
  /** The run that takes `alerts`. */
  run: z.string(),
  alerts: ids,
  /** Alerts that another run has, and that fire still. */
  repeats: z.optional(ids),
  ended: z.optional(ids),
  /** When the alarms were as the line says, epoch ms; 0 for alerts with a start of their own. */
  at: z._default(z.number(), 0),
  /** When they were seen last, if that is another instant. */
  seen: z.optional(z.number()),
};
const Entry = z.strictObject(entry);
export type Entry = z.infer<typeof Entry>;

/** Exported for tests. */
export const Line = z.strictObject({
  ...entry,
  w: z.string(),
  /** Where the line begins that holds all that was open before it (ALARM-2). */
  base: z.int(),
  kept: z.optional(z.array(Entry)),
});
type Line = z.infer<typeof Line>;

/** An alert or alarm: the run that has it ("" for none), since when it is seen, until when, and its newest end. */
export interface Alarm {
  readonly run: string;
  readonly from: number;
  readonly seen: number;
  readonly over: number;
}
const UNKNOWN: Alarm = { run: "", from: 0, seen: 0, over: 0 };

/** Alerts by their identity. */
export type Alarms = ReadonlyMap<string, Alarm>;
export const alarmIn = (alarms: Alarms, id: string): Alarm => alarms.get(id) ?? UNKNOWN;

/** ALARM-4. */
const FORGOTTEN_MS = days(2);
/** ALARM-5. */
const KEPT_MS = days(6);
/** An alert with a start of its own is written down again after so long. */
const REPEATED_MS = hours(6);
/** ALARM-6. */
export const ALERTS_MAX = 100_000;

/** An entry as far as there is room for what is new in it; undefined when nothing is left of it (ALARM-6). */
export function fitting(one: Entry, alarms: Alarms): Entry | undefined {
  let room = ALERTS_MAX - alarms.size;
  const fit = (all: readonly string[]) => all.filter((id) => alarms.has(id) || room-- > 0);
  const { alerts, ended: over, repeats = [] } = one;
  const fitted = { ...one, alerts: fit(alerts), ...(over !== undefined && { ended: fit(over) }) };
  return fitted.alerts.length + repeats.length + (fitted.ended?.length ?? 0) === 0 ? undefined : fitted;
}

/** Of an alert that has ended by `at`, the time says so; one with a start of its own (`at` 0) has no end. */
export const hasEnded = ({ over }: Alarm, at: number): boolean => at > 0 && at <= over;

/** Whether a run has the alarm that is seen at an instant. */
export const isHeld = ({ run, seen }: Alarm, at: number): boolean => run !== "" && at - seen <= FORGOTTEN_MS;

/** Whether a repeat of an alarm that a run has says something new. */
export const saysMore = ({ from, seen }: Alarm, at: number, now: number): boolean =>
  at > 0 ? at > seen || at < from : now - seen >= REPEATED_MS;

/** Whether an alarm that was over at an instant has been seen since, and belongs to no run that began since (ALARM-3). */
export function isAnother({ run, from, seen, over }: Alarm, at: number): boolean {
  const since = Math.max(over, at);
  return seen > since && (run === "" || from <= since);
}

function ended(alarm: Alarm, at: number): Alarm {
  if (at <= alarm.over) return alarm;
  return { ...alarm, over: at, run: alarm.from <= at ? "" : alarm.run };
}

function repeated(alarm: Alarm, at: number, seen: number): Alarm {
  if (hasEnded(alarm, at)) return alarm;
  return { ...alarm, from: Math.min(alarm.from, at), seen: Math.max(alarm.seen, seen) };
}

function taken(alarm: Alarm, run: string, at: number, seen: number): Alarm {
  // At or before its end: the run takes what was seen since.
  const from = hasEnded(alarm, at) ? alarm.seen : at;
  if (hasEnded(alarm, from)) return alarm;
  const since = isHeld(alarm, from) ? Math.min(alarm.from, from) : from;
  return { ...alarm, run, from: since, seen: Math.max(alarm.seen, seen) };
}

/** What lines amount to. Pure. */
export function alarmsIn(lines: readonly Omit<Line, "w">[], now: number): Map<string, Alarm> {
  const alarms = new Map<string, Alarm>();
  const change = (all: readonly string[] = [], to: (alarm: Alarm) => Alarm): void => {
    for (const id of all) alarms.set(id, to(alarmIn(alarms, id)));
  };
  const add = ({ run, alerts, repeats, ended: over, at, seen = at || now }: Entry): void => {
    change(over, (alarm) => ended(alarm, at));
    change(repeats, (alarm) => repeated(alarm, at, seen));
    change(alerts, (alarm) => taken(alarm, run, at, seen));
  };
  for (const { kept = [], ...line } of lines) {
    for (const one of kept) add(one);
    add(line);
  }
  for (const [id, { seen, over }] of alarms) if (now - Math.max(seen, over) > KEPT_MS) alarms.delete(id);
  return alarms;
}

/** Entries that amount to these alarms. */
function entriesOf(alarms: Alarms): Entry[] {
  const entries = new Map<string, Entry>();
  const add = (id: string, list: "alerts" | "repeats" | "ended", one: Pick<Entry, "run" | "at" | "seen">) => {
    const key = JSON.stringify([list, one]);
    const known = entries.get(key) ?? { alerts: [], ...(list !== "alerts" && { [list]: [] }), ...one };
    known[list]?.push(id);
    entries.set(key, known);
  };
  for (const [id, { run, from, seen, over }] of alarms) {
    if (over > 0) add(id, "ended", { run: "", at: over });
    if (run !== "") add(id, "alerts", { run, at: from, seen });
    else if (seen > over) add(id, "repeats", { run: "", at: seen });
  }
  return [...entries.values()];
}

export interface Ledger {
  readonly alarms: Alarms;
  readonly end: number;
  /** Undefined when the next line is to hold what is open. */
  readonly base: number | undefined;
}

/** Since the last line that holds what is open, others may have this length, or twice that of the line if it is longer. */
const LINES_BYTES = 2 * TAIL_BYTES;

/** The ledger in the end of its log; undefined when the log has to be read from further on. Pure. */
export function ledgerIn({ lines, end }: Log<Line>, isWhole: boolean, now: number): Ledger | undefined {
  const base = lines.at(-1)?.line.base;
  const isEnough = base !== undefined && (lines[0]?.position ?? end) <= base;
  if (!isWhole && !isEnough) return undefined;
  const open = lines.filter(({ position }) => position >= (base ?? 0));
  const bytes = (open[1]?.position ?? end) - (base ?? 0);
  const isLong = base === undefined || end - base > Math.max(LINES_BYTES, 2 * bytes);
  const alarms = alarmsIn(
    open.map(({ line }) => line),
    now,
  );
  return { alarms, end, base: isLong ? undefined : base };
}

/** The line for an entry, with what is open where it is time for that (ALARM-2). Pure. */
export const lineOf = (one: Entry, { alarms, end, base }: Ledger): Omit<Line, "w"> =>
  base === undefined ? { ...one, base: end, kept: entriesOf(alarms) } : { ...one, base };

/** Reads the ledger of a fleet, from its first line on that of the version before. @throws EventError for an object that is none */
export async function readLedger(cloud: CloudClient, fleet: string, now: number): Promise<Ledger> {
  const key = alarmsKey(fleet);
  for (let most = 4 * TAIL_BYTES; ; most *= 4) {
    const log = await readLog(cloud, key, Line, most);
    if (log.end === 0) return { alarms: await alarmsBefore(cloud, fleet, now), end: 0, base: undefined };
    const ledger = ledgerIn(log, log.end <= most, now);
    if (ledger !== undefined) return ledger;
  }
}
