/** The objects of the bucket that a recipe names. Pure. */
import type { Recipe } from "./recipe.ts";
import type { Step } from "./recipe-steps.ts";

/** Keys of the objects that steps run, or put on the instance. */
export const objectsIn = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "script" ? [step.command] : step.kind === "file" ? [step.file] : [],
  );

/** Objects whose content goes into the image, or that the recipe declares as inputs. */
export const objectsOf = ({ provision, inputs }: Pick<Recipe, "provision" | "inputs">): readonly string[] => [
  ...objectsIn(provision),
  ...inputs,
];

/** Those and the ones of the image test, each once. */
export const allObjectsOf = (recipe: Pick<Recipe, "provision" | "inputs" | "test">): readonly string[] => [
  ...new Set([...objectsOf(recipe), ...objectsIn(recipe.test.commands)]),
];
