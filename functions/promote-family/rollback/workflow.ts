/**
 * Rollback: makes a family serve an earlier image, or undoes the last rollback.
 *
 *     plan → deprecate → confirm → consumers (when recipes name some)
 *     plan → restore → confirm → consumers (undo)
 *     deprecate → restore (cancelled)
 *
 * A dry run has one phase, dry-run. Only a finished rollback sends a notification.
 *
 * ROLLBACK-1. A list of all images to deprecate, and of the accounts they are shared with, is written before the
 *     first change. An undo works from it, also when the rollback itself failed half-way.
 * ROLLBACK-2. When one region refuses, the others stay rolled back: the served image is bad, so each region that
 *     left it is better off. The run fails and names the rest; a second request goes on with the list of the first one.
 * ROLLBACK-3. A tag names the run that rolls an image back, before the image changes: no late promotion brings it back, only an
 *     undo does, and an undo finds every rollback that has changed something.
 * ROLLBACK-4. Only images change, and the consumers of their recipes. A rolled-back image stays, for debugging.
 * ROLLBACK-5. A rollback that is cancelled before the family has moved puts everything back.
 */
import * as z from "zod/mini";
import { describeImages } from "../../../shared/cloud/ecs/images.ts";
import { tagResources, untagResources } from "../../../shared/cloud/ecs/tags.ts";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { bringBackHold, writeHold } from "../../../shared/holds.ts";
import { permanent } from "../../../shared/errors.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { failureSends, notificationSends } from "../../../shared/notifications/subscriptions.ts";
import { oneTarget, PREVIOUS, rollbackShape } from "../../../shared/requests/rollback.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import {
  firstEvent,
  type EventOf,
  type RequestEvent,
  type WorkflowEvent,
} from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { familyName, runId, subjectOf } from "../../../shared/workflow/run-id.ts";
import {
  done,
  failed,
  next,
  phase,
  type Completion,
  type Consequences,
  type Outcome,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import {
  deprecate as deprecateImage,
  Deprecation,
  firstChange,
  ImageIn,
  ownMembers,
  placed,
  restore as restoreImage,
  unsharedBy,
} from "../family/deprecate.ts";
import { incompleteSends } from "../family/consumers.ts";
import { lockFamily, unlockFamily } from "../family/lock.ts";
import { homeOf, notServedYet } from "../family/served.ts";
import { statusTag } from "../family/status.ts";
import { consume, dueConsumers, recipesOf } from "./consume.ts";
import { DryRun, dryRun } from "./dry-run.ts";
import { event, listAt, listKey, planBack, planUndo, readList, restoring, type Back } from "./plan.ts";

const state = { targets: ImageIn, deprecated: z.array(Deprecation), list: z.optional(z.string()) };

const Plan = event("plan", {});
type Plan = EventOf<typeof Plan>;
/** `marked`: the images at home have their tags (ROLLBACK-3). */
const Deprecate = event("deprecate", { ...state, marked: z.optional(z.boolean()) });
type Deprecate = EventOf<typeof Deprecate>;
const Restore = event("restore", restoring);
type Restore = EventOf<typeof Restore>;
const Confirm = event("confirm", state);
type Confirm = EventOf<typeof Confirm>;

async function makePlan(given: Plan, ports: Ports): Promise<Outcome> {
  const waiting = await lockFamily(given, ports);
  if (waiting !== undefined) return waiting;
  const { family, target } = given.input;
  const outcome =
    target.kind === "undo" ? await startUndo(family, ports) : await startBack(given, target, ports);
  if (outcome.kind === "failed") await unlockFamily(given, ports);
  return outcome;
}

async function startBack({ input, run, by }: Plan, back: Back, ports: Ports): Promise<Outcome> {
  const plan = await planBack(input.family, back, ports);
  if (!plan.ok) return failed(plan.problem);
  const { targets, list } = plan.value;
  const text = JSON.stringify(list);
  // Named by its content: a second attempt writes its own list, and the log says which one the run goes by.
  const key = listKey(run, text);
  await putObject(ports.cloud, key, text, { contentType: "application/json" });
  const { deprecated } = list;
  const why = `rolled back to ${targets[homeOf(ports)]}`;
  // HOLD-3. Before the first change: a rollback that fails half-way holds, too. One that moves nothing leaves the hold of the first,
  // which its undo looks for.
  if (deprecated.length > 0 || list.hold === undefined)
    await writeHold(input.family, { run, by, held: true, why }, ports);
  const out = deprecated.map(placed).join(", ") || "nothing";
  const note = `back to ${targets[homeOf(ports)]}: ${out} steps back`;
  return next(Deprecate, { targets, deprecated, list: key }, { note });
}

async function startUndo(family: string, ports: Ports): Promise<Outcome> {
  const plan = await planUndo(family, ports);
  if (!plan.ok) return failed(plan.problem);
  const { targets, deprecated, undoes } = plan.value;
  return next(Restore, { targets, deprecated, undoes }, { note: `undoes ${undoes}` });
}

async function deprecateAll(given: Deprecate, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { targets, deprecated, input, run, list, marked } = given;
  if (!marked) {
    const own = await ownMembers(cloud, input.family, atHome(deprecated, ports));
    const ids = own.map(({ imageId }) => imageId);
    if (ids.length > 0) await tagResources(cloud, "image", ids, statusTag("rolled-back", run));
    return next(Deprecate, { targets, deprecated, list, marked: true }, { note: "the images are tagged" });
  }
  const refused = new Map<string, string>();
  for (const image of deprecated) {
    if (refused.has(image.region)) continue;
    try {
      const change = await deprecateImage(cloud, input.family, image);
      if (!change.ok) refused.set(image.region, change.problem);
      else if (change.value !== undefined) return poll(given, clock, PACE.step, change.value);
    } catch (error) {
      refused.set(image.region, permanent(error).message);
    }
  }
  if (refused.size > 0) return failed(refusal(given, refused, homeOf(ports)));
  const note = `${input.family} steps back`;
  return next(Confirm, { targets, deprecated, list }, { afterMs: PACE.step.firstMs, note });
}

/** ROLLBACK-2. */
function refusal({ input, targets }: Deprecate, refused: ReadonlyMap<string, string>, home: string): string {
  const well = Object.keys(targets).filter((region) => !refused.has(region));
  const why = [...refused].map(([region, message]) => `${region}: ${message}`).join("; ");
  return `family ${input.family} is back in ${well.join(", ") || "no region"}, but not in ${why}. Fix that and roll back to ${targets[home]} again, which goes on where this one stopped`;
}

const atHome = (images: readonly Deprecation[], ports: Ports): Deprecation[] =>
  images.filter(({ region }) => region === homeOf(ports));

async function restoreAll(given: Restore, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { targets, deprecated, undoes, list: key, reason } = given;
  const list = await (key === undefined ? readList(undoes, cloud) : listAt(key, cloud));
  const unlisted = deprecated.find(({ imageId }) => !list?.deprecated.some((one) => one.imageId === imageId));
  if (unlisted !== undefined) return failed(`${undoes} did not deprecate ${placed(unlisted)}`);
  // Newest first: the family goes straight back to the image it served.
  const { family } = given.input;
  const change = await firstChange(deprecated.toReversed(), (image) => restoreImage(cloud, family, image));
  if (!change.ok) return failed(change.problem);
  if (change.value !== undefined) return poll(given, clock, PACE.step, change.value);
  for (const { imageId } of atHome(deprecated, ports)) {
    const before = list?.tags[imageId];
    if (before) await tagResources(cloud, "image", [imageId], { [TAG.promotion]: before });
    else await untagResources(cloud, "image", [imageId], [TAG.promotion]);
  }
  await bringBackHold(family, { undone: undoes, before: list?.hold }, given, ports);
  if (reason !== undefined) {
    await unlockFamily(given, ports);
    return failed(`${reason}; family ${family} and its hold are as before`);
  }
  const note = `${undoes} is undone`;
  return next(Confirm, { targets, deprecated }, { afterMs: PACE.step.firstMs, note });
}

async function confirmServed(given: Confirm, ports: Ports): Promise<Outcome> {
  const { input, targets } = given;
  const { family, target } = input;
  const waitsFor = await notServedYet(family, targets, ports);
  if (waitsFor !== undefined) return poll(given, ports.clock, PACE.family, waitsFor);
  const imageId = String(targets[homeOf(ports)]);
  const out = given.deprecated.map(placed);
  const undone = target.kind === "undo";
  const unshared = undone ? [] : unsharedBy(given.deprecated);
  const result = {
    family,
    imageId,
    regions: targets,
    ...(undone ? { broughtBack: out } : { steppedBack: out }),
    ...(unshared.length > 0 && { unshared }),
    proved: `${family} answers with ${imageId}`,
  };
  const moved = atHome(given.deprecated, ports).map((image) => image.imageId);
  const recipes = await recipesOf([imageId, ...moved], ports);
  const consumers = await dueConsumers(result, recipes, given, ports);
  if (consumers !== undefined) return consumers;
  await unlockFamily(given, ports);
  return done(result);
}

/** The recipe of an image, for its channels. Without a valid recipe no channel is notified. */
async function recipeOf(imageId: string, { cloud, log }: Ports): Promise<Recipe | undefined> {
  const [image] = await describeImages(cloud, { ids: [imageId] });
  const name = image?.tags[TAG.recipe];
  if (name === undefined) return undefined;
  const found = await loadRecipe(cloud, name);
  if ("document" in found) return found.document;
  log({ warning: "no channel is notified", recipe: name, error: found.problem });
  return undefined;
}

const askAgain = (what: string) => (_event: unknown, reason: string) =>
  failed(`${reason}; request ${what} again, which goes on where this one stopped`);

/** A promotion of the family may hold the lock. */
const plan = phase(Plan, { limitMs: hours(2), run: makePlan });
const deprecate = phase(Deprecate, {
  limitMs: minutes(30),
  run: deprecateAll,
  compensate: askAgain("the rollback"),
  // ROLLBACK-5. The images are tagged, so where this fails an undo does the rest.
  cancel: ({ run, targets, deprecated, list }, reason) =>
    next(Restore, { targets, deprecated, undoes: run, list, reason }),
});
const restore = phase(Restore, {
  limitMs: minutes(30),
  run: restoreAll,
  compensate: askAgain("the undo"),
  cancel: ({ targets, deprecated, undoes, list, reason }) =>
    next(Restore, { targets, deprecated, undoes, list, reason }),
});
/** The family has moved by then, so a cancellation changes nothing but the state of the run. */
const confirm = phase(Confirm, {
  limitMs: minutes(15),
  run: confirmServed,
  cancel: ({ targets, deprecated, list }) => next(Confirm, { targets, deprecated, list }),
});

function begin(request: RequestEvent, { cloud }: Ports): WorkflowEvent {
  const {
    family: asked,
    to = PREVIOUS,
    regions,
    undo,
    dryRun: isDryRun,
  } = parse(RollbackRequest, request.input, "rollback");
  const back = { kind: "back", to, ...(regions !== undefined && { regions }) } as const;
  const family = stagedFamily(cloud.access.stage, asked);
  const input = { family, target: undo ? ({ kind: "undo" } as const) : back };
  return isDryRun ? firstEvent(DryRun, request, input, {}) : firstEvent(Plan, request, input, {});
}

/** The channels of the recipe of the image that is served then. One that fails has none of its own: a region may be left. */
async function afterRollback(
  given: WorkflowEvent,
  completion: Completion,
  ports: Ports,
): Promise<Consequences> {
  const { run, by } = given;
  if (completion.kind === "failed")
    return { notifications: failureSends(given, completion.reason, ports.clock.now()) };
  const result = Result.safeParse(completion.kind === "done" ? completion.result : undefined);
  if (!result.success) return {};
  const { family, imageId, regions, ...moved } = result.data;
  const recipe = await recipeOf(imageId, ports);
  const at = ports.clock.now();
  const incomplete = incompleteSends(given, completion, recipe?.notify, at);
  // By night only consumers are left to change.
  if (by.startsWith("timer:")) return { notifications: incomplete };
  const notifications = notificationSends(recipe?.notify ?? [], {
    kinds: ["rolledBack"],
    run,
    subject: recipe?.name ?? subjectOf(run),
    by,
    at,
    family,
    imageId,
    regions: Object.keys(regions),
    ...imagesOf(moved),
  });
  return { notifications: [...notifications, ...incomplete] };
}

/** The images that the family left or got back, and a sentence about them for programs. */
function imagesOf({
  broughtBack,
  steppedBack = [],
}: Pick<z.infer<typeof Result>, "broughtBack" | "steppedBack">) {
  return broughtBack === undefined
    ? { images: steppedBack, reason: `${steppedBack.join(", ") || "nothing"} stepped back` }
    : {
        images: broughtBack,
        undone: true,
        reason: `a rollback was undone: ${broughtBack.join(", ")} is back`,
      };
}

/** The result of a rollback or an undo; not that of a dry run. */
const Result = z.looseObject({
  family: z.string(),
  imageId: z.string(),
  regions: ImageIn,
  proved: z.string(),
  broughtBack: z.optional(z.array(z.string())),
  steppedBack: z.optional(z.array(z.string())),
});

export const rollback: Workflow = {
  kind: "rollback",
  phases: [dryRun, plan, deprecate, restore, confirm, consume],
  begin,
  onComplete: afterRollback,
};

/** Moves a family back to one target, or undoes its last rollback. */
export const RollbackRequest = z
  .strictObject({ ...requestShape, request: z.literal("rollback"), family: z.string(), ...rollbackShape })
  .check(...oneTarget);

export const requestedRollback = (
  { by, ...request }: z.infer<typeof RollbackRequest>,
  trigger: Trigger,
): RunRequest => ({
  run: runId("rollback", familyName(request.family), trigger.at, [...trigger.identity, request.family]),
  by: by ?? trigger.by,
  request,
});
