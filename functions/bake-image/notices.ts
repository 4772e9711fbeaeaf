/** What people hear when a bake has ended. A skipped one has nothing to tell. Pure. */
import type { BakeEvent } from "../../shared/events/bake-image.ts";
import type { Outcome, Send } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";

export function bakeNotices(event: BakeEvent, outcome: Outcome<BakeEvent>, at: number): readonly Send[] {
  const { job, run, by } = event;
  const subscriptions = job.notify ?? [];
  const common = { run, subject: job.recipe, by, at };
  if (outcome.kind === "failed") {
    return noticeSends(subscriptions, { ...common, kind: "failed", reason: outcome.reason });
  }
  const imageId = outcome.kind === "done" ? outcome.result["imageId"] : undefined;
  return typeof imageId === "string" ? noticeSends(subscriptions, { ...common, kind: "baked", imageId }) : [];
}
