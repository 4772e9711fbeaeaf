/**
 * Explains mistakes: lines, slips of the text, words of other tools, documents of other tools, and what to write instead.
 * It changes no verdict. Only programs that show mistakes to authors load it, because it is a tenth of a function's code.
 */
import type * as z from "zod/mini";
import type { Problem } from "../errors.ts";
import { adviceFor, keyAdvice } from "./advice.ts";
import { foreignKeys, foreignText, type DocumentKind } from "./foreign.ts";
import { readMended, type Read } from "./mended.ts";
import type { Retry } from "./misspelt.ts";
import { forRecords } from "./quotes.ts";
import { KEY_OF_STEP } from "./recipe-steps.ts";
import { isSuspect, ownLines } from "./slips.ts";

/** What a value stands in. */
export interface Source {
  /** An entry of a list, as it is written. */
  readonly written: () => string | undefined;
  readonly retry?: Retry | undefined;
}

/** The sentences that `parseRecipe` and `parseFleet` say more with. */
export interface Help {
  /** A sentence about a document that is none of this kind. */
  refusal(kind: DocumentKind, text: string): string | undefined;
  read(document: string, text: string): Read;
  /** Read once more when the issues show that a text was meant as a map; undefined when they do not. */
  readAgain(
    document: string,
    text: string,
    read: Read,
    issues: readonly z.core.$ZodIssue[],
  ): Read | undefined;
  foreign(kind: DocumentKind, input: unknown): string | undefined;
  /** The remedy for a value, from the message that has none. */
  advice(issue: z.core.$ZodIssue, value: unknown, source: Source): string | undefined;
  /** A better sentence for an unknown key, which may have a value. */
  key(key: string, message: string, value?: unknown): string;
  /** As the reader sees them: these messages quote the text itself. */
  shown(text: string, problems: readonly Problem[]): Problem[];
  /** In the order of the text. */
  inOrder(problems: readonly Problem[]): Problem[];
}

/** For records, notifications and answers, which quote nothing that may be secret (QUOTE-1). */
export const explanations: Help = {
  refusal: foreignText,
  read: readMended,
  readAgain(document, text, read, issues) {
    const lines = text.split("\n");
    const suspects = [...new Set(issues.flatMap((issue) => suspectsAt(issue, read, lines)))];
    return suspects.length === 0 ? undefined : readMended(document, text, suspects);
  },
  foreign: foreignKeys,
  advice: adviceFor,
  key: keyAdvice,
  shown: (_text, problems) => forRecords(problems),
  inOrder: (problems) => problems.toSorted((a, b) => lineOf(a) - lineOf(b)),
};

/** The lines of texts that are refused, and look like an entry of a map or list with a slip. */
function suspectsAt(
  issue: z.core.$ZodIssue,
  { input, placeOf }: Read,
  lines: readonly string[],
): readonly number[] {
  const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const places = keys.filter(isSuspect).map((key) => placeOf([...issue.path, key], "key"));
  const value = issue.path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), input);
  // A name such as a:b is a wrong name; a key is meant only where a map or a step is expected.
  const isMeant = issue.code === "invalid_type" || issue.message.startsWith(KEY_OF_STEP);
  const isValue = typeof value === "string" && (isMeant ? isSuspect(value) : /^[^\s:]+：/.test(value));
  const named = [...places, ...(isValue ? [placeOf(issue.path)] : [])].flatMap((place) => place?.line ?? []);
  return [
    ...named,
    ...(typeof value === "string" ? commentsIn(value, placeOf(issue.path)?.line, lines) : []),
  ];
}

/** Marks of comments that YAML does not know. */
const COMMENT = /(?:^|\s)(?:＃|\/\/ |\/\*|-- )/;

/** The lines of a text on which a comment begins with one. */
function commentsIn(value: string, from: number | undefined, lines: readonly string[]): readonly number[] {
  if (from === undefined || !COMMENT.test(value)) return [];
  const own = Array.from(ownLines(lines.slice(0, from - 1 + COMMENTS_MAX)));
  const found = own.find(([number, line]) => number >= from && COMMENT.test(line));
  return found === undefined ? [] : [found[0]];
}

const COMMENTS_MAX = 50;

/** A problem without a place is about something that is missing, so it comes last. */
const lineOf = ({ place }: Problem): number => place?.line ?? Number.MAX_SAFE_INTEGER;
