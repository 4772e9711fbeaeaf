/** What people hear of a bake. A skipped one has nothing to tell when it ends, nor has a dry run. Pure. */
import type { BakeEvent } from "../../shared/events/bake-image.ts";
import type { Outcome, Send } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";

export const busyWith = (recipe: string, holder: string): string =>
  `recipe ${recipe} is being baked by ${holder}`;

/** Why a bake does not begin while another one of its recipe is at work (whenBusy: refuse). */
export const refusedBusy = (recipe: string, holder: string): string =>
  `${busyWith(recipe, holder)}; try again when it is done`;

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
