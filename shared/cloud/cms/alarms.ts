/** Alert rules of CloudMonitor. */
import * as z from "zod/mini";
import type { CloudClient } from "../client.ts";
import { askMonitor, verdict } from "./monitor.ts";

const answer = () =>
  z.looseObject({
    ...verdict(),
    Alarms: z.optional(
      z.looseObject({
        Alarm: z.optional(z.array(z.looseObject({ RuleId: z.string(), AlertState: z.optional(z.string()) }))),
      }),
    ),
  });

/**
 * The states of rules by their ids, at most 20: `OK`, `ALARM` or `INSUFFICIENT_DATA`. A rule that is not there is not in it.
 * https://www.alibabacloud.com/help/en/cms/developer-reference/api-cms-2019-01-01-describemetricrulelist
 * @throws CloudError
 */
export async function alarmStates(client: CloudClient, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const params = { RuleIds: ids.join(","), PageSize: "20" };
  const { Alarms } = await askMonitor(client, "DescribeMetricRuleList", params, answer);
  return new Map((Alarms?.Alarm ?? []).map(({ RuleId, AlertState = "" }) => [RuleId, AlertState]));
}
