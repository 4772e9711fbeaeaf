/**
 * Prometheus Alertmanager: a firing alert with the label kiln_fleet launches instances of that fleet. Pure.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import * as z from "zod/mini";
import { Secrets } from "../../../shared/http/config.ts";
import {
  bearerHolds,
  Fleets,
  ignored,
  launch,
  malformed,
  readBody,
  readCount,
  refused,
  type LaunchRequest,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";

export const AlertmanagerSettings = z.strictObject({
  kind: z.literal("alertmanager"),
  /** `http_config.authorization.credentials` of the receiver. */
  tokens: Secrets,
  /** Fleets alerts may name. */
  fleets: Fleets,
});
type AlertmanagerSettings = z.infer<typeof AlertmanagerSettings>;

const texts = z.record(z.string(), z.string());
/** Version 4 of the body. */
const Payload = z.looseObject({
  version: z.literal("4"),
  alerts: z.array(
    z.looseObject({
      status: z.string(),
      labels: texts,
      annotations: z.optional(texts),
      startsAt: z.string(),
      fingerprint: z.optional(z.string()),
    }),
  ),
});
type Alert = z.infer<typeof Payload>["alerts"][number];

/**
 * The annotation or label `kiln_count` says how many instances, else one. An alert that goes on firing is sent
 * repeatedly; with the same start it is the same request.
 */
export function parseAlertmanager(
  { tokens, fleets }: AlertmanagerSettings,
  request: SenderRequest,
): ParsedWebhook {
  if (!bearerHolds(request, tokens)) return refused("token");
  const parsed = Payload.safeParse(readBody(request));
  if (!parsed.success) return malformed("not the body of an Alertmanager webhook, version 4");
  const firing = parsed.data.alerts.filter(
    ({ status, labels }) => status === "firing" && "kiln_fleet" in labels,
  );
  if (firing.length === 0) return ignored("no firing alert has the label kiln_fleet");
  const launches: LaunchRequest[] = [];
  for (const alert of firing) {
    const fleet = alert.labels["kiln_fleet"] ?? "";
    const count = countOf(alert);
    if (!fleets.includes(fleet))
      return malformed("the label kiln_fleet names a fleet this sender may not use");
    if (count === undefined) return malformed("kiln_count is not a whole number of at least 1");
    const identity =
      alert.fingerprint ?? Object.entries(alert.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
    launches.push({ fleet, count, delivery: [identity, alert.startsAt], at: Date.parse(alert.startsAt) });
  }
  return launch(launches, request.now);
}

function countOf({ annotations = {}, labels }: Alert): number | undefined {
  const given = annotations["kiln_count"] ?? labels["kiln_count"];
  return given === undefined ? 1 : readCount(given);
}
