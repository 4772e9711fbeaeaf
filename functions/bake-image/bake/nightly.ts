/** The bakes of the timer `nightly`, for the timer itself and for a plan of it. */
import { apart } from "../../../shared/apart.ts";
import { documentNames, loadRecipe, logUnusable } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { runId } from "../../../shared/workflow/run-id.ts";

/** The run of a recipe that a timer or a plain invocation asks for. */
export const requestedBake = (recipe: string, { at, identity }: Trigger, by: string): string =>
  runId("bake", recipe, at, [...identity, by]);

interface NightlyBake {
  readonly recipe: string;
  readonly deliverOnly?: true;
}

/** The nightly bake of a recipe; undefined without one. */
export function nightlyBake({ name: recipe, rebake, source, family }: Recipe): NightlyBake | undefined {
  // An uploaded disk is baked when it is uploaded.
  if (rebake.nightly && source.kind !== "upload") return { recipe };
  return family === undefined ? undefined : { recipe, deliverOnly: true };
}

/**
 * Recipes with a nightly bake, and those whose image may have to be delivered again. One that cannot be used gets no run of a
 * timer, since its check reports it; a caller who asks for all gets one that says why.
 */
export async function nightlyRecipes(
  by: string,
  ports: Pick<Ports, "cloud" | "log">,
): Promise<readonly NightlyBake[]> {
  const { cloud } = ports;
  const names = await documentNames(cloud, "recipes");
  const bakeOf = async (recipe: string): Promise<NightlyBake | undefined> => {
    const found = await loadRecipe(cloud, recipe);
    if ("document" in found) return nightlyBake(found.document);
    logUnusable(found.problem, ports);
    return by.startsWith("timer:") ? undefined : { recipe };
  };
  return (await apart(names, bakeOf, ports)).filter((bake) => bake !== undefined);
}
