/**
 * `alerts`: which alerts of a delivery still need instances. A delivery holds every alert of its group, the ones of
 * earlier deliveries too, so the fleet has a log of the alerts that its runs took.
 *
 * ALERT-1. An alert belongs to the newest run that took it, until that run has failed.
 * ALERT-2. A run takes alerts with one line, so of two deliveries at the same time one takes those of both.
 * ALERT-3. Alerts of more than a day ago are ignored by the webhook, so the end of the log is enough.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { alertsKey } from "../../../shared/keys.ts";
import { afterLostRace } from "../../../shared/limits/reservations.ts";
import { append, readLog, TAIL_BYTES, type Log } from "../../../shared/workflow/log.ts";
import { hasFailed, readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Alerts, Plan } from "./start.ts";

const Line = z.strictObject({ run: z.string(), alerts: z.array(z.string()), w: z.string() });
type Line = z.infer<typeof Line>;

async function takeAlerts(event: Alerts, ports: Ports): Promise<Outcome> {
  const { run, input, alerts } = event;
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const key = alertsKey(input.fleet);
  const log = await readLog(ports.cloud, key, Line, 4 * TAIL_BYTES);
  const own = log.lines.find(({ line }) => line.run === run)?.line.alerts;
  const taken = own ?? (await free(alerts, log, ports.cloud));
  if (taken.length === 0)
    return done({ fleet: input.fleet, asked: 0, count: 0, why: "earlier requests have all of its alerts" });
  if (own === undefined) {
    const appended = await append(ports, key, log.end, { run, alerts: taken });
    if (appended.kind === "unknown") throw appended.error;
    if (appended.kind === "lost") return afterLostRace(event, input.fleet, ports);
  }
  const { perRequest } = loaded.document.limits;
  const count = alerts
    .filter(([id]) => taken.includes(id))
    .reduce((sum, [, wanted]) => sum + Math.min(wanted, perRequest), 0);
  const note = `${taken.length} of ${alerts.length} alerts need ${count} instances`;
  return next(Plan, {}, { input: { ...input, count, alerts: taken.length }, note });
}

/** Alerts that no run has (ALERT-1). */
async function free(alerts: Alerts["alerts"], log: Log<Line>, cloud: CloudClient): Promise<string[]> {
  const holders = new Map(log.lines.flatMap(({ line }) => line.alerts.map((id) => [id, line.run] as const)));
  const ids = alerts.map(([id]) => id);
  const runs = [...new Set(ids.flatMap((id) => holders.get(id) ?? []))];
  const states = new Map(
    await Promise.all(runs.map(async (run) => [run, await runFailed(run, cloud)] as const)),
  );
  return ids.filter((id) => states.get(holders.get(id) ?? "") ?? true);
}

async function runFailed(run: string, cloud: CloudClient): Promise<boolean> {
  const now = standing(run, await readRunLog(cloud, run));
  return now !== undefined && hasFailed(now);
}

export const alerts = phase(Alerts, {
  limitMs: minutes(30),
  run: takeAlerts,
  compensate: ({ input }, reason) => failed(`none of ${input.count} instances: ${reason}`),
});
