/** What the deployment does now, what waits, what failed lately, and whether it is well. */
import { days, formatDuration, minutes } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";
import { findRuns } from "./runs/search.ts";
import type { RunRow } from "./runs/rows.ts";

const AT_WORK_MAX = 50;
const FAILED_MAX = 10;
/** Runs whose usual duration is looked up. */
const TIMED_MAX = 10;

/** A run at work, and how long its last one took that got done. */
type AtWork = RunRow & { readonly usuallyMs?: number };

/** @throws CloudError */
export async function status(ports: Ports) {
  const { cloud, clock } = ports;
  const now = clock.now();
  const open = await findRuns({ state: "running", limit: AT_WORK_MAX }, ports);
  const waiting = await findRuns({ state: "queued", limit: AT_WORK_MAX }, ports);
  const failed = await findRuns({ state: "failed", since: -days(1), limit: FAILED_MAX }, ports);
  const atWork: AtWork[] = [];
  for (const [index, row] of open.runs.entries())
    atWork.push(index < TIMED_MAX ? { ...row, ...(await usual(row, ports)) } : row);
  const { region, bucket, stage } = cloud.access;
  return {
    at: new Date(now).toISOString(),
    region,
    bucket,
    ...(stage !== "" && { stage }),
    atWork,
    waiting: waiting.runs,
    failed: failed.runs,
    more: open.next !== undefined || waiting.next !== undefined || failed.next !== undefined,
    problems: [...open.runs, ...waiting.runs].flatMap((row) => stuck(row, now)),
  };
}

async function usual({ kind, subject: name }: RunRow, ports: Ports) {
  const [last] = (await findRuns({ kind, name, state: "done", limit: 1 }, ports)).runs;
  return last && { usuallyMs: Date.parse(last.updatedAt) - Date.parse(last.beganAt) };
}

/** The janitor sends what is overdue every five minutes, so nothing is for longer. */
const OVERDUE_MS = minutes(15);

function stuck({ run, dueAt }: RunRow, now: number): readonly string[] {
  const lateMs = now - Date.parse(dueAt ?? "");
  if (!(lateMs > OVERDUE_MS)) return [];
  return [
    `${run} should have gone on ${formatDuration(lateMs)} ago: look whether the function of the run and the timer of the janitor work (npm run doctor)`,
  ];
}
