/** The notification of a run of a fleet that failed, in the channels of the fleet as its document is then. */
import { loadFleet } from "../document-store.ts";
import type { Ports } from "../invocation.ts";
import { subjectOf } from "../workflow/run-id.ts";
import type { WorkflowEvent } from "../workflow/envelope.ts";
import type { Completion, Consequences } from "../workflow/workflow.ts";
import { sendsTo } from "./subscriptions.ts";

/** A fleet whose document cannot be read has no channels. */
export async function afterFleetRun(
  { run, by }: WorkflowEvent,
  completion: Completion,
  { cloud, clock }: Ports,
): Promise<Consequences> {
  if (completion.kind !== "failed") return {};
  const subject = subjectOf(run);
  const found = await loadFleet(cloud, subject);
  if ("problem" in found) return {};
  const notification = {
    kind: "failed",
    run,
    subject,
    by,
    at: clock.now(),
    reason: completion.reason,
  } as const;
  return { notifications: sendsTo(found.document.notify, notification) };
}
