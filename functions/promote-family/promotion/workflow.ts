/**
 * Promotion: tests an image, copies it to its regions and makes its family serve it in all of them, or in none.
 *
 *     load (when an operator asked) → check → launch → boot → command ⇄ watch, command ⇄ reboot → release →
 *     ask → approve (when the recipe wants an approval) → reserve → copy → await-copies → share → preflight →
 *     join → deprecate → verify → consumers (when the recipe names some)
 *
 * From copy to verify the compensation is undo. A dry run has one phase, dry-run.
 */
import * as z from "zod/mini";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import { EventError } from "../../../shared/errors.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { PackageChanges } from "../../../shared/package-changes.ts";
import { Name, taskId } from "../../../shared/names.ts";
import { failureSends, notificationSends } from "../../../shared/notifications/subscriptions.ts";
import { PromoteRequest } from "../../../shared/requests/promote.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { endFailures, noteFailure } from "../../../shared/pauses.ts";
import { isTriggered, promoterOf, type Trigger } from "../../../shared/triggers.ts";
import { firstEvent, type RequestEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type {
  Completion,
  Consequences,
  RunRequest,
  Send,
  Workflow,
} from "../../../shared/workflow/workflow.ts";
import { approve, ask } from "./approval.ts";
import { Check, check, Load, load } from "./check.ts";
import { consume } from "./consume.ts";
import { incompleteSends } from "../family/consumers.ts";
import { awaitCopies, copy, reserve, share } from "./copies.ts";
import { dependentBakes } from "./dependents.ts";
import { DryRun, dryRun } from "./dry-run.ts";
import { imageTest, release } from "./image-test.ts";
import { deprecate, join, preflight, verify } from "./join.ts";
import { undo } from "./undo.ts";
import { withdrawalAfter } from "../withdrawal/workflow.ts";

const Input = z.looseObject({
  recipe: z.string(),
  family: z.string(),
  imageId: z.string(),
  document: CarriedRecipe,
  packages: z.optional(PackageChanges),
  leaves: z.optional(z.array(z.string())),
});

/** Counts the failures of a recipe's timers and uploads (PAUSE-1); a rejection is none. */
async function countPromotion(
  { run, by, ...event }: WorkflowEvent,
  recipe: string,
  { completion, after }: { readonly completion: Completion; readonly after: number },
  ports: Ports,
): Promise<readonly string[]> {
  if (event.phase === DryRun.name || completion.kind === "cancelled" || "answer" in event) return [];
  if (completion.kind === "done") await endFailures(recipe, run, ports);
  else if (isTriggered(by)) return [(await noteFailure(recipe, run, after, ports)) ?? []].flat();
  return [];
}

/** Starts the recipes built on the family, and notifies the channels of the recipe; the deployment's of a run that fails before the recipe is read. */
/** Fleets may be refreshed now, and not only by the timer of minutes later. */
const compareFleets = (run: string): Send => ({
  to: "scale-out",
  taskId: taskId.reconcile(run),
  event: { v: 1, request: "reconcile", fleet: "*", by: promoterOf(run) },
});

async function afterPromotion(
  event: WorkflowEvent,
  completion: Completion,
  ports: Ports,
): Promise<Consequences> {
  const { input, run, by } = event;
  const at = ports.clock.now();
  const read = Input.safeParse(input);
  if (!read.success)
    return completion.kind === "failed"
      ? { notifications: failureSends({ run, by }, completion.reason, at) }
      : {};
  const { recipe, family, imageId, document, packages, leaves } = read.data;
  const paused = await countPromotion(event, recipe, { completion, after: document.pauseAfter }, ports);
  const withdrawals = event.phase === DryRun.name ? [] : await withdrawalAfter(run, document, ports);
  // Its bake has said that there is an image, and no family serves it.
  if (completion.kind === "done" && "held" in completion.result) return { runs: withdrawals };
  const common = { run, subject: recipe, by, at, family, imageId };
  const notification =
    completion.kind === "done"
      ? ({
          ...common,
          kinds: ["promoted"],
          ...(packages && { packages }),
          // LOSS-3.
          ...(leaves && { reason: leaves.join("; ") }),
          regions: Object.keys(completion.result["regions"] ?? {}),
        } as const)
      : ({ ...common, kinds: ["failed"], reason: [completion.reason, ...paused].join(". ") } as const);
  const isDone = completion.kind === "done";
  const notifications = [
    ...notificationSends(document.notify, notification),
    ...incompleteSends(event, completion, document.notify, at),
  ];
  const bakes = isDone ? await dependentBakes({ run, family }, ports) : [];
  return { notifications, runs: [...bakes, ...withdrawals], ...(isDone && { hints: [compareFleets(run)] }) };
}

/** An operator asks for the promotion of an image, by its recipe as it is in the bucket. It is tested like any other. */
export const PromoteImageRequest = z.strictObject({
  ...requestShape,
  request: z.literal("promote-image"),
  family: z.string(),
  recipe: Name,
  imageId: z.string(),
  dryRun: z.optional(z.boolean()),
});
type PromoteImageRequest = z.infer<typeof PromoteImageRequest>;

export const requestedPromotion = (
  { by, ...request }: PromoteImageRequest,
  trigger: Trigger,
): RunRequest => ({
  run: runId("promote", request.recipe, trigger.at, [...trigger.identity, request.imageId]),
  by: by ?? trigger.by,
  request,
});

const Request = z.discriminatedUnion("request", [PromoteRequest, PromoteImageRequest]);

function begin(event: RequestEvent, { cloud }: Ports): WorkflowEvent {
  const request = parse(Request, event.input, "promotion");
  const { recipe, imageId } = request;
  if (request.request === "promote") {
    const { document, again } = request;
    const { family } = document;
    if (family === undefined)
      throw new EventError(`recipe ${recipe} has no family to promote ${imageId} into`);
    const why = again !== undefined && { again };
    return firstEvent(Check, event, { recipe, imageId, family, document, ...why }, {});
  }
  const family = stagedFamily(cloud.access.stage, request.family);
  const input = { recipe, imageId, family, byHand: true };
  return request.dryRun ? firstEvent(DryRun, event, input, {}) : firstEvent(Load, event, input, {});
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
    consume,
    undo,
  ],
  begin,
  onComplete: afterPromotion,
};
