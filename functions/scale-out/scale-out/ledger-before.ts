/**
 * The ledger of the version before, which lies under a key of its own: the first line of the new one carries it forward, and
 * nothing is written to it, so that a rollback finds it as it was.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { alertsKeyBefore } from "../../../shared/keys.ts";
import { readLog, TAIL_BYTES } from "../../../shared/workflow/log.ts";
import type { Alarm, Alarms } from "./ledger.ts";

/** Exported for tests. */
export const LineBefore = z.strictObject({
  run: z.string(),
  alerts: z.array(z.string()),
  w: z.string(),
  /** When the alarm was as the line says, epoch ms; 0 for alerts with a start of their own. */
  at: z._default(z.number(), 0),
  over: z.optional(z.literal(true)),
  /** Of an attempt that takes nearly the alerts of an earlier line: its run, and those that it does not take. */
  again: z.optional(z.string()),
  without: z.optional(z.array(z.string())),
});
type LineBefore = z.infer<typeof LineBefore>;

/** Alerts of the fleet by their identity. @throws EventError for an object that is no such ledger */
export async function alarmsBefore(cloud: CloudClient, fleet: string, now: number): Promise<Alarms> {
  const { lines } = await readLog(cloud, alertsKeyBefore(fleet), LineBefore, 4 * TAIL_BYTES);
  return alarmsOf(
    lines.map(({ line }) => line),
    now,
  );
}

/** What its lines amount to. They do not say when an alert with a start of its own was seen, so it is seen now. Pure. */
export function alarmsOf(lines: readonly LineBefore[], now: number): Alarms {
  const own = new Map<string, LineBefore[]>();
  for (const line of wholeLines(lines))
    for (const id of line.alerts) own.set(id, [...(own.get(id) ?? []), line]);
  return new Map([...own].map(([id, all]) => [id, alarmOf(all, now)]));
}

function wholeLines(lines: readonly LineBefore[]): readonly LineBefore[] {
  // `again` means the newest line of its run.
  const newest = new Map<string, readonly string[]>();
  return lines.map((line) => {
    const { run, again, without = [] } = line;
    const left = new Set(without);
    const ofAgain = again === undefined ? [] : (newest.get(again) ?? []).filter((id) => !left.has(id));
    const alerts = [...ofAgain, ...line.alerts];
    newest.set(run, alerts);
    return { ...line, alerts };
  });
}

/** @param lines those of one alert, oldest first */
function alarmOf(lines: readonly LineBefore[], now: number): Alarm {
  const newestFirst = lines.toReversed().toSorted((a, b) => b.at - a.at);
  const end = newestFirst.find((line) => line.over);
  // A line of a run that took the alert before its end is a repeat that overtook the end.
  const isSince = ({ run }: LineBefore) =>
    end === undefined || lines.every((line) => line.run !== run || line.at > end.at);
  const holder = newestFirst.find((line) => line.over === undefined && isSince(line));
  const over = end?.at ?? 0;
  if (holder === undefined) return { run: "", from: 0, seen: 0, over };
  const ofRun = lines.filter(({ run }) => run === holder.run).map(({ at }) => at);
  return { run: holder.run, from: Math.min(...ofRun), seen: holder.at || now, over };
}
