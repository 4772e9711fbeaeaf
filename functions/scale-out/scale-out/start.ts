/** The request for a scale-out, and the first phase. */
import * as z from "zod/mini";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { Name, RunId } from "../../../shared/names.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { triggerOf } from "../../../shared/triggers.ts";
import {
  eventsWith,
  firstEvent,
  type EventOf,
  type RequestEvent,
} from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { HealthRequest } from "../health/workflow.ts";
import { reconciles } from "../size/firing.ts";
import { ReconcileRequest } from "../size/workflow.ts";
import { request } from "./events.ts";
import { replaceTaken, TakenRequest } from "./other-job.ts";

/** Asks for `count` more running instances of a fleet. */
const ScaleRequest = z.strictObject({
  ...requestShape,
  request: z.literal("scale-out"),
  fleet: Name,
  count: z.int().check(z.minimum(1)),
  min: z.optional(z.int().check(z.minimum(1))),
  dryRun: z.optional(z.boolean()),
  kept: z.optional(z.literal(true)),
  upTo: z.optional(z.int()),
  ofRefresh: z.optional(z.literal(true)),
  /** Of a job: its name in the keys of what runners began, when it was announced, epoch ms, and the run of an earlier announcement. */
  job: z.optional(z.string()),
  announcedAt: z.optional(z.int()),
  after: z.optional(RunId),
  /** The run of the job whose machine another one took. */
  forJob: z.optional(RunId),
});

/** Alerts that ask together, each with its identity and its number of instances; 0 of the version before for one that is over. */
export const AlertShares = z.array(z.tuple([z.string(), z.int().check(z.minimum(0))])).check(z.minLength(1));

const alertState = {
  alerts: AlertShares,
  /** For alarms without a start of their own: when this one was as it says, epoch ms. */
  at: z.optional(z.number()),
  /** It is over. */
  over: z.optional(z.literal(true)),
  /** The instance that is taken away. */
  member: z.optional(z.string()),
};

/** Asks for what the alerts of one delivery need that no run has yet. */
const AlertsRequest = z.strictObject({
  ...requestShape,
  request: z.literal("scale-out-alerts"),
  fleet: Name,
  ...alertState,
});

export const Plan = eventsWith(z.strictObject(request))("plan", {});
export type Plan = EventOf<typeof Plan>;
export const Earlier = eventsWith(z.strictObject(request))("earlier", {
  after: RunId,
  job: z.optional(z.string()),
});
export type Earlier = EventOf<typeof Earlier>;
export const Alerts = eventsWith(z.strictObject(request))("alerts", alertState);
export type Alerts = EventOf<typeof Alerts>;

const Asked = z.discriminatedUnion("request", [ScaleRequest, ReconcileRequest, HealthRequest, TakenRequest]);

/** The runs that `s invoke` or a timer asks for. @throws EventError for a payload that is no request for instances. */
export async function startScaleOut(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const { asked, trigger } = triggerOf(payload, ports);
  const { by = trigger.by, ...given } = parse(Asked, asked, "scale-out");
  if (given.request === "reconcile") return reconciles({ ...trigger, by }, given.fleet, ports);
  if (given.request === "machine-taken") return replaceTaken(given, by, ports);
  const kind = given.request === "check-health" ? "health" : "scale";
  return [{ run: runId(kind, given.fleet, trigger.at, trigger.identity), by, request: given }];
}

export function beginScaleOut(event: RequestEvent) {
  const asked = parse(
    z.discriminatedUnion("request", [ScaleRequest, AlertsRequest]),
    event.input,
    "scale-out",
  );
  const { fleet } = asked;
  if (asked.request === "scale-out") {
    const { validForMs } = asked;
    const input = {
      fleet,
      until: validForMs && event.startedAt + validForMs,
      count: asked.count,
      min: asked.min,
      kept: asked.kept,
      upTo: asked.upTo,
      ofRefresh: asked.ofRefresh,
      ...(asked.announcedAt !== undefined && { cut: true as const }),
      dryRun: asked.dryRun ?? false,
    };
    return asked.after === undefined
      ? firstEvent(Plan, event, input, {})
      : firstEvent(Earlier, event, input, { after: asked.after, job: asked.job });
  }
  const { alerts, at, over, member } = asked;
  const count = alerts.reduce((sum, [, wanted]) => sum + wanted, 0);
  return firstEvent(Alerts, event, { fleet, count, dryRun: false }, { alerts, at, over, member });
}
