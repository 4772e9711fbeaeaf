/** One way from text to a document that is complete, or to everything that is wrong with it. */
import type * as z from "zod/mini";
import { DOCUMENT_MAX_BYTES } from "../budget.ts";
import { DocumentError } from "../errors.ts";
import { nameProblems, documentName } from "./names.ts";
import { problemsOf, sentence } from "./problems.ts";
import { readYaml } from "./yaml.ts";

/** @throws DocumentError with every problem, in the order of the document. */
export function parseDocument<T>(document: string, text: string, schema: z.ZodMiniType<T>): T {
  const input = readYaml(document, text);
  const named = nameProblems(documentName(document));
  const parsed = schema.safeParse(input, { error: sentence });
  if (!parsed.success)
    throw new DocumentError(document, [...named, ...problemsOf(parsed.error.issues, input)]);
  const problems = [...named, ...sizeProblems(parsed.data)];
  if (problems.length > 0) throw new DocumentError(document, problems);
  return parsed.data;
}

function sizeProblems(data: unknown) {
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes <= DOCUMENT_MAX_BYTES) return [];
  const message = `is ${bytes} bytes when complete, the limit is ${DOCUMENT_MAX_BYTES}; move long commands into objects under scripts/`;
  return [{ path: "", message }];
}
