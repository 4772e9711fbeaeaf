/**
 * CloudMonitor: the callback of a threshold alarm launches instances of the fleet its rule is set to. Pure.
 * https://www.alibabacloud.com/help/en/document_detail/60714.html
 *
 * CLOUDMONITOR-1. An alarm is a rule and what it is about. As long as it goes on it is sent again, with another time each
 *     time, so the fleet's ledger knows it until it was OK (functions/scale-out/scale-out/alerts.ts).
 * CLOUDMONITOR-2. INSUFFICIENT_DATA neither raises an alarm nor ends it: missing data says nothing.
 */
import * as z from "zod/mini";
import { isOneOf } from "../../../shared/hmac.ts";
import { digest } from "../../../shared/keys.ts";
import {
  AbsentOrText,
  FleetShare,
  ignored,
  launch,
  malformed,
  present,
  readBody,
  refused,
  shareOf,
  Tokens,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";
import { parseSystemEvent } from "./system-event.ts";

export const CloudmonitorSettings = z.strictObject({
  kind: z.literal("cloudmonitor"),
  /** CloudMonitor signs nothing, so the callback's URL carries one of these: `?token=…`. */
  tokens: Tokens.check(
    z.refine((tokens) => !tokens.some((token) => /[&#%]/.test(token)), {
      error: "must have none of &, # and %, which mean something else in an address",
    }),
  ),
  /** The fleet of each rule, by its id or name; of a system event by its name or that of its subscription. */
  rules: z.record(z.string(), FleetShare),
});
type CloudmonitorSettings = z.infer<typeof CloudmonitorSettings>;

const Dimensions = z.record(z.string(), z.union([z.string(), z.number()]));

/** A form or JSON, every value as text; dimensions may be a list. */
const Payload = z.looseObject({
  alertName: z.string(),
  alertState: z.string(),
  timestamp: z.union([z.string(), z.number()]),
  ruleId: AbsentOrText,
  dimensions: z.nullish(z.union([z.string(), Dimensions, z.array(Dimensions)])),
});

/** The table of the documentation says ALERT, its example ALARM. */
const RAISED = new Set(["ALERT", "ALARM"]);

export function parseCloudmonitor(
  { tokens, rules }: CloudmonitorSettings,
  request: SenderRequest,
): ParsedWebhook {
  // A plus sign in an address is read as a space. Base64 has no spaces, so one can only have been a plus sign.
  const token = request.query["token"] ?? "";
  if (!isOneOf(tokens, token) && !isOneOf(tokens, token.replaceAll(" ", "+")))
    return refused(
      "?token=… of the callback URL is missing or none of the tokens of this sender: compare it with KILN_SENDERS",
    );
  const body = readBody(request);
  return parseSystemEvent(body, rules, request) ?? parseAlarm(body, rules, request.now);
}

function parseAlarm(body: unknown, rules: CloudmonitorSettings["rules"], now: number): ParsedWebhook {
  const parsed = Payload.safeParse(body);
  if (!parsed.success) return malformed("not the callback of a CloudMonitor alarm or system event");
  const { alertName, alertState, timestamp, dimensions } = parsed.data;
  const ruleId = present(parsed.data.ruleId);
  const isOver = alertState === "OK";
  if (!isOver && !RAISED.has(alertState)) return ignored(`the alarm is ${alertState}`);
  const share = shareOf(rules, [ruleId ?? "", alertName]);
  if (share === undefined) return ignored("no fleet is set for this rule");
  const at = instantOf(timestamp);
  const alarm = digest(JSON.stringify([ruleId ?? alertName, ...partsOf(dimensions)]));
  const delivery = [alarm, String(timestamp), ...(isOver ? [alertState] : [])];
  const state = { at, ...(isOver && { over: true as const }) };
  return launch({ ...share, at, delivery, alerts: [[alarm, share.count]], state }, now);
}

/**
 * The dimensions in one order. The same ones come as `{instanceId=i-1, userId=2}` in a form and as a list of maps in JSON.
 */
const partsOf = (dimensions: z.infer<typeof Payload>["dimensions"]): string[] =>
  (typeof dimensions === "string" ? dimensions.replace(/^null$/, "") : JSON.stringify(dimensions ?? ""))
    .replaceAll(/[{}[\]"\s]/g, "")
    .split(",")
    .map((part) => part.replace(":", "="))
    .toSorted();

/** Ten digits are seconds, thirteen milliseconds: both occur. */
function instantOf(timestamp: string | number): number {
  const text = String(timestamp);
  if (/^\d{10}$/.test(text)) return Number(text) * 1000;
  return /^\d{13}$/.test(text) ? Number(text) : Number.NaN;
}
