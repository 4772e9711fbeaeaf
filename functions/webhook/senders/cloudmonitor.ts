/**
 * CloudMonitor: the callback of a threshold alert launches instances of the fleet its rule is set to. Pure.
 * https://www.alibabacloud.com/help/en/document_detail/60714.html
 */
import * as z from "zod/mini";
import { isOneOf } from "../../../shared/hmac.ts";
import { Secrets } from "../../../shared/http/config.ts";
import {
  FleetShare,
  ignored,
  launch,
  malformed,
  readBody,
  refused,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";

export const CloudmonitorSettings = z.strictObject({
  kind: z.literal("cloudmonitor"),
  /** CloudMonitor signs nothing, so the callback's URL carries one of these: `?token=…`. */
  tokens: Secrets,
  /** The fleet of each rule, by its id or name. */
  rules: z.record(z.string(), FleetShare),
});
type CloudmonitorSettings = z.infer<typeof CloudmonitorSettings>;

/** A form or JSON, every value as text; dimensions may be a list. */
const Payload = z.looseObject({
  alertName: z.string(),
  alertState: z.string(),
  timestamp: z.union([z.string(), z.number()]),
  ruleId: z.optional(z.string()),
  dimensions: z.optional(z.unknown()),
});

/** The table of the documentation says ALERT, its example ALARM. */
const RAISED = new Set(["ALERT", "ALARM"]);

export function parseCloudmonitor(
  { tokens, rules }: CloudmonitorSettings,
  request: SenderRequest,
): ParsedWebhook {
  // A plus sign in an address is read as a space. Base64 has no spaces, so one can only have been a plus sign.
  const token = request.query["token"] ?? "";
  if (!isOneOf(tokens, token) && !isOneOf(tokens, token.replaceAll(" ", "+"))) return refused("token");
  const parsed = Payload.safeParse(readBody(request));
  if (!parsed.success) return malformed("not the callback of a CloudMonitor threshold alert");
  const { alertName, alertState, ruleId, timestamp, dimensions } = parsed.data;
  if (!RAISED.has(alertState)) return ignored(`the alert is ${alertState}`);
  const rule = [ruleId ?? "", alertName].find((name) => Object.hasOwn(rules, name));
  const share = rule === undefined ? undefined : rules[rule];
  if (share === undefined) return ignored("no fleet is set for this rule");
  const delivery = [ruleId ?? alertName, String(timestamp), dimensions];
  return launch([{ ...share, delivery, at: instantOf(timestamp) }], request.now);
}

/** Ten digits are seconds, thirteen milliseconds: both occur. */
function instantOf(timestamp: string | number): number {
  const text = String(timestamp);
  if (/^\d{10}$/.test(text)) return Number(text) * 1000;
  return /^\d{13}$/.test(text) ? Number(text) : Number.NaN;
}
