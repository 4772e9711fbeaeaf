/** Recipes and fleets as they lie in the bucket. */
import { isCommit } from "./commit.ts";
import { DOCUMENT_TEXT_MAX_BYTES } from "./budget.ts";
import type { CloudClient } from "./cloud/client.ts";
import { getSmallObject, listObjects, type StoredObject } from "./cloud/oss/objects.ts";
import { documentKeys } from "./document-index.ts";
import type { Fleet } from "./documents/fleet.ts";
import type { Recipe } from "./documents/recipe.ts";
import { documentNameIn, type DocumentFolder } from "./keys.ts";
import { DocumentError, permanent } from "./errors.ts";
import { stagedFamily } from "./stage.ts";

/** A document as it lies in the bucket, or a sentence on why there is none: one that is refused must not stop whoever reads all. */
async function readDocument(
  client: CloudClient,
  folder: DocumentFolder,
  name: string,
): Promise<StoredObject | Problem> {
  try {
    return await readFirst(client, folder, name);
  } catch (error) {
    return { problem: `${folder}/${name} cannot be read: ${permanent(error).message}` };
  }
}

async function readFirst(
  client: CloudClient,
  folder: DocumentFolder,
  name: string,
): Promise<StoredObject | Problem> {
  for (const key of documentKeys(folder, name)) {
    const read = await getSmallObject(client, key, DOCUMENT_TEXT_MAX_BYTES);
    if (!read.ok) return { problem: `${read.problem}; move scripts into objects under scripts/` };
    if (read.value !== undefined) return read.value;
  }
  return { problem: `there is no ${folder}/${name}.yaml in bucket ${client.access.bucket}`, missing: true };
}

/** Why there is no document; `missing` when there is no object either, so that no check finds the problem. */
interface Problem {
  readonly problem: string;
  readonly missing?: true;
}

/** A document as it is now, or a sentence with all that is wrong in it. */
export type Loaded<T> = { readonly document: T } | Problem;

/** Imported lazily: few phases parse documents, and the parser is a third of a cold start. */
export async function loadRecipe(
  client: CloudClient,
  name: string,
): Promise<Loaded<Recipe> & { readonly commit?: string }> {
  const read = await readDocument(client, "recipes", name);
  if ("problem" in read) return read;
  const { key, text, commit = "" } = read;
  // Whoever writes objects writes their metadata, too.
  return { ...(await recipeIn(client, key, text)), ...(isCommit(commit) && { commit }) };
}

/** The recipe in a text, by its key or its bare name. */
export const recipeIn = (client: CloudClient, name: string, text: string): Promise<Loaded<Recipe>> =>
  loaded(async () => {
    const { parseRecipe } = await import("./documents/recipe.ts");
    return staged(client, parseRecipe(name, text));
  });

/** As `loadRecipe`, for a fleet. */
export async function loadFleet(client: CloudClient, name: string): Promise<Loaded<Fleet>> {
  const read = await readDocument(client, "fleets", name);
  return "problem" in read ? read : fleetIn(client, read.key, read.text);
}

/** The fleet in a text, by its key or its bare name. */
export const fleetIn = (client: CloudClient, name: string, text: string): Promise<Loaded<Fleet>> =>
  loaded(async () => {
    const { parseFleet } = await import("./documents/fleet.ts");
    return staged(client, parseFleet(name, text));
  });

/** The document with its family as the cloud knows it. */
const staged = <T extends { readonly family?: string }>({ access }: CloudClient, document: T): T =>
  document.family === undefined
    ? document
    : { ...document, family: stagedFamily(access.stage, document.family) };

async function loaded<T>(parse: () => Promise<T>): Promise<Loaded<T>> {
  try {
    return { document: await parse() };
  } catch (error) {
    if (error instanceof DocumentError) return { problem: error.message };
    throw error;
  }
}

/** Names of all documents of a folder. */
export async function documentNames(client: CloudClient, folder: DocumentFolder): Promise<string[]> {
  const objects = await listObjects(client, `${folder}/`);
  return [...new Set(objects.flatMap(({ key }) => documentNameIn(key, folder) ?? []))];
}
