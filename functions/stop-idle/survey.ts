/** Looks at a fleet: its instances, their metrics, and the verdict on each. Changes nothing. */
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import { hourlyPoints, type Point } from "../../shared/cloud/metrics.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { decide, lastFullHour, SIGNALS, withinBounds, type SignalName, type Verdict } from "./decide.ts";

export interface Survey {
  readonly verdicts: readonly Verdict[];
  /** How many of the fleet ran when it was looked at. */
  readonly running: number;
  readonly total: number;
}

/** The verdict on every instance of `fleet`; `only` narrows it to a second look at some. */
export async function surveyFleet(
  fleet: string,
  policy: IdlePolicy,
  { cloud, clock }: Ports,
  only?: readonly string[],
): Promise<Survey> {
  const tags = { [TAG.fleet]: fleet, [TAG.role]: "member" };
  const members = await describeInstances(cloud, { tags, many: true });
  const running = members.filter(({ status }) => status === "Running");
  const looked = only === undefined ? members : members.filter(({ id }) => only.includes(id));
  const samples = await samplesOf(looked, policy, cloud, clock.now());
  const verdicts = looked
    .toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || (a.id < b.id ? -1 : 1))
    .map((instance) => decide(instance, samples(instance.id), policy, clock.now()));
  return {
    verdicts: withinBounds(verdicts, policy, running.length),
    running: running.length,
    total: members.length,
  };
}

/** Metrics of those that could be stopped at all: each metric once, fifty instances a call. */
async function samplesOf(
  members: readonly Instance[],
  policy: IdlePolicy,
  cloud: Ports["cloud"],
  now: number,
) {
  const ids = members.filter(({ status }) => status === "Running").map(({ id }) => id);
  const names = Object.keys(policy.signals) as SignalName[];
  const metrics = [...new Set(names.map((name) => SIGNALS[name].metric))];
  const end = lastFullHour(now);
  // The API leaves its start open; a millisecond earlier closes it.
  const byMetric = new Map<string, Map<string, Point[]>>();
  for (const metric of metrics) {
    byMetric.set(metric, await hourlyPoints(cloud, metric, ids, end - policy.windowMs - 1, end));
  }
  return (id: string) =>
    Object.fromEntries(metrics.map((metric) => [metric, byMetric.get(metric)?.get(id) ?? []]));
}
