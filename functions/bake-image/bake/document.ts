/** The recipe of a bake, as it is in the bucket now. */
import { roomProblem } from "../../../shared/budget.ts";
import { expandRecipe } from "../../../shared/components.ts";
import { loadRecipe, type Loaded } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { LockedInput, RequestInput } from "./input.ts";

/** Plan, order of the offerings, key of an imported file, and the reason of a run that cleans up. */
const STATE_MAX_BYTES = 7 * 1024;

/**
 * The recipe that a request names, with its components, or a sentence on why it cannot be baked with this request (BUDGET-1).
 * `mayCome`: the recipe is sound, and a component may be on its way.
 */
export async function loadRequested(
  request: RequestInput,
  ports: Parameters<typeof expandRecipe>[1],
): Promise<Loaded<Recipe> & { readonly mayCome?: true; readonly commit?: string }> {
  const read = await loadRecipe(ports.cloud, request.recipe);
  if ("problem" in read) return read;
  const whole = await expandRecipe(read.document, ports);
  if (!whole.ok) return { problem: `recipe ${request.recipe}: ${whole.problem}`, mayCome: true };
  const document = whole.value;
  const tooLarge = roomFor({ ...request, document });
  const { commit } = read;
  return tooLarge === undefined ? { document, ...(commit && { commit }) } : { problem: tooLarge };
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

/** The components that an image is made of, for the result of a bake. */
export const versionsOf = ({ components }: Recipe): { readonly components?: readonly string[] } =>
  components === undefined ? {} : { components: components.map(({ name, version }) => `${name}/${version}`) };
