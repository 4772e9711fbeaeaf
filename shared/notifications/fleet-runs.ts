/** The notification of a run of a fleet that is not as it was asked for, in the channels of the fleet as it is then. */
import * as z from "zod/mini";
import { loadFleet } from "../document-store.ts";
import type { Ports } from "../invocation.ts";
import { kindOf, subjectOf } from "../workflow/run-id.ts";
import type { WorkflowEvent } from "../workflow/envelope.ts";
import type { Completion, Consequences } from "../workflow/workflow.ts";
import { notificationSends } from "./subscriptions.ts";
import type { Notification } from "./notification.ts";

type Kinds = readonly [Notification["kind"], ...Notification["kind"][]];

/** The part of a result that says whether the run reached what it was asked for. */
const Result = z.looseObject({
  asked: z.optional(z.int()),
  count: z.optional(z.int()),
  short: z.optional(z.int()),
  /** A limit of the fleet was in the way. */
  limited: z.optional(z.boolean()),
  /** Spot instances that the cloud takes back. */
  lost: z.optional(z.array(z.string())),
  why: z.optional(z.string()),
});
type Result = z.infer<typeof Result>;

/** A run that got all it was asked for notifies no channel. */
export async function afterFleetRun(
  { run, by }: WorkflowEvent,
  completion: Completion,
  { cloud, clock }: Ports,
): Promise<Consequences> {
  const result = Result.safeParse(completion.result).data ?? {};
  const kinds = kindsOf(run, completion, result);
  if (kinds === undefined) return {};
  const subject = subjectOf(run);
  const found = await loadFleet(cloud, subject);
  const { asked, count, lost: instances } = result;
  const reason = "reason" in completion ? completion.reason : result.why;
  return {
    notifications: notificationSends("document" in found ? found.document.notify : [], {
      kinds,
      run,
      subject,
      by,
      at: clock.now(),
      reason,
      asked,
      count,
      instances,
    }),
  };
}

/** The most particular first. */
function kindsOf(run: string, { kind }: Completion, { short, limited, lost }: Result): Kinds | undefined {
  if (kind === "failed") {
    if (kindOf(run) === "idle") return ["idleCheckFailed"];
    return limited === true ? ["limitReached", "failed"] : ["failed"];
  }
  if (kind !== "done") return undefined;
  if (lost !== undefined) return ["spotLost"];
  if (short === undefined) return undefined;
  return limited === true ? ["limitReached", "short"] : ["short"];
}
