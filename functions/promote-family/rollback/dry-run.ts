/** The dry run of a rollback or of its undo: it plans like the real run and changes nothing. */
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok } from "../../../shared/result.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { done, failed, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { outdatedConsumers } from "../family/consumers.ts";
import { deprecationPlan, placed, type Place } from "../family/deprecate.ts";
import { familyNow } from "../family/lock.ts";
import { homeOf } from "../family/served.ts";
import { recipesOf } from "./consume.ts";
import { event, planBack, planUndo, type Back } from "./plan.ts";

/** The only phase of its run. */
export const DryRun = event("dry-run", {});

async function preview({ input }: EventOf<typeof DryRun>, ports: Ports): Promise<Outcome> {
  const { family, target } = input;
  const plan = await (target.kind === "undo"
    ? previewUndo(family, ports)
    : previewBack(family, target, ports));
  if (!plan.ok) return failed(plan.problem);
  const { targets, images, ...changes } = plan.value;
  const recipes = await recipesOf([targets[homeOf(ports)] ?? "", ...images], ports);
  const wouldUpdate = await outdatedConsumers(recipes, family, targets, ports);
  return done({
    dryRun: true,
    family,
    imageId: targets[homeOf(ports)],
    regions: targets,
    ...(await familyNow(family, Object.keys(targets), ports)),
    ...changes,
    ...(wouldUpdate.length > 0 && { wouldUpdate }),
  });
}

async function previewBack(family: string, back: Back, ports: Ports) {
  const plan = await planBack(family, back, ports);
  if (!plan.ok) return plan;
  const { targets, list } = plan.value;
  const { images: wouldStepBack, unshared } = deprecationPlan(list.deprecated);
  // An undo finds a rollback by the tag of the images it deprecated at home.
  const undoable = list.deprecated.some(({ region }) => region === homeOf(ports));
  return ok({
    targets,
    images: idsOf(list.deprecated),
    wouldStepBack,
    wouldHold: family,
    ...unshared,
    ...(undoable && { undoWouldRestore: list.served }),
  });
}

async function previewUndo(family: string, ports: Ports) {
  const plan = await planUndo(family, ports);
  if (!plan.ok) return plan;
  const { targets, deprecated, undoes } = plan.value;
  const wouldShare = deprecated.flatMap((image) =>
    image.accounts.length === 0 ? [] : [`${placed(image)} with ${image.accounts.join(", ")}`],
  );
  const wouldBringBack = deprecated.map(placed);
  return ok({
    targets,
    images: idsOf(deprecated),
    undoes,
    wouldBringBack,
    ...(wouldShare.length > 0 && { wouldShare }),
  });
}

const idsOf = (images: readonly Place[]): string[] => images.map(({ imageId }) => imageId);

export const dryRun = phase(DryRun, { limitMs: minutes(30), run: preview });
