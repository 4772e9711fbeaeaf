/**
 * A delivery with alerts for many fleets is one run, whose end begins a run for each fleet: however many there are, the
 * webhook makes the same few calls. The ledger of each fleet knows which of the alerts were taken before.
 */
import * as z from "zod/mini";
import { minutes } from "../../../shared/duration.ts";
import { parse } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { eventsWith, firstEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { done, phase, type RunRequest, type Workflow } from "../../../shared/workflow/workflow.ts";
import { AlertShares } from "../scale-out/start.ts";

const shares = z.array(z.strictObject({ fleet: Name, alerts: AlertShares })).check(z.minLength(1));
const SpreadRequest = z.strictObject({ ...requestShape, request: z.literal("spread-alerts"), shares });
const Spread = eventsWith(z.strictObject({ shares }))("spread", {});

/** In the input of the run, and in its request, from which a lost end is repeated. */
const Shares = z.object({ shares });

/** The run of each share. Of the instant when the delivery came, so that a repeat of this end begins the same ones. */
function runsOf({ run, by, startedAt, input }: WorkflowEvent): readonly RunRequest[] {
  return parse(Shares, input, "spread").shares.map(({ fleet, alerts }, index) => ({
    run: runId("scale", fleet, startedAt, [run, index]),
    by,
    request: { v: 1, request: "scale-out-alerts", fleet, alerts },
  }));
}

export const spread: Workflow = {
  kind: "alerts",
  phases: [
    phase(Spread, {
      limitMs: minutes(30),
      run: (event) => {
        const runs = runsOf(event).map(({ run }) => run);
        const alerts = event.input.shares.reduce((sum, share) => sum + share.alerts.length, 0);
        return Promise.resolve(done({ alerts, runs }));
      },
    }),
  ],
  begin: (event) =>
    firstEvent(Spread, event, { shares: parse(SpreadRequest, event.input, "spread").shares }, {}),
  onComplete: (event, { kind }) => Promise.resolve(kind === "done" ? { runs: runsOf(event) } : {}),
};
