/**
 * Marks of recipes: empty objects under `index/` whose keys say which recipes use an object or are built on a family, and
 * when recipes are baked, so that an event or a timer finds them with one listing. The janitor writes them with the index of a recipe, from its content.
 *
 * MARK-1. A mark starts a bake early and decides nothing: the bake compares digests. One that is missing costs a night,
 *     one that is left over costs a run that changes nothing.
 */
import * as z from "zod/mini";
import type { CloudClient } from "./cloud/client.ts";
import { deleteObject, listObjects, putObject } from "./cloud/oss/objects.ts";
import type { Recipe } from "./documents/recipe.ts";
import { allObjectsOf } from "./documents/recipe-objects.ts";
import { inBatches } from "./in-batches.ts";
import { readJson } from "./json.ts";
import { digest, FOLDER } from "./keys.ts";
import type { Schedule } from "./schedule.ts";
import { stagedFamily } from "./stage.ts";

const Written = z.object({ cron: z.string(), timeZone: z.string() });

/** Something that recipes are made of. */
export const objectUsed = (key: string): string => `object ${key}`;
export const componentUsed = (name: string): string => `component ${name}`;
/** @param family as the cloud knows it */
export const familyUsed = (family: string): string => `family ${family}`;

/** By digest: keys and families hold characters of folders. */
const folderOf = (used: string): string => `${FOLDER.uses}${digest(used)}/`;

/** The keys of the marks of a recipe. @param stage of the deployment */
export function marksOf(recipe: Recipe, stage: string): readonly string[] {
  const { name, schedule } = recipe;
  const scheduled = schedule === undefined ? [] : [`${FOLDER.schedules}${encoded(schedule)}/${name}`];
  return [...usesOf(recipe, stage).map((used) => folderOf(used) + name), ...scheduled];
}

/** In the alphabet of keys. */
const encoded = (schedule: Schedule): string => Buffer.from(JSON.stringify(schedule)).toString("base64url");

function usesOf(recipe: Recipe, stage: string): readonly string[] {
  const { source, rebake } = recipe;
  // A disk is baked when it is uploaded.
  if (!rebake.onChange || source.kind === "upload") return [];
  const family = source.kind === "builder" ? source.family : undefined;
  return [
    ...allObjectsOf(recipe).map(objectUsed),
    ...new Set((recipe.components ?? []).map(({ name: component }) => componentUsed(component))),
    ...(family === undefined ? [] : [familyUsed(stagedFamily(stage, family))]),
  ];
}

/** Names of the recipes that use something. @throws CloudError */
export async function recipesUsing(client: CloudClient, used: string): Promise<readonly string[]> {
  const folder = folderOf(used);
  return (await listObjects(client, folder)).map(({ key }) => key.slice(folder.length));
}

/** A recipe with a schedule of its own, and since when it has it, epoch ms. */
export interface Scheduled {
  readonly recipe: string;
  readonly schedule: Schedule;
  readonly since: number;
}

/** All schedules. @throws CloudError */
export async function schedules(client: CloudClient): Promise<readonly Scheduled[]> {
  const marks = await listObjects(client, FOLDER.schedules);
  return marks.flatMap(({ key, lastModifiedAt: since }) => {
    const [text = "", recipe = ""] = key.slice(FOLDER.schedules.length).split("/");
    const schedule = Written.safeParse(readJson(Buffer.from(text, "base64url").toString()));
    return schedule.success ? [{ recipe, since, schedule: schedule.data }] : [];
  });
}

/** All marks that there are, by recipe. */
export async function allMarks(client: CloudClient): Promise<ReadonlyMap<string, readonly string[]>> {
  const marks = new Map<string, string[]>();
  const listed = [FOLDER.uses, FOLDER.schedules].map((folder) => listObjects(client, folder));
  for (const { key } of (await Promise.all(listed)).flat()) {
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
