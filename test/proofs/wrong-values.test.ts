/** Every value of rich documents, with each wrong one in its place: a document or its problems, never another error. */
import { test } from "vitest";
import { help } from "../../shared/documents/help.ts";
import { crashesOf, DOCUMENTS } from "../unit/documents/wrong-values.ts";

for (const [name, [read, document]] of Object.entries(DOCUMENTS))
  test(`no wrong value at any place crashes the reader: ${name}`, { timeout: 120_000 }, ({ expect }) => {
    read(JSON.stringify(document));
    expect(crashesOf(read, document)).toEqual([]);
    expect(crashesOf(read, document, help)).toEqual([]);
  });
