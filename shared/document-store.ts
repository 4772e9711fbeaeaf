/** Recipes and fleets as they lie in the bucket. */
import { isCommit } from "./commit.ts";
import { DOCUMENT_TEXT_MAX_BYTES } from "./budget.ts";
import type { CloudClient } from "./cloud/client.ts";
import { getSmallObject, listObjects, type StoredObject } from "./cloud/oss/objects.ts";
import { documentKeys, readDocumentIndex } from "./document-index.ts";
import type { Help } from "./documents/explanations.ts";
import type { Fleet } from "./documents/fleet.ts";
import type { Recipe } from "./documents/recipe.ts";
import type { Ports } from "./invocation.ts";
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
    if (!read.ok)
      return { problem: `${read.problem}; move scripts into objects under scripts/`, invalid: key };
    if (read.value !== undefined) return read.value;
  }
  return { problem: `there is no ${folder}/${name}.yaml in bucket ${client.access.bucket}`, missing: true };
}

/**
 * Why there is no document; `missing` when there is no object either, so that no check finds the problem; `invalid`: the key of
 * one whose mistakes its check reports.
 */
interface Problem {
  readonly problem: string;
  readonly missing?: true;
  readonly invalid?: string;
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
  const found = await recipeIn(client, key, text);
  // Whoever writes objects writes their metadata, too.
  return { ...(await asChecked(client, "recipes", read, found)), ...(isCommit(commit) && { commit }) };
}

/** The recipe in a text, by its key or its bare name; with `help`, problems are explained. */
export const recipeIn = (
  client: CloudClient,
  name: string,
  text: string,
  help?: Help,
): Promise<Loaded<Recipe>> =>
  loaded(async () => {
    const { parseRecipe } = await import("./documents/recipe.ts");
    return staged(client, parseRecipe(name, text, help));
  });

/** As `loadRecipe`, for a fleet. */
export async function loadFleet(client: CloudClient, name: string): Promise<Loaded<Fleet>> {
  const read = await readDocument(client, "fleets", name);
  if ("problem" in read) return read;
  return asChecked(client, "fleets", read, await fleetIn(client, read.key, read.text));
}

/** As `recipeIn`, for a fleet. */
export const fleetIn = (
  client: CloudClient,
  name: string,
  text: string,
  help?: Help,
): Promise<Loaded<Fleet>> =>
  loaded(async () => {
    const { parseFleet } = await import("./documents/fleet.ts");
    return staged(client, parseFleet(name, text, help));
  });

/** The problem of an object as its check has explained it: explanations are in no bundle but the checks'. */
async function asChecked<T>(
  client: CloudClient,
  folder: DocumentFolder,
  { key, etag }: Pick<StoredObject, "key" | "etag">,
  found: Loaded<T>,
): Promise<Loaded<T>> {
  if ("document" in found) return found;
  const index = await readDocumentIndex(client, folder, documentNameIn(key, folder) ?? "").catch(
    (error: unknown) => {
      permanent(error);
      return undefined;
    },
  );
  const explained = index?.key === key && index.etag === etag ? index.problem : undefined;
  return { problem: explained ?? found.problem, invalid: key };
}

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

/** A timer begins no run for a document that cannot be used: its check reports it once. */
export const logUnusable = (problem: string, { log }: Pick<Ports, "log">): void =>
  log({ warning: "no run begins for a document that cannot be used", problem });

/** Names of all documents of a folder. */
export async function documentNames(client: CloudClient, folder: DocumentFolder): Promise<string[]> {
  const objects = await listObjects(client, `${folder}/`);
  return [...new Set(objects.flatMap(({ key }) => documentNameIn(key, folder) ?? []))];
}
