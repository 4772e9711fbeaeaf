/** Alert rules of CloudMonitor. */
import * as z from "zod/mini";
import { Text } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { cloudError } from "../refusal.ts";

const answer = () =>
  z.looseObject({
    Code: z.optional(Text),
    Message: z.optional(z.string()),
    RequestId: z.optional(z.string()),
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
  const action = "DescribeMetricRuleList";
  const params = { RuleIds: ids.join(","), PageSize: "20" };
  const page = await send(client, { action: { name: action, request: undefined }, params }, answer);
  const { Code: code = "200", Message: said = "", RequestId: requestId = "", Alarms } = page;
  // A refusal may come with HTTP 200.
  if (code !== "200") throw cloudError({ product: "cms", action, code, status: 200, requestId, said });
  return new Map((Alarms?.Alarm ?? []).map(({ RuleId, AlertState = "" }) => [RuleId, AlertState]));
}
