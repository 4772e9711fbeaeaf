/** What a rollback or its undo would change, by the plan that the run follows: for its dry run, and for the question before it. */
import type { Ports } from "../../../shared/invocation.ts";
import { holdOf } from "../../../shared/holds.ts";
import { ok } from "../../../shared/result.ts";
import { deprecationPlan, placed, type Place } from "../family/deprecate.ts";
import { homeOf } from "../family/served.ts";
import { planBack, planUndo, type Back, type Target } from "./plan.ts";

/**
 * Changes nothing. `targets`: region → image that is served then. `images`: those whose state changes.
 * @returns a problem when the run would end with it @throws CloudError
 */
export const previewOf = (family: string, target: Target, ports: Ports) =>
  target.kind === "undo" ? previewUndo(family, ports) : previewBack(family, target, ports);

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
  const { targets, deprecated, undoes, hold } = plan.value;
  const wouldShare = deprecated.flatMap((image) =>
    image.accounts.length === 0 ? [] : [`${placed(image)} with ${image.accounts.join(", ")}`],
  );
  const wouldBringBack = deprecated.map(placed);
  // The hold of the rollback makes place for the one before it.
  const isHeldByIt = (await holdOf(family, ports))?.run === undoes;
  const fate = hold === undefined ? { wouldLiftHold: family } : { wouldHold: family };
  return ok({
    targets,
    images: idsOf(deprecated),
    undoes,
    wouldBringBack,
    ...(isHeldByIt && fate),
    ...(wouldShare.length > 0 && { wouldShare }),
  });
}

const idsOf = (images: readonly Place[]): string[] => images.map(({ imageId }) => imageId);
