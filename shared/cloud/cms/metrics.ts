/** Metrics of instances from CloudMonitor. */
import * as z from "zod/mini";
import type { CloudClient } from "../client.ts";
import { batches, byToken } from "../ecs/pages.ts";
import { askMonitor, verdict } from "./monitor.ts";

/** One period of one instance. A period without data has no point, which does not mean 0. */
export interface Point {
  /** Start or end of the period, epoch ms: the documentation does not say which. */
  readonly at: number;
  /** The public address, where a metric has one series for each. */
  readonly ip?: string;
  /** NaN where the answer has no number. */
  readonly average: number;
  readonly minimum: number;
  readonly maximum: number;
}

const pageAnswer = () =>
  z.looseObject({
    ...verdict(),
    // A list, but as JSON text.
    Datapoints: z.optional(z.string()),
    NextToken: z.optional(z.string()),
  });

const datapoints = () =>
  z.array(
    z.looseObject({
      timestamp: z.number(),
      instanceId: z.string(),
      ip: z.optional(z.string()),
      Average: z.optional(z.number()),
      Minimum: z.optional(z.number()),
      Maximum: z.optional(z.number()),
    }),
  );

/**
 * Instances in one call, and points in one page:
 * https://www.alibabacloud.com/help/en/cms/developer-reference/api-cms-2019-01-01-describemetriclist
 */
const INSTANCES_MAX = 50;
const POINTS_MAX = 1440;

/** The points in (fromAt, toAt], each of them `periodMs` long. */
interface MetricSpan {
  /** A minute, whose points are kept for 31 days, or an hour, whose points are kept for 91. */
  readonly periodMs: number;
  readonly fromAt: number;
  readonly toAt: number;
}

/**
 * The points of a basic metric such as `CPUUtilization`, oldest first, by instance. Instances without any
 * point are in the map with an empty list.
 */
export async function metricPoints(
  client: CloudClient,
  metricName: string,
  ids: readonly string[],
  { periodMs, fromAt, toAt }: MetricSpan,
): Promise<Map<string, Point[]>> {
  const points = new Map(ids.map((id) => [id, [] as Point[]]));
  for (const batch of batches(ids, INSTANCES_MAX)) {
    const params = {
      Namespace: "acs_ecs_dashboard",
      MetricName: metricName,
      Period: String(periodMs / 1000),
      Dimensions: JSON.stringify(batch.map((instanceId) => ({ instanceId }))),
      // As numbers, because text is read in the time zone of the account.
      StartTime: String(fromAt),
      EndTime: String(toAt),
      Length: String(POINTS_MAX),
    };
    for (const row of await pagesOf(client, params)) {
      // A missing number is not 0, which would look like idleness.
      const { timestamp: at, instanceId, ip, Average = NaN, Minimum = NaN, Maximum = NaN } = row;
      const numbers = { average: Average, minimum: Minimum, maximum: Maximum };
      points.get(instanceId)?.push({ at, ...(ip !== undefined && { ip }), ...numbers });
    }
  }
  for (const list of points.values()) list.sort((a, b) => a.at - b.at);
  return points;
}

function pagesOf(
  client: CloudClient,
  params: Readonly<Record<string, string>>,
): Promise<z.infer<ReturnType<typeof datapoints>>> {
  const action = "DescribeMetricList";
  const fetch = async (NextToken: string | undefined) => {
    const page = await askMonitor(client, action, { ...params, NextToken }, pageAnswer);
    return { items: datapoints().parse(JSON.parse(page.Datapoints || "[]")), nextToken: page.NextToken };
  };
  return byToken(action, fetch, "cms");
}
