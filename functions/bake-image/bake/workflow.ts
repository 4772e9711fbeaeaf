/**
 * A bake: makes an image as a recipe says.
 *
 *     builder            lock → plan → launch → boot → command ⇄ watch (⇄ reboot) → stop → capture → …
 *     instance           lock → plan → stop (⇄ await-snapshots) → capture → …, or without data disks
 *                        … → system-snapshot → capture → …
 *     upload             lock → plan (→ hash, once and again) → capture → …
 *     other sources      lock → plan → capture → …
 *                                               … → await-image → tag-snapshots → release, with
 *                                               checksums that came late: await-image → hash → tag-snapshots
 *     dry run            dry-run
 *
 * BAKE-1. The image is made outside every family: a family serves a member as soon as it is available.
 * BAKE-2. An instance is stopped before its image is made: a running one may leave inconsistent data.
 * BAKE-3. An image is ready when it is available and usable.
 * BAKE-4. Every path after the plan ends in `release`, which gives back all that the run owns.
 * BAKE-5. An instance is not stopped while a snapshot of it is in progress, which would fail.
 */
import * as z from "zod/mini";
import { loadRecipe } from "../../../shared/document-store.ts";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { failureSends, notificationSends } from "../../../shared/notifications/subscriptions.ts";
import { PAUSE_AFTER } from "../../../shared/budget.ts";
import { endFailures, noteFailure } from "../../../shared/pauses.ts";
import { BakeRequest } from "../../../shared/requests/bake.ts";
import { isTriggered, isUpload } from "../../../shared/triggers.ts";
import { deliveryOf } from "../../../shared/workflow/run-id.ts";
import { firstEvent, type RequestEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import type { Completion, Consequences, Workflow } from "../../../shared/workflow/workflow.ts";
import { builder } from "./builder.ts";
import { DryRun, dryRun } from "./dry-run.ts";
import { hash } from "./hash.ts";
import { awaitImage, awaitSnapshots, capture, finish, stop } from "./image.ts";
import { Lock, lock } from "./lock.ts";
import { plan } from "./plan.ts";
import { systemSnapshot } from "./system-disk.ts";
import { release } from "./release.ts";

/** A run that ends before it holds the lock carries no recipe yet. */
const Input = z.looseObject({ recipe: z.string(), document: z.optional(CarriedRecipe) });

type Recipient = Pick<Recipe, "notify" | "family" | "pauseAfter">;

/** Of a document that cannot be read: its failures count as any. */
const UNREAD: Recipient = { notify: [], pauseAfter: PAUSE_AFTER };

/** Notifications and the promotion that follow a bake. A dry run has none. */
async function afterBake(event: WorkflowEvent, completion: Completion, ports: Ports): Promise<Consequences> {
  const input = Input.safeParse(event.input);
  if (!input.success || event.phase === DryRun.name) return {};
  const { recipe } = input.data;
  const { document: carried } = input.data;
  const read = carried === undefined ? await loadRecipe(ports.cloud, recipe) : { document: carried };
  const document = "document" in read ? read.document : undefined;
  const { run, by } = event;
  const common = { run, subject: recipe, by, at: ports.clock.now() };
  if (completion.kind !== "done") return afterFailure(common, completion, read, ports);
  return document === undefined ? {} : afterDone({ ...common, recipe, document }, completion.result, ports);
}

async function afterFailure(
  { run, subject: recipe, by, at }: Omit<Done, "recipe" | "document">,
  { kind, reason }: Exclude<Completion, { readonly kind: "done" }>,
  read: Read,
  ports: Ports,
): Promise<Consequences> {
  if (isTriggered(by) && isReported(reason, read)) return {};
  const { notify, pauseAfter } = "document" in read ? read.document : UNREAD;
  const isCounted = kind === "failed" && isTriggered(by);
  const paused = isCounted ? await noteFailure(recipe, run, pauseAfter, ports) : undefined;
  const said = paused === undefined ? reason : `${reason}. ${paused}`;
  return { notifications: failureSends({ run, by }, said, at, notify) };
}

type Read = Awaited<ReturnType<typeof loadRecipe>>;

/**
 * Whether a recipe has mistakes that its check reports, all of them and once for each content. They make no bake fail that
 * begins, so they count for no pause either.
 */
const isReported = (reason: string, read: Read): boolean =>
  // The check may have explained them since.
  "problem" in read && read.invalid !== undefined && reason.startsWith(`${read.invalid} has `);

interface Done {
  readonly run: string;
  readonly subject: string;
  readonly by: string;
  readonly at: number;
  readonly recipe: string;
  readonly document: Recipe;
}

/** An image of a family is promoted next. A skipped bake is no news, unless an upload waits for an operator. */
async function afterDone(
  { recipe, document, ...common }: Done,
  { imageId: made, delivers, waits, note }: Readonly<Record<string, unknown>>,
  ports: Ports,
): Promise<Consequences> {
  const { run, by } = common;
  const { notify, family } = document;
  if (waits === true && isUpload(by))
    return { notifications: failureSends(common, String(note), common.at, notify) };
  const imageId = made ?? delivers;
  if (typeof imageId !== "string") return {};
  const notifications =
    imageId === made ? notificationSends(notify, { ...common, kinds: ["baked"], imageId }) : [];
  if (family === undefined) {
    await endFailures(recipe, run, ports);
    return { notifications };
  }
  const again = imageId !== made && { again: String(note) };
  const request = { v: 1, request: "promote", recipe, imageId, document, delivery: run, ...again };
  return { notifications, runs: [{ run: deliveryOf(run, recipe, imageId), by, request }] };
}

function begin(event: RequestEvent): WorkflowEvent {
  const {
    recipe,
    force = false,
    parameters = {},
    dryRun: isDryRun,
    upload,
    uploadedAt,
    deliverOnly,
    ifChanged,
  } = parse(BakeRequest, event.input, "bake");
  const more = {
    ...(upload && { upload }),
    ...(uploadedAt && { uploadedAt }),
    ...(deliverOnly && { deliverOnly }),
    ...(ifChanged && { ifChanged }),
  };
  const input = { recipe, force, parameters, ...more };
  return isDryRun ? firstEvent(DryRun, event, input, {}) : firstEvent(Lock, event, input, {});
}

export const bake: Workflow = {
  kind: "bake",
  phases: [
    dryRun,
    lock,
    plan,
    ...builder.phases,
    stop,
    awaitSnapshots,
    systemSnapshot,
    hash,
    capture,
    awaitImage,
    finish,
    release,
  ],
  begin,
  onComplete: afterBake,
};
