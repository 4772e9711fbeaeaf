/** A promotion that a person asked for: the recipe is read as it is today. */
import { loadRecipe } from "../../shared/document-store.ts";
import type { At, PromoteJob } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";

/** The job as a bake would have sent it; a reason when the recipe cannot be read or has another family. */
export async function jobByHand(
  { recipe, imageId, family }: At<"read">["job"],
  { cloud }: Ports,
): Promise<PromoteJob | string> {
  const found = await loadRecipe(cloud, recipe);
  if ("problem" in found) return found.problem;
  const { document } = found;
  return document.family === family
    ? { recipe, imageId, family, document }
    : `recipe ${recipe} promotes to ${document.family ?? "no family"}, not to ${family}`;
}
