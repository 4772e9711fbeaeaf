/** The builder of a bake as RunInstances is to make it. Pure. */
import type { BakeEvent, BakePlan } from "../../shared/events/bake-image.ts";
import { TAG } from "../../shared/labels.ts";
import type { Rental } from "../../shared/temporary.ts";
import { machineShape } from "../../shared/temporary-shape.ts";

/** @throws TypeError for a recipe without a builder, which never launches one. */
export function builderRental(
  event: BakeEvent,
  { document, baseImageId, baseDataDisks = [] }: BakePlan,
): Rental {
  const { source } = document;
  if (source.kind !== "builder" || baseImageId === undefined)
    throw new TypeError("this recipe has no builder");
  return {
    role: "builder",
    imageId: baseImageId,
    instanceTypes: source.instanceTypes,
    vSwitchIds: source.vSwitchIds,
    spot: source.spot,
    expireAfterMs: source.expireAfterMs,
    launch: machineShape({ ...source, imageDataDisks: baseDataDisks }, document.image.resourceGroupId),
    tags: { [TAG.recipe]: event.job.recipe },
  };
}
