/** Runs that went silent because their event was lost: found by their records, resumed where they stopped. */
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { days, hours } from "../../../shared/duration.ts";
import { EventError } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { recordFolder, recordKey } from "../../../shared/keys.ts";
import { isRunId, taskId } from "../../../shared/names.ts";
import { send } from "../../../shared/send.ts";
import type { RunRecord } from "../../../shared/workflow/record.ts";
import { functionOf } from "../../../shared/workflow/run-id.ts";
import { knownRecord } from "../known-record.ts";

/** A run is lost when its record says "running" and its event is overdue by this much. */
const SILENT_MS = hours(1);

/** Approvals and retention wait for days; such old runs are looked for once a day. */
const LOOK_BACK_DAYS = { always: 2, atMidnight: 9 } as const;

/** Records read at the same time: a busy account has thousands of them in two days. */
const AT_ONCE = 20;

/** Lost runs of the last days. */
export async function findLostRuns(ports: Ports): Promise<RunRecord[]> {
  const now = ports.clock.now();
  const lost: RunRecord[] = [];
  const back = now % days(1) < hours(1) ? LOOK_BACK_DAYS.atMidnight : LOOK_BACK_DAYS.always;
  for (let day = 0; day < back; day++) {
    const objects = await listObjects(ports.cloud, recordFolder(now - days(day)));
    const runs = objects.flatMap(({ key }) => runAt(key) ?? []);
    for (let from = 0; from < runs.length; from += AT_ONCE) {
      const some = runs.slice(from, from + AT_ONCE);
      const records = await Promise.all(some.map((run) => knownRecord(run, ports)));
      lost.push(...records.filter((record) => record !== undefined).filter((record) => isLost(record, now)));
    }
  }
  return lost;
}

/** The run whose record lies under `key`; undefined for any other object. */
function runAt(key: string): string | undefined {
  const run = key.slice(key.lastIndexOf("/") + 1, -".json".length);
  return isRunId(run) && recordKey(run) === key ? run : undefined;
}

const isLost = ({ state, event, updatedAt }: RunRecord, now: number): boolean =>
  state === "running" &&
  event !== undefined &&
  now - Math.max(Date.parse(updatedAt), event.runAt) > SILENT_MS;

/** Sends the last event of a run again, once an hour. A late original is its duplicate (WORKFLOW-5). */
export async function resume({ event, run }: RunRecord, ports: Ports): Promise<void> {
  const to = functionOf(run);
  if (event === undefined || to === undefined) throw new EventError(`run ${run} cannot be resumed`);
  const period = Math.floor(ports.clock.now() / hours(1));
  const id = taskId.resend(run, event.seq, "again", period);
  await send({ to, taskId: id, event: { ...event } }, ports);
}
