/** One way from text to a document that is complete, or to everything that is wrong with it. */
import type * as z from "zod/mini";
import { DOCUMENT_MAX_BYTES } from "../budget.ts";
import { DocumentError, type Problem } from "../errors.ts";
import { foreignKeys, foreignText, type DocumentKind } from "./foreign.ts";
import { nameProblems, documentName } from "./names.ts";
import { problemsOf } from "./problems.ts";
import { sentence } from "./sentences.ts";
import { isFullColon } from "./slips.ts";
import { readYaml, type Read } from "./yaml.ts";

/** @throws DocumentError with every problem, in the order of the document. */
export function parseDocument<T>(
  { document, text, kind }: { readonly document: string; readonly text: string; readonly kind: DocumentKind },
  schema: z.ZodMiniType<T>,
): T {
  refuseForeign(document, foreignText(kind, text));
  const first = parsed(readYaml(document, text), schema);
  const suspects = first.issues.flatMap(({ path }) => suspectAt(path, first.read));
  const { read, data, issues } =
    suspects.length === 0 ? first : parsed(readYaml(document, text, suspects), schema);
  refuseForeign(document, foreignKeys(kind, read.input));
  const told = problemsOf(issues, read.input, read.placeOf);
  const texts = problemsOf(textIssues(read.input), read.input, read.placeOf);
  const found = [...read.problems, ...told, ...texts.filter((text) => isNews(text, told))];
  const problems = [
    ...nameProblems(documentName(document)),
    ...found.toSorted((a, b) => lineOf(a) - lineOf(b)),
    ...sizeProblems(data),
  ];
  if (problems.length > 0 || data === undefined) throw new DocumentError(document, problems);
  return data;
}

function parsed<T>(read: Read, schema: z.ZodMiniType<T>) {
  const { data, error } = schema.safeParse(read.input, { error: sentence });
  return { read, data, issues: error?.issues ?? [] };
}

/** A text with two problems has one mistake, as a rule. */
const isNews = ({ path, message }: Problem, told: readonly Problem[]): boolean =>
  message.startsWith(NUL) || !told.some((problem) => problem.path === path);

/** The line of a text that stands where a map is expected, and looks like one with a full-width colon. */
function suspectAt(path: readonly PropertyKey[], { input, placeOf }: Read): readonly number[] {
  const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), input);
  const line = isFullColon(value) ? placeOf(path)?.line : undefined;
  return line === undefined ? [] : [line];
}

function refuseForeign(document: string, message: string | undefined): void {
  if (message !== undefined) throw new DocumentError(document, [{ path: "", message }]);
}

/** A problem without a place is about something that is missing, so it comes last. */
const lineOf = ({ place }: Problem): number => place?.line ?? Number.MAX_SAFE_INTEGER;

const NUL = "must not contain the character NUL";
const QUOTED = /^[“‘「].*[”’」]$/su;

/** Problems that a text may have wherever it stands. */
function textProblem(value: string): string | undefined {
  // Shells drop it, and others end there.
  if (value.includes("\0")) return NUL;
  if (!QUOTED.test(value)) return undefined;
  return `stands in the quotes ${value[0]}${value.at(-1)}, which are part of the text; write it between " or '`;
}

function textIssues(value: unknown, path: readonly PropertyKey[] = []): z.core.$ZodIssue[] {
  if (typeof value === "string") {
    const message = textProblem(value);
    return message === undefined ? [] : [{ code: "custom", input: value, path: [...path], message }];
  }
  if (Array.isArray(value))
    return value.flatMap((inner: unknown, index) => textIssues(inner, [...path, index]));
  return Object.entries(Object(value)).flatMap(([key, inner]) => textIssues(inner, [...path, key]));
}

function sizeProblems(data: unknown): Problem[] {
  if (data === undefined) return [];
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes <= DOCUMENT_MAX_BYTES) return [];
  const message = `is ${bytes} bytes when complete, the limit is ${DOCUMENT_MAX_BYTES}; move long commands into objects under scripts/`;
  return [{ path: "", message }];
}
