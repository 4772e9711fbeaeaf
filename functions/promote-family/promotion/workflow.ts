/**
 * Promotion: tests an image, copies it to its regions and makes its family serve it in all of them, or in none.
 *
 *     load (when an operator asked) → check → launch → boot → command ⇄ watch, command ⇄ reboot → release →
 *     ask → approve (when the recipe wants an approval) → reserve → copy → await-copies → share → preflight →
 *     join → deprecate → verify
 *
 * From copy to verify the compensation is undo. A dry run has one phase, dry-run.
 */
import * as z from "zod/mini";
import { dayOf } from "../../../shared/keys.ts";
import { Name } from "../../../shared/names.ts";
import { notificationSends } from "../../../shared/notifications/subscriptions.ts";
import type { PromoteRequest } from "../../../shared/requests/promote.ts";
import { firstEnvelope, firstEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { Completion, Send, Workflow } from "../../../shared/workflow/workflow.ts";
import { requestShape, type Trigger } from "../trigger.ts";
import { approve, ask } from "./approval.ts";
import { Check, check, Load, load } from "./check.ts";
import { awaitCopies, copy, reserve, share } from "./copies.ts";
import { DryRun, dryRun } from "./dry-run.ts";
import { imageTest, release } from "./image-test.ts";
import type { Requested, WithRecipe } from "./input.ts";
import { deprecate, join, preflight, verify } from "./join.ts";
import { undo } from "./undo.ts";

type PromotionEvent = WorkflowEvent & { readonly input: Requested | WithRecipe };

/** Notifies the channels of the recipe. Dry runs, and runs that end before the recipe is read, notify none. */
function notifyEnd({ input, run, by }: PromotionEvent, completion: Completion, at: number): readonly Send[] {
  if (!("document" in input)) return [];
  const { recipe, family, imageId, document } = input;
  const common = { run, subject: recipe, by, at, family, imageId };
  if (completion.kind === "failed")
    return notificationSends(document.notify, { ...common, kind: "failed", reason: completion.reason });
  const regions = Object.keys(completion.result["regions"] ?? {});
  return notificationSends(document.notify, { ...common, kind: "promoted", regions });
}

export const promotion: Workflow = {
  kind: "promote",
  phases: [
    dryRun,
    load,
    check,
    ...imageTest.phases,
    release,
    ask,
    approve,
    reserve,
    copy,
    awaitCopies,
    share,
    preflight,
    join,
    deprecate,
    verify,
    undo,
  ],
  onComplete: notifyEnd,
};

/** An operator asks for the promotion of an image, by its recipe as it is in the bucket. It is tested like any other. */
export const PromoteImageRequest = z.strictObject({
  ...requestShape,
  request: z.literal("promote-image"),
  family: z.string(),
  recipe: Name,
  imageId: z.string(),
  dryRun: z.optional(z.boolean()),
});

export function startPromotion(
  { recipe, imageId, document, delivery, by }: PromoteRequest,
  now: number,
): readonly WorkflowEvent[] {
  const { family } = document;
  if (family === undefined) return [];
  // The day of the bake, not of this delivery: a repeat after midnight is still the same run.
  const run = runId("promote", recipe, dayOf(delivery) ?? now, [delivery, imageId]);
  const input = { recipe, imageId, family, document };
  return [firstEvent(Check, firstEnvelope(run, by, now), input, {})];
}

export function startRequestedPromotion(
  { run, by, recipe, imageId, family, dryRun: isDryRun = false }: z.infer<typeof PromoteImageRequest>,
  trigger: Trigger,
): readonly WorkflowEvent[] {
  const id = run ?? runId("promote", recipe, trigger.at, [trigger.at, imageId]);
  const envelope = firstEnvelope(id, by ?? trigger.by, trigger.now);
  const input = { recipe, imageId, family };
  return [isDryRun ? firstEvent(DryRun, envelope, input, {}) : firstEvent(Load, envelope, input, {})];
}
