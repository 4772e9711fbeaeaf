/**
 * A bake: makes an image as a recipe says.
 *
 *     builder            lock → plan → launch → boot → command ⇄ watch (⇄ reboot) → stop → capture → …
 *     instance           lock → plan → stop → capture → …
 *     other sources      lock → plan → capture → …
 *                                               … → await-image → tag-snapshots → release
 *     dry run            dry-run
 *
 * BAKE-1. The image is made outside every family: a family serves a member as soon as it is available.
 * BAKE-2. An instance is stopped before its image is made: a running one may leave inconsistent data.
 * BAKE-3. An image is ready when it is available and usable.
 * BAKE-4. Every path after the plan ends in `release`, which gives back all that the run owns.
 */
import * as z from "zod/mini";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import { notificationSends } from "../../../shared/notifications/subscriptions.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import type { Completion, Send, Workflow } from "../../../shared/workflow/workflow.ts";
import { builder } from "./builder.ts";
import { dryRun } from "./dry-run.ts";
import { awaitImage, capture, finish, stop } from "./image.ts";
import { lock } from "./lock.ts";
import { plan } from "./plan.ts";
import { release } from "./release.ts";

/** A run that ends before it holds the lock has no recipe yet, and so no channels to notify. */
const Input = z.looseObject({ recipe: z.string(), document: CarriedRecipe });

/** Skipped bakes and dry runs have no image, so they notify of failures only. */
function bakeNotifications(event: WorkflowEvent, completion: Completion, at: number): readonly Send[] {
  const input = Input.safeParse(event.input);
  if (!input.success) return [];
  const { recipe, document } = input.data;
  const common = { run: event.run, subject: recipe, by: event.by, at };
  if (completion.kind === "failed") {
    return notificationSends(document.notify, { ...common, kind: "failed", reason: completion.reason });
  }
  const { imageId } = completion.result;
  return typeof imageId === "string"
    ? notificationSends(document.notify, { ...common, kind: "baked", imageId })
    : [];
}

export const bake: Workflow = {
  kind: "bake",
  phases: [dryRun, lock, plan, ...builder.phases, stop, capture, awaitImage, finish, release],
  onComplete: bakeNotifications,
};
