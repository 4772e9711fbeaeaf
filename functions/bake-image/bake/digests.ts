/** The inputs of an image as digests, to compare with those in the tags of the last one. Pure. */
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { objectsOf } from "../../../shared/documents/recipe-objects.ts";
import { parametersDigest, tagDigest } from "../../../shared/baked.ts";
import type { Inputs } from "./input.ts";
import { TAG } from "../../../shared/tags.ts";

/** Keys are sorted: an event may carry the same document with its keys in another order. */
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const digest = (value: unknown): string => tagDigest(JSON.stringify(value, sorted));

/** Parts of a recipe that do not change the image: changing them needs no new one. Parameters have a digest of their own. */
const OUTSIDE = new Set([
  "promote",
  "retention",
  "rebake",
  "schedule",
  "whenBusy",
  "notify",
  "keepFailed",
  "family",
  "test",
  "parameters",
  "pauseAfter",
]);

/** Single digests that fit into a tag value. More objects than that share one digest, without names. */
const OBJECTS_NAMED = 14;
const OBJECT_DIGEST_LENGTH = 8;

/** The digest of one object's content, by which it is named in tags and in the events of a bake. */
export const objectDigest = (key: string, etag: string | null): string =>
  digest([key, etag]).slice(0, OBJECT_DIGEST_LENGTH);

function objectDigests(objects: readonly (readonly [key: string, etag: string | null])[]): string {
  if (objects.length === 0) return "none";
  if (objects.length > OBJECTS_NAMED) return digest(objects);
  return objects.map(([key, etag]) => objectDigest(key, etag)).join(" ");
}

/** `objects`, with the keys of those that are new or changed since the image with these tags. */
export function namedObjects(
  keys: readonly string[],
  { objects }: Inputs,
  tags: Readonly<Record<string, string>>,
): string {
  const [before, now] = [(tags[TAG.inputObjects] ?? "").split(" "), objects.split(" ")];
  const fresh = keys.filter((_, index) => now.length === keys.length && !before.includes(now[index] ?? ""));
  return fresh.length === 0 ? "objects" : `objects (${[...new Set(fresh)].join(", ")})`;
}

/** The inputs of a bake. `base` names what the image starts from; `etags` are in the order of `objectsOf`. */
export function inputsOf(
  recipe: Recipe,
  base: string,
  etags: readonly string[],
  parameters: Readonly<Record<string, string>>,
): Inputs {
  const inside = Object.entries(recipe).filter(([key]) => !OUTSIDE.has(key));
  return {
    base,
    recipe: digest(Object.fromEntries(inside)),
    objects: objectDigests(objectsOf(recipe).map((key, index) => [key, etags[index] ?? null])),
    parameters: parametersDigest(parameters, recipe.parameters),
  };
}

const TAG_OF = {
  base: TAG.base,
  recipe: TAG.inputRecipe,
  objects: TAG.inputObjects,
  parameters: TAG.inputParameters,
} as const;

const INPUTS = ["base", "recipe", "objects", "parameters"] as const satisfies readonly (keyof Inputs)[];

/** CreateImage, Tag.N.Value: not `aliyun` at its start, like the ids of the cloud's own images. */
const valueOf = (inputs: Inputs, input: keyof Inputs): string =>
  input === "base" ? `from ${inputs.base}` : inputs[input];

/** The inputs as tags of the image; the next bake compares with them. */
export const inputTags = (inputs: Inputs): Record<string, string> =>
  Object.fromEntries(INPUTS.map((input) => [TAG_OF[input], valueOf(inputs, input)]));

/** Names of the inputs that differ from those of the image with these tags. */
export const changedInputs = (inputs: Inputs, tags: Readonly<Record<string, string>>): (keyof Inputs)[] =>
  INPUTS.filter((input) => tags[TAG_OF[input]] !== valueOf(inputs, input));
