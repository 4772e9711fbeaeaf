/**
 * Reads the metrics of instances and decides the verdict on each.
 *
 * METRICS-1. Metrics are read only for instances that could be stopped, and the next metric only for those that
 *     every metric so far found idle.
 * METRICS-2. Two calls run at a time. At 50 ms a call these are 40 calls a second, below the 50 that an account
 *     may make; more would throttle the account's own dashboards.
 *     (https://www.alibabacloud.com/help/en/cms/developer-reference/api-cms-2019-01-01-describemetriclist)
 * METRICS-3. Minutes are read only for instances that are about to be stopped. Sixteen points of fifty instances are
 *     one page, so a slice of a hundred costs two more calls per metric.
 *
 * One event is enough: 10,000 instances are 100 pages, one after another, and for each of at most seven metrics
 * 200 calls, two at a time. At 100 ms a call that is 10 s + 7 × 10 s = 80 s, and the function has 300 s.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { metricPoints, type Point } from "../../../shared/cloud/cms/metrics.ts";
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { days, formatDuration } from "../../../shared/duration.ts";
import { decide, keptByLastMinutes, protectedBy, weigh, type Verdict } from "./decide.ts";
import {
  checkIntervalMs,
  lastMinutes,
  SIGNAL_NAMES,
  SIGNALS,
  windowOf,
  type Samples,
  type Span,
} from "./signals.ts";

/** The verdict on each of `instances`, in their order. @throws CloudError `wait` when throttled. */
export async function assess(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
): Promise<Verdict[]> {
  const byClock = policy.outside === "stop";
  const open = byClock
    ? []
    : instances.filter((instance) => protectedBy(instance, policy, now) === undefined);
  const samples = await readSamples(cloud, open, policy, windowOf(policy, now));
  return instances.map((instance) => decide(instance, samples.get(instance.id) ?? {}, policy, now));
}

/**
 * The verdicts just before a stop, with the last minutes of those that are still to be stopped.
 * @throws CloudError when a metric cannot be read: then nothing is known about any of them.
 */
export async function assessAgain(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
): Promise<Verdict[]> {
  const verdicts = await assess(cloud, instances, policy, now);
  const leaving = instances.filter((_, n) => verdicts[n]?.act === "stop" && verdicts[n].why === "idle");
  const samples = await readSamples(cloud, leaving, policy, lastMinutes(now));
  const byId = new Map(leaving.map((instance) => [instance.id, instance]));
  return verdicts.map((verdict) => {
    const instance = byId.get(verdict.id);
    const kept = instance && keptByLastMinutes(instance, samples.get(verdict.id) ?? {}, policy, now);
    return kept ?? verdict;
  });
}

/**
 * Calls of DescribeMetric* that an account has free each month; further ones fail unless they are paid for:
 * https://www.alibabacloud.com/help/en/cms/developer-reference/api-cms-2019-01-01-describemetriclist
 */
const FREE_CALLS = 1_000_000;

/** The calls of one survey, and of a month with as many in each check, in words; undefined when metrics are not read. */
export function metricCalls(calls: number, policy: IdlePolicy): string | undefined {
  if (calls === 0) return undefined;
  const intervalMs = checkIntervalMs(policy);
  const month = calls * (days(30) / intervalMs);
  return `${calls} × a check every ${formatDuration(intervalMs)} = ${month} in 30 days, of ${FREE_CALLS} that an account has free`;
}

/** An instance that does not work now, and whether it was idle over the whole window; in words. */
export interface Quiet {
  readonly instance: Instance;
  readonly idle: boolean;
  readonly reason: string;
}

/** Those of `instances` whose last minutes are known and idle. @throws CloudError as `assessAgain` */
export async function quietOnes(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
): Promise<Quiet[]> {
  const samples = await readSamples(cloud, instances, policy, lastMinutes(now));
  const quiet = instances.filter(
    (one) => keptByLastMinutes(one, samples.get(one.id) ?? {}, policy, now) === undefined,
  );
  const verdicts = await assess(cloud, quiet, policy, now);
  return quiet.flatMap((instance, n) => {
    const verdict = verdicts[n];
    if (verdict === undefined || verdict.why === "no signal") return [];
    return [{ instance, idle: verdict.act !== "keep", reason: verdict.reason }];
  });
}

async function readSamples(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  span: Span,
): Promise<Map<string, Samples>> {
  const samples = new Map<string, Record<string, readonly Point[]>>();
  let open = instances;
  const read = new Set<string>();
  for (const metric of new Set(Object.values(SIGNALS).map((signal) => signal.metric))) {
    const names = SIGNAL_NAMES.filter((name) => SIGNALS[name].metric === metric);
    if (names.every((name) => policy.signals[name] === undefined)) continue;
    read.add(metric);
    const partial = { ...policy, signals: signalsIn(policy, read) };
    const asked = metric.startsWith("VPC_PublicIP")
      ? open.filter(({ publicIps }) => publicIps.length > 0)
      : open;
    const points = await inTwoLanes(cloud, metric, asked, span);
    for (const [id, list] of points) samples.set(id, { ...samples.get(id), [metric]: list });
    open = open.filter(
      (instance) => weigh(instance, samples.get(instance.id) ?? {}, partial, span).doubt === undefined,
    );
  }
  return samples;
}

const signalsIn = ({ signals }: IdlePolicy, read: ReadonlySet<string>): IdlePolicy["signals"] =>
  Object.fromEntries(
    SIGNAL_NAMES.filter((name) => read.has(SIGNALS[name].metric)).map((name) => [name, signals[name]]),
  );

const PER_CALL = 50;

async function inTwoLanes(
  cloud: CloudClient,
  metric: string,
  instances: readonly Instance[],
  { periodMs, startAt, endAt: toAt }: Span,
): Promise<Map<string, Point[]>> {
  const ids = instances.map(({ id }) => id);
  const half = Math.ceil(ids.length / 2 / PER_CALL) * PER_CALL;
  const lanes = [ids.slice(0, half), ids.slice(half)].filter((lane) => lane.length > 0);
  // The cloud excludes the start of the span; a millisecond earlier includes it.
  const asked = { periodMs, fromAt: startAt - 1, toAt };
  // All settle, so that no call outlives the invocation.
  const answers = await Promise.allSettled(lanes.map((lane) => metricPoints(cloud, metric, lane, asked)));
  const points = new Map<string, Point[]>();
  for (const answer of answers) {
    if (answer.status === "rejected") throw answer.reason;
    for (const [id, list] of answer.value) points.set(id, list);
  }
  return points;
}
