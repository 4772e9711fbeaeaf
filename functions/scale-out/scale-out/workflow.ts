/**
 * A scale-out: (alerts → or earlier →) plan → reserve → (wake …) → launch … → verify … → finish. Fleets that use CreateInstance have
 * start … after launch, and release … before finish.
 *
 * SCALE-1. Nothing is launched or started without a reservation (shared/limits).
 * SCALE-2. Every launch call has its own token, drawn from run, number of the call and exact parameters: a repeat
 *     after a time-out is the same call, the next offering is another one.
 * SCALE-3. An instance counts when it is seen running, with an image that its family served during the run.
 * SCALE-4. A partial launch is kept, and the rest is launched with the next offering.
 * SCALE-5. Every path after plan ends in finish, which closes the reservation. A run that is cancelled before it
 *     reserved anything takes it too: a late duplicate of its last event may still reserve.
 * SCALE-6. A run that keeps a size reserves no more than is missing by then (`upTo`): a refresh and the comparison of the size may
 *     launch at the same time, and reservations are made one after another.
 */
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import type { Workflow } from "../../../shared/workflow/workflow.ts";
import { reconcileAfter } from "./after-request.ts";
import { alerts } from "./alerts.ts";
import { earlier } from "./earlier.ts";
import { finish } from "./finish.ts";
import { launch } from "./launch.ts";
import { launchForOther } from "./other-job.ts";
import { plan } from "./plan.ts";
import { release } from "./release.ts";
import { reserve } from "./reserve.ts";
import { beginScaleOut } from "./start.ts";
import { start } from "./start-created.ts";
import { verify } from "./verify.ts";
import { wake } from "./wake.ts";

export const scaleOut: Workflow = {
  kind: "scale",
  phases: [alerts, earlier, plan, reserve, wake, launch, start, verify, release, finish],
  onComplete: async (event, completion, ports) => ({
    ...(await afterFleetRun(event, completion, ports)),
    runs: [...(await launchForOther(event, completion, ports)), ...reconcileAfter(event, completion)],
  }),
  begin: beginScaleOut,
};
