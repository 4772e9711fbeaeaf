/** The facts of a document that its index holds. Pure. */
import type { DocumentIndex } from "../../../shared/document-index.ts";
import { channelsOf } from "../../../shared/documents/channels.ts";
import { parseFleet, type Fleet } from "../../../shared/documents/fleet.ts";
import { explanations } from "../../../shared/documents/explanations.ts";
import { placeholdersIn } from "../../../shared/documents/image-name.ts";
import { parseRecipe, type Recipe } from "../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../shared/errors.ts";
import type { DocumentFolder } from "../../../shared/keys.ts";
import { marksOf } from "../../../shared/recipe-marks.ts";

type Facts = Omit<DocumentIndex, "v" | "key" | "etag" | "since">;

/** A document as it lies in the bucket of a stage; `key` names it in messages. */
interface Text {
  readonly key: string;
  readonly text: string;
  readonly stage: string;
}

/** The facts of a text, or all that is wrong with it. */
export function factsOf(folder: DocumentFolder, { key, text, stage }: Text): Facts {
  try {
    return folder === "recipes"
      ? ofRecipe(parseRecipe(key, text, explanations), stage)
      : ofFleet(parseFleet(key, text, explanations));
  } catch (error) {
    if (error instanceof DocumentError) return { problem: error.message, routes: [] };
    throw error;
  }
}

function ofRecipe(recipe: Recipe, stage: string): Facts {
  const { family, provision, parameters } = recipe;
  const marks = marksOf(recipe, stage);
  const names = provision.flatMap((step) => ("environment" in step ? Object.keys(step.environment) : []));
  return {
    routes: ["bake", "retire", ...(family === undefined ? [] : ["promote"])],
    environment: [...new Set(names)],
    ...named(recipe),
    ...(marks.length > 0 && { marks: [...marks] }),
    ...(parameters !== undefined && { parameters, ...namedByParameters(recipe, parameters) }),
    ...(family !== undefined && { family }),
  };
}

/** The template of the name, when a value of a parameter can make the name one that the cloud refuses. */
function namedByParameters(
  { image: { name }, source }: Recipe,
  parameters: NonNullable<Recipe["parameters"]>,
): Pick<Facts, "image"> {
  if (!placeholdersIn(name).some((one) => Object.hasOwn(parameters, one))) return {};
  return { image: { name, ...(source.kind === "upload" && { imported: true }) } };
}

function ofFleet(fleet: Fleet): Facts {
  const { family, limits, idle, size, onJobCompleted = "keep" } = fleet;
  const { max, perRequest } = limits;
  const routes = [
    "scale-out",
    ...(size === undefined ? [] : ["resize", "refresh"]),
    ...(idle === undefined ? [] : ["stop"]),
    ...(idle?.resume === true ? ["resume"] : []),
    ...(onJobCompleted === "keep" ? [] : ["end-job"]),
  ];
  return { routes, limits: { max, perRequest }, family, ...named(fleet) };
}

/** Left out where there are none: most documents name no channel. */
function named(document: Recipe | Fleet) {
  const notify = [...channelsOf(document)];
  return notify.length > 0 && { notify };
}
