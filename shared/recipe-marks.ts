/**
 * Marks of recipes: empty objects under `index/` whose keys say which recipes use an object or are built on a family, so
 * that an event finds them with one listing. The janitor writes them with the index of a recipe, from its content.
 *
 * MARK-1. A mark starts a bake early and decides nothing: the bake compares digests. One that is missing costs a night,
 *     one that is left over costs a run that changes nothing.
 */
import type { CloudClient } from "./cloud/client.ts";
import { deleteObject, listObjects, putObject } from "./cloud/oss/objects.ts";
import type { Recipe } from "./documents/recipe.ts";
import { allObjectsOf } from "./documents/recipe-objects.ts";
import { inBatches } from "./in-batches.ts";
import { digest, FOLDER } from "./keys.ts";
import { stagedFamily } from "./stage.ts";

/** Something that recipes are made of. */
export const objectUsed = (key: string): string => `object ${key}`;
/** @param family as the cloud knows it */
export const familyUsed = (family: string): string => `family ${family}`;

/** By digest: keys and families hold characters of folders. */
const folderOf = (used: string): string => `${FOLDER.uses}${digest(used)}/`;

/** The keys of the marks of a recipe. @param stage of the deployment */
export function marksOf(recipe: Recipe, stage: string): readonly string[] {
  const { name, source, rebake } = recipe;
  // A disk is baked when it is uploaded.
  if (!rebake.onChange || source.kind === "upload") return [];
  const family = source.kind === "builder" ? source.family : undefined;
  const used = [
    ...allObjectsOf(recipe).map(objectUsed),
    ...(family === undefined ? [] : [familyUsed(stagedFamily(stage, family))]),
  ];
  return used.map((one) => folderOf(one) + name);
}

/** Names of the recipes that use something. @throws CloudError */
export async function recipesUsing(client: CloudClient, used: string): Promise<readonly string[]> {
  const folder = folderOf(used);
  return (await listObjects(client, folder)).map(({ key }) => key.slice(folder.length));
}

/** All marks that there are, by recipe. */
export async function allMarks(client: CloudClient): Promise<ReadonlyMap<string, readonly string[]>> {
  const marks = new Map<string, string[]>();
  for (const { key } of await listObjects(client, FOLDER.uses)) {
    const recipe = key.slice(key.lastIndexOf("/") + 1);
    marks.set(recipe, [...(marks.get(recipe) ?? []), key]);
  }
  return marks;
}

/** Writes the marks that are missing, then deletes those that are left over. */
export async function changeMarks(
  client: CloudClient,
  before: readonly string[],
  now: readonly string[],
): Promise<void> {
  await inBatches(
    now.filter((key) => !before.includes(key)),
    (key) => putObject(client, key, ""),
  );
  await inBatches(
    before.filter((key) => !now.includes(key)),
    (key) => deleteObject(client, key),
  );
}
