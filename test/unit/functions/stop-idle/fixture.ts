/** An instance and a policy as the pure functions of stop-idle take them. */
import type { Instance } from "../../../../shared/cloud/ecs/instance.ts";
import type { Point } from "../../../../shared/cloud/cms/metrics.ts";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../../shared/documents/idle.ts";
import { days, hours } from "../../../../shared/duration.ts";
import { lastFullHour } from "../../../../functions/stop-idle/idle-check/signals.ts";

/** A Monday afternoon in Shanghai, ten past the hour. */
export const NOW = Date.parse("2026-03-02T06:10:00Z");

/** The policy as a document would give it. */
export function policyOf(written: object = {}): IdlePolicy {
  const idle = { signals: { cpuAverage: 5 }, window: "3h", cap: { percent: 100 }, ...written };
  const launch = { InstanceType: "ecs.g7.large", VSwitchId: "vsw-1", SecurityGroupId: "sg-1" };
  const fleet = { family: "web", limits: { max: 10_000 }, launch, idle };
  const policy = parseFleet("web", JSON.stringify(fleet)).idle;
  if (policy === undefined) throw new TypeError("no policy");
  return policy;
}

export function instanceOf(changes: Partial<Instance> = {}): Instance {
  const startedAt = NOW - days(2);
  return {
    id: "i-1",
    name: "web-1",
    status: "Running",
    type: "ecs.g7.large",
    imageId: "m-1",
    zone: "cn-hangzhou-h",
    vSwitchId: "vsw-1",
    createdAt: startedAt,
    startedAt,
    autoReleaseAt: undefined,
    stoppedMode: "Not-applicable",
    chargeType: "PostPaid",
    spotStrategy: "NoSpot",
    deletionProtection: false,
    locks: [],
    publicIps: [],
    tags: {},
    ...changes,
  };
}

/** One point an hour over the last `count` full hours, each with `cpu` on average. */
export function cpuPoints(count: number, cpu: number | ((hour: number) => number), now = NOW): Point[] {
  return Array.from({ length: count }, (_, hour) => {
    const average = typeof cpu === "number" ? cpu : cpu(hour);
    return { at: lastFullHour(now) - hours(hour + 1), average, minimum: 0, maximum: average * 2 };
  });
}
