/**
 * A delivery with alerts for many fleets is one run, whose end begins a run for each fleet: however many there are, the
 * webhook makes the same few calls. The ledger of each fleet knows which of the alerts were taken before.
 */
import * as z from "zod/mini";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes } from "../../../shared/duration.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { DEFAULT_CHANNEL } from "../../../shared/notifications/notification.ts";
import { failureSends } from "../../../shared/notifications/subscriptions.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { eventsWith, firstEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { SCALE_OUT_MS } from "../../../shared/workflow/validity.ts";
import {
  done,
  phase,
  type Completion,
  type Consequences,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
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

/** Fleets of a delivery that failed whose documents are read for their channels. */
const OWNERS_MAX = 20;

/**
 * Whoever sent the alerts wants instances now, so each run begins within the time that is left since the delivery. A delivery
 * that failed is of no single fleet: its notification goes to the default channel, and to those of its first fleets.
 */
async function afterSpread(
  event: WorkflowEvent,
  completion: Completion,
  ports: Ports,
): Promise<Consequences> {
  const now = ports.clock.now();
  const validForMs = Math.max(1, event.startedAt + SCALE_OUT_MS - now);
  if (completion.kind === "done")
    return {
      runs: runsOf(event).map(({ request, ...run }) => ({ ...run, request: { ...request, validForMs } })),
    };
  if (completion.kind !== "failed") return {};
  const fleets = (Shares.safeParse(event.input).data?.shares ?? []).slice(0, OWNERS_MAX);
  const found = await inBatches(fleets, ({ fleet }) => loadFleet(ports.cloud, fleet));
  const owners = found.flatMap((one) => ("document" in one ? one.document.notify : []));
  const all = [...owners, { channel: DEFAULT_CHANNEL, events: ["failed" as const] }];
  return { notifications: failureSends(event, completion.reason, now, all) };
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
  onComplete: afterSpread,
};
