/** The bakes of the timer `nightly`, for the timer itself and for a plan of it. */
import { apart } from "../../../shared/apart.ts";
import { documentNames, loadRecipe, logUnusable, type Loaded } from "../../../shared/document-store.ts";
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

/** The nightly bake of a recipe; undefined without one, and for one that cannot be read: its check reports it. */
export function nightlyBake(recipe: string, found: Loaded<Recipe>): NightlyBake | undefined {
  if ("problem" in found) return undefined;
  const { rebake, source, family } = found.document;
  // An uploaded disk is baked when it is uploaded.
  if (rebake.nightly && source.kind !== "upload") return { recipe };
  return family === undefined ? undefined : { recipe, deliverOnly: true };
}

/** Recipes with a nightly bake, and those whose image may have to be delivered again. */
export async function nightlyRecipes(ports: Pick<Ports, "cloud" | "log">): Promise<readonly NightlyBake[]> {
  const { cloud } = ports;
  const names = await documentNames(cloud, "recipes");
  const bakeOf = async (name: string): Promise<NightlyBake | undefined> => {
    const found = await loadRecipe(cloud, name);
    if ("problem" in found) logUnusable(found.problem, ports);
    return nightlyBake(name, found);
  };
  return (await apart(names, bakeOf, ports)).filter((bake) => bake !== undefined);
}
