/** Documents as they lie in the bucket. */
import { DOCUMENT_TEXT_MAX_BYTES } from "../../../shared/budget.ts";
import { getSmallObject } from "../../../shared/cloud/oss/objects.ts";
import { findDocuments } from "../../../shared/document-index.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { StoredFolder } from "../../../shared/keys.ts";

/** The text of a document, and the etag that a change of it may name. */
export interface StoredDocument {
  readonly key: string;
  readonly etag: string;
  readonly changedAt: string;
  /** That it was pushed from, when it was. */
  readonly commit?: string;
  /** Instead of a text that is too long to be a document: the reason. */
  readonly text?: string;
  readonly problem?: string;
  /** Which other objects have its name, when there are some. */
  readonly note?: string;
}

/** Of the objects with the name of a document only the first counts. Nothing for a single one. */
export function noteOn([first, ...unread]: readonly string[]): { readonly note?: string } {
  if (unread.length === 0) return {};
  const note = `no function reads ${unread.join(" and ")} as long as ${first} is there; delete from the bucket what is not meant`;
  return { note };
}

/** Undefined when there is none. */
export async function readStored(
  folder: StoredFolder,
  name: string,
  { cloud }: Ports,
): Promise<StoredDocument | undefined> {
  const found = await findDocuments(cloud, folder, name);
  const [object] = found;
  if (object === undefined) return undefined;
  const read = await getSmallObject(cloud, object.key, DOCUMENT_TEXT_MAX_BYTES);
  const { key, etag, lastModifiedAt, commit } = (read.ok ? read.value : undefined) ?? object;
  const changedAt = new Date(lastModifiedAt).toISOString();
  const note = noteOn(found.map((one) => one.key));
  const stored = { key, etag, changedAt, ...(commit && { commit }), ...note };
  if (!read.ok) return { ...stored, problem: read.problem };
  return read.value && { ...stored, text: read.value.text };
}

/** A recipe or a component by its name; undefined when there is none. */
export async function storedDocument(folder: "recipes" | "components", name: string, ports: Ports) {
  const stored = await readStored(folder, name, ports);
  return stored && { name, ...stored };
}
