/** The recipe of a bake, as it is in the bucket now. */
import { roomProblem } from "../../../shared/budget.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { loadRecipe, type Loaded } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { LockedInput, RequestInput } from "./input.ts";

/** Plan, order of the offerings, key of an imported file, and the reason of a run that cleans up. */
const STATE_MAX_BYTES = 7 * 1024;

/** The recipe that a request names, or a sentence on why it cannot be baked with this request (BUDGET-1). */
export async function loadRequested(request: RequestInput, cloud: CloudClient): Promise<Loaded<Recipe>> {
  const read = await loadRecipe(cloud, request.recipe);
  if ("problem" in read) return read;
  const tooLarge = roomFor({ ...request, document: read.document });
  return tooLarge === undefined ? read : { problem: tooLarge };
}

/** Why the events of a bake would not fit; undefined when they do. */
export function roomFor({ parameters, ...rest }: LockedInput): string | undefined {
  const parts = { "the recipe has": rest, "the parameters": parameters };
  const tooLarge = roomProblem(parts, STATE_MAX_BYTES);
  return (
    tooLarge &&
    `recipe ${rest.recipe} with these parameters ${tooLarge}; move long commands into objects under scripts/, or shorten the parameters`
  );
}
