/** Webhooks of other systems: which kind of sender posted, and the runs that its requests become. Pure. */
import * as z from "zod/mini";
import { jsonBytes } from "../../../shared/budget.ts";
import { minutes } from "../../../shared/duration.ts";
import { begunJob } from "../../../shared/keys.ts";
import { attemptIdentity, runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import type { Enqueue } from "../accept.ts";
import { AlertmanagerSettings, parseAlertmanager } from "./alertmanager.ts";
import { CloudmonitorSettings, parseCloudmonitor } from "./cloudmonitor.ts";
import { GenericSettings, parseGeneric } from "./generic.ts";
import { GithubSettings, parseGithub } from "./github.ts";
import type { LaunchRequest, ParsedWebhook, RunnerOfJob, SenderRequest } from "./sender.ts";

export const SenderSettings = z.discriminatedUnion(
  "kind",
  [GithubSettings, AlertmanagerSettings, CloudmonitorSettings, GenericSettings],
  { error: "must be github, alertmanager, cloudmonitor or generic" },
);
export type SenderSettings = z.infer<typeof SenderSettings>;

export function parseWebhook(settings: SenderSettings, request: SenderRequest): ParsedWebhook {
  switch (settings.kind) {
    case "github":
      return parseGithub(settings, request);
    case "alertmanager":
      return parseAlertmanager(settings, request);
    case "cloudmonitor":
      return parseCloudmonitor(settings, request);
    case "generic":
      return parseGeneric(settings, request);
  }
}

/** The run of one request of a sender: the same event posted again is the same run. */
export function enqueueLaunch(
  sender: string,
  { fleet, count, delivery, at, announcedAt, alerts, state }: LaunchRequest,
): Enqueue {
  const own = (attempt: number) =>
    runId("scale", fleet, at, attemptIdentity(["sender", sender, ...delivery], attempt));
  const ofJob = announcedAt !== undefined && { job: begunJob(delivery), announcedAt };
  const request =
    alerts === undefined
      ? { v: 1, request: "scale-out", fleet, count, ...ofJob }
      : { v: 1, request: "scale-out-alerts", fleet, alerts, ...state };
  return { run: own(0), by: `sender:${sender}`, attempts: own, request };
}

/** Room in an event for the alerts of one run, in bytes as JSON. */
const SHARES_MAX_BYTES = 40 * 1024;

/**
 * The runs of a delivery for many fleets: one, or a few where its alerts do not fit into an event. Within five minutes the same
 * alerts are the same run; later the ledgers of the fleets are asked once more whether a run has failed.
 */
export function enqueueSpread(sender: string, launches: readonly LaunchRequest[], now: number): RunRequest[] {
  const groups: LaunchRequest[][] = [];
  let room = 0;
  for (const one of launches) {
    const bytes = jsonBytes([one.fleet, one.alerts]);
    if (bytes > room) {
      groups.push([]);
      room = SHARES_MAX_BYTES;
    }
    groups.at(-1)?.push(one);
    room -= bytes;
  }
  const window = Math.floor(now / minutes(5));
  return groups.map((group) => {
    const shares = group.map(({ fleet, alerts }) => ({ fleet, alerts }));
    const run = runId("alerts", sender, now, ["sender", sender, window, shares]);
    return { run, by: `sender:${sender}`, request: { v: 1, request: "spread-alerts", shares } };
  });
}

/** The run that ends the machine of a job: the same end posted again is the same run, unless that one ended nothing. */
export function enqueueEnd(
  sender: string,
  { fleet, delivery, at: jobAt }: LaunchRequest,
  { runner, fleets, at }: RunnerOfJob,
): Enqueue {
  const own = (attempt: number) =>
    runId("job", fleet, jobAt, attemptIdentity(["sender", sender, ...delivery], attempt));
  return {
    run: own(0),
    attempts: own,
    by: `sender:${sender}`,
    request: { v: 1, request: "end-job", fleet, fleets, runner, at, job: begunJob(delivery) },
  };
}
