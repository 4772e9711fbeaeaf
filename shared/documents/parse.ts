/** One way from text to a document that is complete, or to everything that is wrong with it. */
import type * as z from "zod/mini";
import { DOCUMENT_MAX_BYTES } from "../budget.ts";
import { DocumentError, type Problem } from "../errors.ts";
import { nameProblems, documentName } from "./names.ts";
import { problemsOf, sentence } from "./problems.ts";
import { readYaml } from "./yaml.ts";

/** @throws DocumentError with every problem, in the order of the document. */
export function parseDocument<T>(document: string, text: string, schema: z.ZodMiniType<T>): T {
  const { input, placeOf } = readYaml(document, text);
  const named = nameProblems(documentName(document));
  const parsed = schema.safeParse(input, { error: sentence });
  const issues = [...(parsed.error?.issues ?? []), ...nulIssues(input)];
  const found = problemsOf(issues, input, placeOf).toSorted((a, b) => lineOf(a) - lineOf(b));
  const problems = [...named, ...found, ...sizeProblems(parsed.data)];
  if (problems.length > 0 || !parsed.success) throw new DocumentError(document, problems);
  return parsed.data;
}

/** A problem without a place is about something that is missing, so it comes last. */
const lineOf = ({ place }: Problem): number => place?.line ?? Number.MAX_SAFE_INTEGER;

/** No text takes this character: shells drop it, and others end there. */
function nulIssues(value: unknown, path: readonly PropertyKey[] = []): z.core.$ZodIssue[] {
  if (typeof value === "string") {
    const message = "must not contain the character NUL";
    return value.includes("\0") ? [{ code: "custom", input: value, path: [...path], message }] : [];
  }
  if (Array.isArray(value))
    return value.flatMap((inner: unknown, index) => nulIssues(inner, [...path, index]));
  return Object.entries(Object(value)).flatMap(([key, inner]) => nulIssues(inner, [...path, key]));
}

function sizeProblems(data: unknown): Problem[] {
  if (data === undefined) return [];
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes <= DOCUMENT_MAX_BYTES) return [];
  const message = `is ${bytes} bytes when complete, the limit is ${DOCUMENT_MAX_BYTES}; move long commands into objects under scripts/`;
  return [{ path: "", message }];
}
