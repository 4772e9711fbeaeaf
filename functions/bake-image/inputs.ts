/** What an image is made of, as digests that can be compared and named. Pure. */
import { createHash } from "node:crypto";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { Inputs } from "../../shared/events/bake-image.ts";
import { TAG } from "../../shared/labels.ts";

const DIGEST_LENGTH = 16;

const digest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, DIGEST_LENGTH);

/** Parts of a recipe that leave no mark in the image: changing them does not ask for a new one. */
const OUTSIDE = new Set([
  "promote",
  "retention",
  "rebake",
  "whenBusy",
  "notify",
  "keepFailed",
  "family",
  "test",
]);

/** Bucket objects whose content goes into the image, or that the recipe declares as inputs. */
export const objectsOf = (recipe: Recipe): readonly string[] => [
  ...recipe.provision.flatMap((step) => (step.kind === "script" ? [step.command] : [])),
  ...recipe.inputs,
];

/** As many digests of single objects as a tag value has room for; more of them are one digest, without names. */
const OBJECTS_NAMED = 14;
const OBJECT_DIGEST_LENGTH = 8;

function objectDigests(objects: readonly (readonly [key: string, etag: string | null])[]): string {
  if (objects.length === 0) return "none";
  if (objects.length > OBJECTS_NAMED) return digest(objects);
  return objects.map((object) => digest(object).slice(0, OBJECT_DIGEST_LENGTH)).join(" ");
}

/** `objects`, with the keys of those that are new or have other content than in the image with these tags. */
export function namedObjects(
  keys: readonly string[],
  { objects }: Inputs,
  tags: Readonly<Record<string, string>>,
): string {
  const [before, now] = [(tags[TAG.inputObjects] ?? "").split(" "), objects.split(" ")];
  const fresh = keys.filter((_, index) => now.length === keys.length && !before.includes(now[index] ?? ""));
  return fresh.length === 0 ? "objects" : `objects (${[...new Set(fresh)].join(", ")})`;
}

/**
 * @param base what the image starts from: an image id, instance, snapshots or an uploaded object
 * @param etags of the objects, in the order of `objectsOf`; absent ones as undefined
 */
export function inputsOf(
  recipe: Recipe,
  base: string,
  etags: readonly (string | undefined)[],
  parameters: Readonly<Record<string, string>>,
): Inputs {
  const inside = Object.entries(recipe).filter(([key]) => !OUTSIDE.has(key));
  return {
    base,
    recipe: digest(Object.fromEntries(inside)),
    objects: objectDigests(objectsOf(recipe).map((key, index) => [key, etags[index] ?? null])),
    parameters: digest(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const TAG_OF = {
  base: TAG.base,
  recipe: TAG.inputRecipe,
  objects: TAG.inputObjects,
  parameters: TAG.inputParameters,
} as const;

const INPUTS = Object.keys(TAG_OF) as (keyof Inputs)[];

/** No tag value begins like `aliyun` (CreateImage, Tag.N.Value), as the ids of the cloud's own images do. */
const valueOf = (inputs: Inputs, input: keyof Inputs): string =>
  input === "base" ? `from ${inputs.base}` : inputs[input];

/** The inputs as tags of the image, for the next bake to compare with. */
export const inputTags = (inputs: Inputs): Record<string, string> =>
  Object.fromEntries(INPUTS.map((input) => [TAG_OF[input], valueOf(inputs, input)]));

/** Names of the inputs that differ from those an image was made of. */
export const changedInputs = (inputs: Inputs, tags: Readonly<Record<string, string>>): (keyof Inputs)[] =>
  INPUTS.filter((input) => tags[TAG_OF[input]] !== valueOf(inputs, input));
