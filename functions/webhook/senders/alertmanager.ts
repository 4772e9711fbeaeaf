/**
 * Prometheus Alertmanager: a firing alert with the label kiln_fleet launches instances of that fleet. Pure.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import * as z from "zod/mini";
import { hours, readInstant } from "../../../shared/duration.ts";
import { digest } from "../../../shared/keys.ts";
import { redactedStart } from "../../../shared/redact.ts";
import {
  AbsentOrText,
  BEARER,
  bearerHolds,
  Fleets,
  LABELS_MAX,
  malformed,
  readBody,
  NO_COUNT,
  present,
  readCount,
  refused,
  timeProblem,
  Tokens,
  type LaunchRequest,
  type ParsedWebhook,
  type RefusedItem,
  type SenderRequest,
} from "./sender.ts";

export const AlertmanagerSettings = z.strictObject({
  kind: z.literal("alertmanager"),
  /** `http_config.authorization.credentials` of the receiver. */
  tokens: Tokens,
  /** Fleets alerts may name. */
  fleets: Fleets,
});
type AlertmanagerSettings = z.infer<typeof AlertmanagerSettings>;

const texts = z.record(z.string(), z.string());
/**
 * Version 4 of Alertmanager, and version 1 of Grafana, which is the same document.
 * https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
 */
const VERSIONS = ["4", "1"];
const Payload = z.looseObject({
  version: z.string(),
  alerts: z.array(z.unknown()),
  /** How many more `max_alerts` left out. */
  truncatedAlerts: z.optional(z.unknown()),
});
const Alert = z.looseObject({
  status: z.string(),
  labels: texts,
  annotations: z.nullish(texts),
  startsAt: z.string(),
  fingerprint: AbsentOrText,
});
type Alert = z.infer<typeof Alert>;

/**
 * The annotation or label `kiln_count` says how many instances, else one. An alert that goes on firing is sent
 * repeatedly; with the same start it is the same request.
 */
export function parseAlertmanager(
  { tokens, fleets }: AlertmanagerSettings,
  request: SenderRequest,
): ParsedWebhook {
  if (!bearerHolds(request, tokens)) return refused(BEARER);
  const parsed = Payload.safeParse(readBody(request));
  if (!parsed.success) return malformed("not the body of a webhook of Alertmanager or Grafana");
  const { version, alerts, truncatedAlerts } = parsed.data;
  if (!VERSIONS.includes(version))
    return malformed(
      `version ${JSON.stringify(version)} of the body is not known; known are ${VERSIONS.join(" and ")}`,
    );
  if (alerts.length > ALERTS_MAX) return { kind: "malformed", error: TOO_MANY, status: 413 };
  const read = alerts.map((alert, index) => ({
    at: `alerts[${index}]`,
    ...readAlert(alert, fleets, request.now),
  }));
  const launches = read.flatMap(({ launch: one }) => one ?? []);
  const bad = read.flatMap(({ at, reason }) => (reason === undefined ? [] : { at, reason }));
  const leftOut = leftOutOf(truncatedAlerts);
  if (launches.length === 0) return withoutLaunch(bad, leftOut);
  const unused = [...leftOut, ...fewOf(bad)];
  return {
    kind: "launch",
    launches: together(launches, request.now),
    ...(unused.length > 0 && { refused: unused }),
  };
}

function withoutLaunch(bad: readonly RefusedItem[], leftOut: readonly RefusedItem[]): ParsedWebhook {
  const reasons = listed(bad.map(({ at, reason }) => `${at}: ${reason}`));
  if (bad.some(({ reason }) => reason !== NO_DATA)) return malformed(reasons);
  return {
    kind: "ignored",
    reason: reasons || "no firing alert has the label kiln_fleet",
    ...(leftOut.length > 0 && { refused: leftOut }),
  };
}

/** What is not in a delivery launches nothing, and its sender does not repeat it elsewhere. The reason is one in the counts, however many they are. */
const leftOutOf = (truncated: unknown): RefusedItem[] =>
  Number(truncated) > 0 ? [{ at: `truncatedAlerts: ${Number(truncated)}`, reason: LEFT_OUT }] : [];
const LEFT_OUT =
  "left out of the delivery by max_alerts of its sender, so they launch nothing; make smaller groups with group_by, or raise max_alerts";

/** Of the largest group all alerts fit into three events, so a delivery costs the same few calls (SENDER-5). */
const ALERTS_MAX = 4000;
const TOO_MANY = `alerts: more than ${ALERTS_MAX} in one delivery, of which none is taken; set max_alerts of the webhook_config of Alertmanager, or make smaller groups with group_by`;

