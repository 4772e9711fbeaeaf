/**
 * Bakes of recipes with a schedule of their own. A timer looks which are due.
 *
 * DUE-1. An instant of a schedule is one run, however often and however late the timer fires: the id of the run says which.
 * DUE-2. Of the instants that were missed, by a timer that did not fire, the last one is made up for, within six hours.
 */
import * as z from "zod/mini";
import { apart } from "../../../shared/apart.ts";
import { headObject } from "../../../shared/cloud/oss/objects.ts";
import { hours } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { runKey } from "../../../shared/keys.ts";
import { schedules, type Scheduled } from "../../../shared/recipe-marks.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { lastDue } from "../../../shared/schedule.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";

/** From the timer of schedules. */
export const ScheduleRequest = z.strictObject({ ...requestShape, request: z.literal("bake-scheduled") });

const MISSED_MS = hours(6);
/** Who asks for these bakes. */
export const SCHEDULE = "timer:schedule";

/** The run of an instant of a schedule (DUE-1). */
export const scheduledBake = (recipe: string, at: number, { access }: Ports["cloud"]): string =>
  runId("bake", recipe, at, [access.bucket, "schedule", at]);

/** The bakes that are due. @throws CloudError */
export async function scheduledBakes(ports: Pick<Ports, "cloud" | "clock" | "log">): Promise<RunRequest[]> {
  const { cloud, clock } = ports;
  const until = clock.now();
  const due = (await schedules(cloud)).flatMap((one) => dueOf(one, until) ?? []);
  const runOf = async ({ recipe, at }: (typeof due)[number]): Promise<RunRequest[]> => {
    const run = scheduledBake(recipe, at, cloud);
    const isKnown = (await headObject(cloud, runKey(run))) !== undefined;
    return isKnown ? [] : [{ run, by: SCHEDULE, request: { v: 1, request: "bake", recipe } }];
  };
  return (await apart(due, runOf, ports)).flat();
}

/** A schedule is due for nothing that was before it. */
function dueOf({ recipe, schedule, since }: Scheduled, until: number) {
  const at = lastDue(schedule, { after: Math.max(since, until - MISSED_MS), until });
  return at === undefined ? undefined : { recipe, at };
}
