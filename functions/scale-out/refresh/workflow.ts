/**
 * Replaces the members of a fleet that have another image than its family serves: begin → (step → await → check → probe) …, and
 * after a failure roll-back → step ….
 *
 * REFRESH-RUN-1. It launches and ends nothing itself: each batch is a scale-out, or a run of stop-idle with the rules of a
 *     scale-in. In the log of the fleet's size it is the child of reconciling, which waits until it is over.
 * REFRESH-RUN-2. New members are looked at before others end: they run, no alarm is on, the probe in each succeeds.
 * REFRESH-RUN-3. A failure holds the image (`SizeState.held`): launches use the one before, the members with the held one are
 *     ended, and only a refresh that is asked for tries it again.
 * REFRESH-RUN-4. A reason that says nothing of the image stops it where it is: no capacity, a pause, another promotion.
 * REFRESH-RUN-5. Of the image speak an alarm, a probe that fails, and a member that does not stay up. One that the cloud takes
 *     back is replaced. So is one that is gone: no image takes itself off the list, and nothing says whether the cloud, a user
 *     or an idle check has released it. After the third in a row the refresh stops where it is, as it does for one that Kiln or
 *     a user stops.
 */
import * as z from "zod/mini";
import { days, hours, minutes } from "../../../shared/duration.ts";
import { parse } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { firstEvent } from "../../../shared/workflow/envelope.ts";
import { phase, type Outcome, type Workflow } from "../../../shared/workflow/workflow.ts";
import { begin } from "./begin.ts";
import { check, probe, rollBack, rollBackOf } from "./check.ts";
import { dryRun } from "./dry-run.ts";
import { Await, Begin, Check, DryRun, Probe, RollBack, Step, type Progress } from "./events.ts";
import { awaitChild, step, stopped } from "./step.ts";

const RefreshRequest = z.strictObject({
  ...requestShape,
  request: z.literal("refresh"),
  fleet: Name,
  dryRun: z.optional(z.boolean()),
});

const stop = ({ progress }: { readonly progress: Progress }, reason: string): Outcome =>
  stopped(progress, reason);

export const refresh: Workflow = {
  kind: "refresh",
  phases: [
    phase(DryRun, { limitMs: minutes(30), run: dryRun }),
    phase(Begin, { limitMs: hours(12), run: begin }),
    phase(Step, { limitMs: minutes(30), run: step, compensate: stop }),
    phase(Await, { limitMs: hours(6), run: awaitChild, compensate: stop }),
    phase(Check, { limitMs: days(1) + hours(1), run: check, compensate: stop }),
    phase(Probe, {
      limitMs: hours(1),
      run: probe,
      // A member whose probe does not end is not well; a cancellation says nothing of it.
      compensate: ({ progress }, reason) => rollBackOf(progress, reason),
      cancel: stop,
    }),
    phase(RollBack, { limitMs: hours(1), run: rollBack, compensate: stop }),
  ],
  begin: (given) => {
    const { fleet, dryRun: isDry } = parse(RefreshRequest, given.input, "refresh");
    return isDry ? firstEvent(DryRun, given, { fleet }, {}) : firstEvent(Begin, given, { fleet }, {});
  },
  onComplete: afterFleetRun,
};
