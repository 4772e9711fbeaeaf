/**
 * Writes the index of a document from the document as it is now, whatever the event said: events come late, twice and out
 * of order. After the write the document is looked at again, because another invocation may have read a newer content and
 * written before this one.
 */
import { isDeepStrictEqual } from "node:util";
import { DOCUMENT_TEXT_MAX_BYTES } from "../../../shared/budget.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { deleteObject, getObject, putObject, type ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { seconds } from "../../../shared/duration.ts";
import { documentNames } from "../../../shared/document-store.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import { findDocument, readDocumentIndex, type DocumentIndex } from "../../../shared/document-index.ts";
import { documentIndexKey, type DocumentFolder } from "../../../shared/keys.ts";
import { allMarks, changeMarks } from "../../../shared/recipe-marks.ts";
import { redactShown } from "../../../shared/redact.ts";
import { channelsIn } from "./channels.ts";
import { factsOf } from "./facts.ts";

/** Contents that change while one is read; an event follows the last of them. */
const LOOKS = 3;

type Index = DocumentIndex & { readonly since: number };

/** Brings the index of a document up to date; undefined when there is no such document. */
export async function indexDocument(
  folder: DocumentFolder,
  name: string,
  cloud: CloudClient,
): Promise<Index | undefined> {
  let indexed: Index | undefined;
  for (let look = 0; look < LOOKS; look++) {
    const now = await findDocument(cloud, folder, name);
    if (now === undefined) {
      const before = await readDocumentIndex(cloud, folder, name);
      await changeMarks(cloud, before?.marks ?? [], []);
      await deleteObject(cloud, documentIndexKey(folder, name));
      return undefined;
    }
    if (indexed?.key === now.key && indexed.etag === now.etag) return indexed;
    indexed = await makeCurrent(folder, name, { key: now.key, cloud });
  }
  return indexed;
}

/** Writes the index unless it says the same already: another version of Kiln may have written it, with other facts. */
async function makeCurrent(
  folder: DocumentFolder,
  name: string,
  { key, cloud }: { readonly key: string; readonly cloud: CloudClient },
): Promise<Index | undefined> {
  const object = await getObject(cloud, key, DOCUMENT_TEXT_MAX_BYTES);
  if (object === undefined) return undefined;
  const { etag, size, text } = object;
  const facts =
    size > DOCUMENT_TEXT_MAX_BYTES
      ? { problem: tooLarge(key, size), routes: [] }
      : factsOf(folder, { key, text, stage: cloud.access.stage });
  const { problem } = facts;
  const wrong =
    problem === undefined ? {} : { problem: redactShown(problem), channels: [...channelsIn(text)] };
  const before = await readDocumentIndex(cloud, folder, name);
  const index: Index = { v: 1, key, etag, since: sinceOf(object, before), ...facts, ...wrong };
  if (!isDeepStrictEqual(before, index)) {
    await putObject(cloud, documentIndexKey(folder, name), JSON.stringify(index), {
      contentType: "application/json",
    });
    await changeMarks(cloud, before?.marks ?? [], index.marks ?? []);
  }
  return index;
}

/** Since when an object has its content, epoch ms; `before`: the content at the last look. Not every answer of OSS shows milliseconds. */
export const sinceOf = (
  { key, etag, lastModifiedAt }: Pick<ObjectInfo, "key" | "etag" | "lastModifiedAt">,
  before: { readonly key: string; readonly etag: string; readonly since?: number | undefined } | undefined,
): number =>
  (before?.key === key && before.etag === etag ? before.since : undefined) ??
  Math.floor(lastModifiedAt / seconds(1)) * seconds(1);

/** Marks as the indexes have them: an invocation may end between an index and its marks, and an event may be lost. */
export async function repairMarks(cloud: CloudClient): Promise<void> {
  const there = await allMarks(cloud);
  const recipes = new Set([...there.keys(), ...(await documentNames(cloud, "recipes"))]);
  await inBatches([...recipes], async (name) => {
    const index = await readDocumentIndex(cloud, "recipes", name);
    await changeMarks(cloud, there.get(name) ?? [], index?.marks ?? []);
  });
}

const tooLarge = (key: string, size: number): string =>
  `${key} has ${size} bytes, more than the ${DOCUMENT_TEXT_MAX_BYTES} that it may have; move scripts into objects under scripts/`;
