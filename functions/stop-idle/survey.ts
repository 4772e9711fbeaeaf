/**
 * Looks at instances: their metrics, and the verdict on each. Changes nothing.
 *
 * V1. Metrics are read only for those that could be stopped, and the next metric only for those that every
 *     metric so far found idle.
 * V2. Two calls at a time: at 50 ms a call that is 40 a second, below the 50 that CloudMonitor allows an
 *     account. A larger share would throttle the account's own dashboards.
 * V3. Minutes are read only of those about to be stopped: sixteen points of fifty instances are one page, so a
 *     slice of a hundred costs two more calls per metric.
 *
 * Why one event is enough: 10,000 instances are 100 pages, one after another, and for each of at most seven
 * metrics 200 calls in two lanes. At 100 ms that is 10 s + 7 × 10 s = 80 s, at 50 ms half of it; the function
 * has 300 s. With CPU alone it is 20 s.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import type { Instance } from "../../shared/cloud/instances.ts";
import { metricPoints, type Point } from "../../shared/cloud/metrics.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { decide, decideAgain, protectedBy, weigh, type Verdict } from "./decide.ts";
import { lastMinutes, SIGNALS, windowOf, type Samples, type SignalName, type Span } from "./signals.ts";

/** The verdict on each of `instances`, in their order. @throws CloudError `wait` when throttled. */
export async function survey(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
): Promise<Verdict[]> {
  const open = instances.filter((instance) => protectedBy(instance, policy, now) === undefined);
  const samples = await readSamples(cloud, open, policy, windowOf(policy, now));
  return instances.map((instance) => decide(instance, samples.get(instance.id) ?? {}, policy, now));
}

/**
 * The last look before a stop: the verdicts again, and for those still to be stopped their last minutes.
 * @throws CloudError when a metric cannot be read: then nothing is known of any of them.
 */
export async function lastLook(
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
): Promise<Verdict[]> {
  const verdicts = await survey(cloud, instances, policy, now);
  const leaving = instances.filter((_, n) => verdicts[n]?.act === "stop");
  const samples = await readSamples(cloud, leaving, policy, lastMinutes(now));
  const byId = new Map(leaving.map((instance) => [instance.id, instance]));
  return verdicts.map((verdict) => {
    const instance = byId.get(verdict.id);
    if (instance === undefined) return verdict;
    return decideAgain(verdict, instance, samples.get(verdict.id) ?? {}, policy, now);
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
    const names = (Object.keys(SIGNALS) as SignalName[]).filter((name) => SIGNALS[name].metric === metric);
    if (names.every((name) => policy.signals[name] === undefined)) continue;
    read.add(metric);
    const partial = { ...policy, signals: signalsIn(policy.signals, read) };
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

const signalsIn = (signals: IdlePolicy["signals"], read: ReadonlySet<string>): IdlePolicy["signals"] =>
  Object.fromEntries(
    Object.entries(signals).filter(([name]) => read.has(SIGNALS[name as SignalName].metric)),
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
  // The API leaves its start open; a millisecond earlier closes it.
  const asked = { periodMs, fromAt: startAt - 1, toAt };
  // All settle, so that no call outlives the step.
  const answers = await Promise.allSettled(lanes.map((lane) => metricPoints(cloud, metric, lane, asked)));
  const points = new Map<string, Point[]>();
  for (const answer of answers) {
    if (answer.status === "rejected") throw answer.reason as Error;
    for (const [id, list] of answer.value) points.set(id, list);
  }
  return points;
}
