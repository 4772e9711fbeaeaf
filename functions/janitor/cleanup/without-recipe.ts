/** Images whose recipe is gone: retention goes by recipes, so nothing deletes them. They are reported and left alone. */
import type { Image } from "../../../shared/cloud/ecs/images.ts";
import { documentNames } from "../../../shared/document-store.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { TAG } from "../../../shared/tags.ts";

/** Lines of the report, and ids of a line. */
const [RECIPES_MAX, IDS_MAX] = [20, 10];

/** A line for each recipe that has images of this deployment and no document. @throws CloudError */
export async function withoutRecipe(
  images: readonly Pick<Image, "id" | "tags">[],
  { cloud }: Pick<Ports, "cloud">,
): Promise<readonly string[]> {
  const recipes = new Set(await documentNames(cloud, "recipes"));
  const gone = new Map<string, string[]>();
  for (const { id, tags } of images) {
    const recipe = tags[TAG.recipe];
    if (recipe !== undefined && !recipes.has(recipe)) gone.set(recipe, [...(gone.get(recipe) ?? []), id]);
  }
  return [...gone].slice(0, RECIPES_MAX).map(([recipe, ids]) => {
    const rest = ids.length > IDS_MAX ? ` and ${ids.length - IDS_MAX} more` : "";
    return `recipe ${recipe} is gone; its images stay: ${ids.slice(0, IDS_MAX).join(", ")}${rest}; put it back with retention, or delete them`;
  });
}
