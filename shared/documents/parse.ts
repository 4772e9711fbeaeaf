/** One way from text to a document that is complete, or to everything that is wrong with it. */
import type * as z from "zod/mini";
import { DOCUMENT_MAX_BYTES } from "../budget.ts";
import { DocumentError, type Problem } from "../errors.ts";
import type { DocumentKind } from "./foreign.ts";
import type { Help } from "./help.ts";
import { nameProblems, documentName } from "./names.ts";
import { problemsOf } from "./problems.ts";
import { sentence } from "./sentences.ts";
import { ALIAS, readYaml } from "./yaml.ts";

/** A document that is to be parsed, by its key or its bare name. */
export interface Given {
  readonly document: string;
  readonly text: string;
  readonly kind: DocumentKind;
  /** For whoever shows the problems to the author. */
  readonly help?: Help | undefined;
}

/** @throws DocumentError with every problem, without values that may be secret. */
export function parseDocument<T>(given: Given, schema: z.ZodMiniType<T>): T {
  try {
    return parsed(given, schema);
  } catch (error) {
    const { document, text, help } = given;
    if (help === undefined || !(error instanceof DocumentError)) throw error;
    throw new DocumentError(document, help.hidden(text, error.problems));
  }
}

function parsed<T>(given: Given, schema: z.ZodMiniType<T>): T {
  const { document, kind, help } = given;
  const { read, places, data, issues } = readWith(given, schema);
  refuse(document, help?.foreign(kind, read.input));
  const say = { help, ...places };
  const listed = problemsOf(issues, read.input, say).filter((one) => !isOfAlias(one, read.problems));
  const texts = problemsOf(textIssues(read.input), read.input, say);
  const found = [...read.problems, ...listed, ...texts.filter((text) => isOwnMistake(text, listed))];
  const problems = [
    // The name of a component is its folder, and its file a version.
    ...(kind === "component" ? [] : nameProblems(documentName(document))),
    ...(help?.inOrder(found) ?? found),
    ...sizeProblems(data),
  ];
  if (problems.length > 0 || data === undefined) throw new DocumentError(document, problems);
  return data;
}

type Issues = readonly z.core.$ZodIssue[];

/** The text as data, with its issues; with help it may be read once more. */
function readWith<T>({ document, text, kind, help }: Given, schema: z.ZodMiniType<T>) {
  const parse = (input: unknown): { readonly data: T | undefined; readonly issues: Issues } => {
    const { data, error } = schema.safeParse(input, { error: sentence });
    return { data, issues: error?.issues ?? [] };
  };
  if (help === undefined) {
    const read = { input: readYaml(document, text), problems: [] };
    return { read, places: {}, ...parse(read.input) };
  }
  refuse(document, help.refusal(kind, text));
  const first = help.read(document, text);
  const parsed = parse(first.input);
  const again = help.readAgain(document, text, first, parsed.issues);
  const read = again ?? first;
  return { read, places: read, ...(again === undefined ? parsed : parse(again.input)) };
}

function refuse(document: string, message: string | undefined): void {
  if (message !== undefined) throw new DocumentError(document, [{ path: "", message }]);
}

/** A text with two problems has one mistake, as a rule. */
const isOwnMistake = ({ path, message }: Problem, listed: readonly Problem[]): boolean =>
  message.startsWith(NUL) || !listed.some((problem) => problem.path.startsWith(path));

/** The text that stands for an alias has the wrong kind, as a rule. */
const isOfAlias = ({ message, place }: Problem, ofText: readonly Problem[]): boolean =>
  /\(it is "\*|: merge keys /.test(message) &&
  ofText.some((one) => one.message === ALIAS && one.place?.line === place?.line);

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