const REFUSED_MAX = 1000;

/** The first of many, and how many more there are: each is longer than the least that a sender has to write for it. */
const fewOf = (bad: readonly RefusedItem[]): readonly RefusedItem[] =>
  bad.length <= REFUSED_MAX
    ? bad
    : [
        ...bad.slice(0, REFUSED_MAX),
        { at: "alerts", reason: `${bad.length - REFUSED_MAX} more cannot be used` },
      ];

/** The first of many sentences, and how many more there are. */
const listed = (sentences: readonly string[]): string =>
  [...sentences.slice(0, 20), ...(sentences.length > 20 ? [`and ${sentences.length - 20} more`] : [])].join(
    "; ",
  );

/** Alerts of one request: its event has room for them. */
const TOGETHER_MAX = 500;

/**
 * One request for each fleet, so that a delivery of hundreds of alerts costs no more calls than one of a few. It is of the hour
 * of the delivery: a repeat of a later hour asks the ledger whether a run that took some of the alerts has failed since.
 */
function together(launches: readonly LaunchRequest[], now: number): LaunchRequest[] {
  const hour = Math.floor(now / hours(1));
  const fleets = [...new Set(launches.map(({ fleet }) => fleet))];
  return fleets.flatMap((fleet) => {
    const own = launches.filter((one) => one.fleet === fleet);
    // In one order, so that the same alerts are the same request.
    const shares = own.map(({ delivery, count }) => [digest(JSON.stringify(delivery)), count] as const);
    // An alert that is there twice is one.
    const alerts = [...new Map(shares)].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Array.from({ length: Math.ceil(alerts.length / TOGETHER_MAX) }, (_, part) => {
      const some = alerts.slice(part * TOGETHER_MAX, (part + 1) * TOGETHER_MAX);
      const count = some.reduce((sum, [, wanted]) => sum + wanted, 0);
      return { fleet, count, delivery: [hour, ...some.map(([id]) => id)], at: now, alerts: some };
    });
  });
}

/**
 * Of Grafana, when the query of a rule finds nothing or fails, with the labels of the rule. Missing data says nothing.
 * https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/
 */
const WITHOUT_DATA = new Set(["DatasourceNoData", "DatasourceError"]);
const NO_DATA =
  "the data of the rule is missing, which asks for nothing; a rule that is to launch then needs the state Alerting for no data in Grafana";

/** The request of one alert, or why there is none (SENDER-4); neither for one that is none of Kiln's. */
function readAlert(
  given: unknown,
  fleets: readonly string[],
  now: number,
): { readonly launch?: LaunchRequest; readonly reason?: string } {
  const crowded = crowdedIn(given);
  if (crowded !== undefined) return { reason: `more than ${LABELS_MAX} ${crowded}` };
  const parsed = Alert.safeParse(given);
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.join(".") || "the whole item");
    return { reason: `not an alert as Alertmanager documents it; see ${places.join(", ")}` };
  }
  const alert = parsed.data;
  const fleet = alert.labels["kiln_fleet"];
  if (alert.status !== "firing" || fleet === undefined) return {};
  if (WITHOUT_DATA.has(alert.labels["alertname"] ?? "")) return { reason: NO_DATA };
  const count = countOf(alert);
  if (!fleets.includes(fleet))
    return {
      reason: `the label kiln_fleet names ${JSON.stringify(redactedStart(fleet, 64))}, a fleet this sender may not use`,
    };
  if (count === undefined) return { reason: `kiln_count ${NO_COUNT}` };
  const identity =
    present(alert.fingerprint) ?? Object.entries(alert.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const one = { fleet, count, delivery: [identity, alert.startsAt], at: readInstant(alert.startsAt) };
  const problem = timeProblem(one, now);
  return problem === undefined ? { launch: one } : { reason: problem };
}

/** The field of an item that has too many entries (SENDER-5). */
function crowdedIn(given: unknown): string | undefined {
  const fields = z.looseObject({}).safeParse(given).data ?? {};
  return ["labels", "annotations"].find((field) => sizeOf(fields[field]) > LABELS_MAX);
}

const sizeOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? Object.keys(value).length : 0;

function countOf({ annotations, labels }: Alert): number | undefined {
  const given = annotations?.["kiln_count"] ?? labels["kiln_count"];
  return given === undefined ? 1 : readCount(given);
}
