/** What people hear when a promotion has ended. Pure. */
import type { PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Outcome, Send } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";

/** Rollbacks tell of themselves, because they read the recipe late; retention tells nobody. */
export function endNotices(event: PromoteEvent, outcome: Outcome<PromoteEvent>, at: number): readonly Send[] {
  const { job, run, by } = event;
  if (!("document" in job)) return [];
  const { recipe, family, imageId, document } = job;
  const common = { run, subject: recipe, by, at, family, imageId };
  if (outcome.kind === "failed") {
    return noticeSends(document.notify, { ...common, kind: "failed", reason: outcome.reason });
  }
  if (outcome.kind !== "done") return [];
  const regions = Object.keys((outcome.result["regions"] as Record<string, string> | undefined) ?? {});
  return noticeSends(document.notify, { ...common, kind: "promoted", regions });
}
