/**
 * The index of documents, facts that are known without reading a document: `index/<recipes|fleets>/<name>.json`, written by the janitor.
 *
 * INDEX-1. The index answers requests early and decides nothing: the run reads the document itself.
 * INDEX-2. It says which content it is about, by key and etag. Whoever refuses a request because of it compares these
 *     with the bucket first, so that one that is missing, late, half-written or of an earlier content refuses nothing.
 */
import * as z from "zod/mini";
import type { CloudClient } from "./cloud/client.ts";
import { getObject, listObjects, type ObjectInfo } from "./cloud/oss/objects.ts";
import { readJson } from "./json.ts";
import { Declarations } from "./requests/declared-parameters.ts";
import { documentIndexKey, documentNameIn, type DocumentFolder, type StoredFolder } from "./keys.ts";

const text = z.string();

const DocumentIndex = z.strictObject({
  v: z.literal(1),
  /** The object it is about. */
  key: text,
  etag: text,
  /** When an object with this content was first seen to follow another content, or none; epoch ms. */
  since: z.optional(z.number()),
  /** Everything that is wrong in the document; absent when it is sound. */
  problem: z.optional(text),
  /** With a problem: the channels that the document names, as far as they can be read. */
  channels: z.optional(z.array(text)),
  /** Without a problem: the channels that the document names. */
  notify: z.optional(z.array(text)),
  /** The actions of the webhook that make sense for it. */
  routes: z.array(text),
  /** Of a fleet. */
  limits: z.optional(z.strictObject({ max: z.int(), perRequest: z.int() })),
  /** The family of a recipe or a fleet, as the document names it. */
  family: z.optional(text),
  /** Names that steps of a recipe set under `environment`, so that no parameter may have them. */
  environment: z.optional(z.array(text)),
  /** The keys of the marks of a recipe (shared/recipe-marks.ts). */
  marks: z.optional(z.array(text)),
  /** The parameters that a recipe declares. */
  parameters: z.optional(Declarations),
  /** The name of the images of a recipe, when parameters are a part of it. */
  image: z.optional(z.strictObject({ name: text, imported: z.optional(z.boolean()) })),
});
export type DocumentIndex = z.infer<typeof DocumentIndex>;

/** The index of a document; undefined when there is none that can be read. */
export async function readDocumentIndex(
  client: CloudClient,
  folder: DocumentFolder,
  name: string,
): Promise<DocumentIndex | undefined> {
  const object = await getObject(client, documentIndexKey(folder, name));
  const parsed = DocumentIndex.safeParse(object && readJson(object.text));
  return parsed.success ? parsed.data : undefined;
}

const ENDINGS = [".yaml", ".yml", ".json"] as const;

/** The keys a document may have, the one that counts first. */
export const documentKeys = (folder: StoredFolder, name: string): readonly string[] =>
  ENDINGS.map((ending) => `${folder}/${name}${ending}`);

/**
 * The object of a document as it is now, without its content; undefined when there is none. Each key is asked for by itself:
 * other objects may begin with the name, too, and fill any page that is listed.
 */
export async function findDocument(
  client: CloudClient,
  folder: StoredFolder,
  name: string,
): Promise<ObjectInfo | undefined> {
  return firstAt(client, documentKeys(folder, name));
}

/**
 * The object that is read instead of the one with this key, because it has the same name and counts first; undefined for the
 * key of any other object. No call for the ending that counts first of all.
 */
export async function readInstead(
  client: CloudClient,
  folder: DocumentFolder,
  key: string,
): Promise<ObjectInfo | undefined> {
  const name = documentNameIn(key, folder);
  const keys = name === undefined ? [] : documentKeys(folder, name);
  return firstAt(client, keys.slice(0, keys.indexOf(key)));
}

async function firstAt(client: CloudClient, keys: readonly string[]): Promise<ObjectInfo | undefined> {
  for (const key of keys) {
    const found = await objectAt(client, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every object that has the name of a document: the one that counts, and those with other endings, which no function reads. */
export async function findDocuments(
  client: CloudClient,
  folder: StoredFolder,
  name: string,
): Promise<readonly ObjectInfo[]> {
  const found = await Promise.all(documentKeys(folder, name).map((key) => objectAt(client, key)));
  return found.filter((object) => object !== undefined);
}

/** Of objects of a folder, those that no function reads, because another one with the name of their document counts. Pure. */
export function shadowed<T extends Pick<ObjectInfo, "key">>(
  folder: DocumentFolder,
  objects: readonly T[],
): readonly (T & { readonly reason: string })[] {
  const there = new Set(objects.map(({ key }) => key));
  return objects.flatMap((object) => {
    const name = documentNameIn(object.key, folder);
    const first = name === undefined ? undefined : documentKeys(folder, name).find((key) => there.has(key));
    return first === undefined || first === object.key
      ? []
      : [{ ...object, reason: shadowedReason(object.key, first) }];
  });
}

/** Why no function reads the object `key` while `first` is there. */
export const shadowedReason = (key: string, first: string): string =>
  `${key}: no function reads it as long as ${first} is there, which has the same name; delete from the bucket the one that is not meant`;

async function objectAt(client: CloudClient, key: string): Promise<ObjectInfo | undefined> {
  // Of all keys that begin with it, the key itself comes first.
  const [first] = await listObjects(client, key, { most: 1 });
  return first?.key === key ? first : undefined;
}
