/** The status of a deployment: runs at work, runs that wait, runs that failed lately, and its own problems. */
import { orWhy } from "../../shared/apart.ts";
import { basename } from "node:path";
import { listObjects } from "../../shared/cloud/oss/objects.ts";
import { days, formatDuration, minutes } from "../../shared/duration.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { PAUSES } from "../../shared/keys.ts";
import { pauseOf } from "../../shared/pauses.ts";
import { findRuns, isIncomplete } from "./runs/search.ts";
import type { RunRow } from "./runs/rows.ts";

const AT_WORK_MAX = 50;
const FAILED_MAX = 10;
/** Runs whose usual duration is looked up. */
const TIMED_MAX = 10;
const LAST = 3;

/** A run at work, and how long its last one took that got done. */
type AtWork = RunRow & { readonly usuallyMs?: number };

/** @throws CloudError */
export async function status(ports: Ports) {
  const { cloud, clock } = ports;
  const now = clock.now();
  const open = await findRuns({ atWork: true, limit: AT_WORK_MAX }, ports);
  const waiting = open.runs.filter(({ state }) => state === "queued");
  const running = open.runs.filter(({ state }) => state === "running");
  const failed = await findRuns({ state: "failed", since: -days(1), limit: FAILED_MAX }, ports);
  const timed = await inBatches(running.slice(0, TIMED_MAX), async (row) => ({
    ...row,
    ...(await usual(row, ports)),
  }));
  const atWork: readonly AtWork[] = [...timed, ...running.slice(TIMED_MAX)];
  const { region, bucket, stage } = cloud.access;
  return {
    at: new Date(now).toISOString(),
    region,
    bucket,
    ...(stage !== "" && { stage }),
    atWork,
    waiting,
    failed: failed.runs,
    more: open.next !== undefined || failed.next !== undefined,
    problems: [
      ...((await isIncomplete(ports))
        ? ["the index of runs is being rebuilt: ended runs may be missing"]
        : []),
      ...open.runs.flatMap((row) => stuck(row, now)),
      ...(await pausedRecipes(ports)),
    ],
  };
}

/** Logs of failures that are read: each takes one call or two. */
const PAUSE_LOGS_MAX = 1_000;
/** Paused recipes that are listed. */
const PAUSED_MAX = 20;

/** Recipes that bake no more until an operator acts. Every recipe that failed once has a log, so the newest are read first. */
async function pausedRecipes(ports: Ports): Promise<readonly string[]> {
  const logs = await listObjects(ports.cloud, PAUSES);
  const newest = logs.toSorted((a, b) => b.lastModifiedAt - a.lastModifiedAt).slice(0, PAUSE_LOGS_MAX);
  const pauses = await inBatches(newest, async ({ key }) => {
    const recipe = basename(key, ".jsonl");
    const pause = await orWhy(key, () => pauseOf(recipe, ports), ports);
    return pause.ok ? pause.value : `recipe ${recipe} may be paused: ${pause.problem}`;
  });
  const paused = pauses.filter((pause) => pause !== undefined);
  const more = paused.length - PAUSED_MAX;
  const unread = logs.length - newest.length;
  return [
    ...paused.slice(0, PAUSED_MAX),
    ...(more > 0 ? [`${more} more recipes are paused; resume the listed ones to see them`] : []),
    ...(unread > 0
      ? [`only the ${PAUSE_LOGS_MAX} recipes that failed last are looked at; ${unread} more may be paused`]
      : []),
  ];
}

/** Of the last ones the longest: a bake that finds nothing to do ends at once. */
async function usual({ kind, subject: name }: RunRow, ports: Ports) {
  const { runs } = await findRuns({ kind, name, state: "done", limit: LAST }, ports);
  const took = runs.map(({ beganAt, updatedAt }) => Date.parse(updatedAt) - Date.parse(beganAt));
  return took.length === 0 ? {} : { usuallyMs: Math.max(...took) };
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
