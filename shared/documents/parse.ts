/** One way from text to a document that is complete, or to everything that is wrong with it. */
import type * as z from "zod/mini";
import { DOCUMENT_MAX_BYTES } from "../budget.ts";
import { DocumentError, type Problem } from "../errors.ts";
import { CONTROL_OR_DIRECTION, nameOf, ordinary } from "./characters.ts";
import type { DocumentKind } from "./foreign.ts";
import type { Help } from "./explanations.ts";
import { nameProblems, documentName } from "./names.ts";
import type { Retry } from "./misspelt.ts";
import { problemsOf } from "./problems.ts";
import { forRecords } from "./quotes.ts";
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
    if (!(error instanceof DocumentError)) throw error;
    throw new DocumentError(document, help?.shown(text, error.problems) ?? forRecords(error.problems));
  }
}

function parsed<T>(given: Given, schema: z.ZodMiniType<T>): T {
  const { document, kind, help } = given;
  const { read, places, data, issues } = readWith(given, schema);
  const retry: Retry = (change) => parseWith(schema, change(read.input)).issues;
  const missing = retry(withoutEmpty).filter(
    ({ code, message }) => code === "invalid_type" && message.startsWith("is missing"),
  );
  refuse(document, help?.foreign(kind, read.input));
  const say = { help, ...places, missing, retry };
  const isRead = ({ place }: Problem): boolean => !read.isAside(place?.line ?? 0);
  const listed = problemsOf(issues, read.input, say)
    .filter((one) => !isOfMended(one, read.problems))
    .filter(isRead);
  const texts = problemsOf(textIssues(read.input), read.input, say);
  const found = [
    ...read.problems.filter((one) => !isRefusedAnyway(one, listed)),
    ...listed.filter((one) => !texts.some((text) => isCauseOf(text, one))),
    ...texts.filter((text) => isOwnMistake(text, listed)),
  ];
  const problems = [
    // The name of a component is its folder, and its file a version.
    ...(kind === "component" ? [] : nameProblems(documentName(document))),
    ...(help?.inOrder(found) ?? found),
    ...sizeProblems(data),
  ];
  if (problems.length > 0 || data === undefined) throw new DocumentError(document, problems);
  return data;
}

/** The text as data, with its issues; with help it may be read once more. */
function readWith<T>({ document, text, kind, help }: Given, schema: z.ZodMiniType<T>) {
  if (help === undefined) {
    const read = { input: readYaml(document, text), problems: [], isAside: () => false };
    return { read, places: {}, ...parseWith(schema, read.input) };
  }
  refuse(document, help.refusal(kind, text));
  const first = help.read(document, text);
  const parsed = parseWith(schema, first.input);
  const again = help.readAgain(document, text, first, parsed.issues);
  const read = again ?? first;
  return { read, places: read, ...(again === undefined ? parsed : parseWith(schema, again.input)) };
}

/** A document without the keys that have nothing behind them. */
const withoutEmpty = (input: unknown): unknown =>
  JSON.parse(JSON.stringify(input, (_, value: unknown) => (value === null ? undefined : value)));

function parseWith<T>(schema: z.ZodMiniType<T>, input: unknown) {
  const { data, error } = schema.safeParse(input, { error: sentence });
  return { data, issues: error?.issues ?? [] };
}

function refuse(document: string, message: string | undefined): void {
  if (message !== undefined) throw new DocumentError(document, [{ path: "", message }]);
}

/** A text with two problems has one mistake, as a rule. */
const isOwnMistake = ({ path, message }: Problem, listed: readonly Problem[]): boolean =>
  listed.every((problem) => !problem.path.startsWith(path) || isCauseOf({ path, message }, problem));

/** A character that no text takes is the reason why a rule refuses the text. */
const isCauseOf = (text: Problem, { path, message }: Problem): boolean =>
  text.message.startsWith(CONTROL) && path.startsWith(text.path) && !message.startsWith("is not known");

/** A text that its place refuses is not to be quoted: `notify: @ops`. */
const isRefusedAnyway = ({ message, place }: Problem, listed: readonly Problem[]): boolean =>
  message.includes("must be quoted") &&
  listed.some((one) => one.place?.line === place?.line && one.place?.column === place?.column);

/** The text that stands for an alias, or for what must be quoted, has the wrong kind, as a rule. */
const isOfMended = ({ message, place }: Problem, ofText: readonly Problem[]): boolean =>
  ofText.some(
    (one) =>
      one.place?.line === place?.line &&
      (one.message === ALIAS
        ? /\(it is [\ufdd0\ufdd1]"\*|: merge keys /.test(message)
        : one.message.includes("must be quoted") &&
          message.startsWith("must be a ") &&
          one.place?.column === place?.column),
  );

const CONTROL = "must not contain the ";
const QUOTED = /^[“‘「＂＇].*[”’」＂＇]$/su;
const BLOCK = /^[｜＞][+\d-]*(?:\s|$)/;
/** Every object of JavaScript has something by these names. */
const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

/** Shells drop some of these characters, terminals obey them, and readers see another text than programs. */
const controlProblem = (value: string): string | undefined => {
  const control = CONTROL_OR_DIRECTION.exec(value.replaceAll("\r\n", "\n"))?.[0];
  return control && `${CONTROL}${nameOf(control).replace(/^the /, "")}; remove it`;
};

/** Problems that a text may have wherever it stands. */
function textProblem(value: string): string | undefined {
  const control = controlProblem(value);
  if (control !== undefined) return control;
  if (BLOCK.test(value))
    return `begins with ${nameOf(value[0] ?? "")}, which is part of the text; write ${ordinary(value[0] ?? "")} and the text on the lines below`;
  if (!QUOTED.test(value)) return undefined;
  return `stands in the quotes ${value[0]}${value.at(-1)}, which are part of the text; write it between " or '`;
}

/** Problems that a key may have, whoever chooses it. */
function keyProblem(key: string): string | undefined {
  if (RESERVED.has(key)) return "must not be a key, because every map of a program has it; choose another";
  const hidden = /(?!\u200d|\ufe0f)[\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.exec(key)?.[0];
  if (QUOTED.test(key))
    return `stands in the quotes ${key[0]}${key.at(-1)}, which are part of the key; write it without them`;
  return controlProblem(key) ?? (hidden && `${CONTROL}${nameOf(hidden).replace(/^the /, "")}; remove it`);
}

function textIssues(value: unknown, path: readonly PropertyKey[] = []): z.core.$ZodIssue[] {
  if (typeof value === "string") {
    const message = textProblem(value);
    return message === undefined ? [] : [{ code: "custom", input: value, path: [...path], message }];
  }
  if (Array.isArray(value))
    return value.flatMap((inner: unknown, index) => textIssues(inner, [...path, index]));
  return Object.entries(Object(value)).flatMap(([key, inner]) => [
    ...keyIssues(key, [...path, key]),
    ...textIssues(inner, [...path, key]),
  ]);
}

function keyIssues(key: string, path: PropertyKey[]): z.core.$ZodIssue[] {
  const message = keyProblem(key);
  return message === undefined
    ? []
    : [{ code: "invalid_key", origin: "record", issues: [], input: key, path, message }];
}

function sizeProblems(data: unknown): Problem[] {
  if (data === undefined) return [];
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes <= DOCUMENT_MAX_BYTES) return [];
  const message = `is ${bytes} bytes when complete, the limit is ${DOCUMENT_MAX_BYTES}; move long commands into objects under scripts/`;
  return [{ path: "", message }];
}
