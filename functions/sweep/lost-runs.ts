/** Runs that went silent: found by their records, taken up where they stopped. */
import { deliver } from "../../shared/cloud/fc.ts";
import { listObjects } from "../../shared/cloud/oss.ts";
import { days, hours } from "../../shared/duration.ts";
import { CloudError, EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/handler.ts";
import { readRecord, type RunRecord } from "../../shared/journal.ts";
import { functionOf, isRunId, recordKey } from "../../shared/run.ts";
import { isLost } from "./decide.ts";

/** Approvals and retention wait for days; such runs are looked for once a day. */
const LOOK_BACK_DAYS = { always: 2, atMidnight: 9 } as const;

/** So many records are read at once: a busy account has thousands of them in two days. */
const AT_ONCE = 20;

/** Runs of the last days whose record says they are at work, and whose event is long overdue. */
export async function lostRuns(ports: Ports): Promise<RunRecord[]> {
  const { cloud, clock } = ports;
  const now = clock.now();
  const lost: RunRecord[] = [];
  const back = now % days(1) < hours(1) ? LOOK_BACK_DAYS.atMidnight : LOOK_BACK_DAYS.always;
  for (let day = 0; day < back; day++) {
    const at = now - days(day);
    const objects = await listObjects(cloud, `runs/${new Date(at).toISOString().slice(0, 10)}/`);
    const keys = objects.map(({ key }) => key).filter((key) => /^runs\/[^/]+\/[^/]+\.json$/.test(key));
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const records = await Promise.all(keys.slice(from, from + AT_ONCE).map((key) => recordAt(key, ports)));
      lost.push(...records.flatMap((record) => (record && isLost(record, now) ? [record] : [])));
    }
  }
  return lost;
}

/** The record under `key`; undefined for a file that a person put there, and for one that cannot be read. */
async function recordAt(key: string, ports: Ports): Promise<RunRecord | undefined> {
  const run = key.slice(key.lastIndexOf("/") + 1, -".json".length);
  return isRunId(run) && recordKey(run) === key ? knownRecord(run, ports) : undefined;
}

/**
 * The record of a run as far as this deployment knows it; undefined without one, and for what is no record.
 * @throws CloudError when the bucket refuses: that is about all records, anything else about this one only.
 */
export async function knownRecord(run: string, { cloud, log }: Ports): Promise<RunRecord | undefined> {
  try {
    return await readRecord(cloud, run);
  } catch (error) {
    if (error instanceof CloudError) throw error;
    log({ function: "sweep", warning: "not a record", run, error: (error as Error).message });
    return undefined;
  }
}

/** Sends the last event of a lost run again; the task id of what follows keeps a late original from forking it. */
export async function takeUp(record: RunRecord, ports: Ports): Promise<void> {
  const { event, run } = record;
  const to = functionOf(run);
  if (event === undefined || to === undefined) throw new EventError(`run ${run} cannot be taken up`);
  // Once an hour: a sweep that looks more often finds this one submitted already.
  const taskId = `${run}-${event.seq}-again-${Math.floor(ports.clock.now() / hours(1))}`;
  await deliver(ports.cloud, { to: ports.nameOf(to), payload: JSON.stringify(event), delayMs: 0, taskId });
}
