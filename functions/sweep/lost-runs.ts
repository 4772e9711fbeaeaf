/** Runs that went silent: found by their records, taken up where they stopped. */
import { deliver } from "../../shared/cloud/fc.ts";
import { listObjects } from "../../shared/cloud/oss.ts";
import { days, hours } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/handler.ts";
import { readRecord, type RunRecord } from "../../shared/journal.ts";
import { functionOf, recordKey } from "../../shared/run.ts";
import { isLost } from "./decide.ts";

/** Approvals and retention wait for days; such runs are looked for once a day. */
const LOOK_BACK_DAYS = { always: 2, atMidnight: 9 } as const;

/** Runs of the last days whose record says they are at work, and whose event is long overdue. */
export async function lostRuns({ cloud, clock }: Ports): Promise<RunRecord[]> {
  const now = clock.now();
  const lost: RunRecord[] = [];
  const back = now % days(1) < hours(1) ? LOOK_BACK_DAYS.atMidnight : LOOK_BACK_DAYS.always;
  for (let day = 0; day < back; day++) {
    const at = now - days(day);
    const objects = await listObjects(cloud, `runs/${new Date(at).toISOString().slice(0, 10)}/`);
    for (const { key } of objects.filter((object) => /^runs\/[^/]+\/[^/]+\.json$/.test(object.key))) {
      const run = key.slice(key.lastIndexOf("/") + 1, -".json".length);
      const record = recordKey(run) === key ? await readRecord(cloud, run) : undefined;
      if (record && isLost(record, now)) lost.push(record);
    }
  }
  return lost;
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
