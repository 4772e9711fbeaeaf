/**
 * Explains mistakes: lines, slips of the text, words of other tools, documents of other tools, and what to write instead.
 * It changes no verdict. Only programs that show mistakes to authors load it, because it is a tenth of a function's code.
 */
import type * as z from "zod/mini";
import type { Problem } from "../errors.ts";
import { adviceFor, keyAdvice } from "./advice.ts";
import { foreignKeys, foreignText, type DocumentKind } from "./foreign.ts";
import { hideValues } from "./hidden-values.ts";
import { readMended, type Read } from "./mended.ts";
import { KEY_OF_STEP } from "./recipe-steps.ts";
import { isSuspect } from "./slips.ts";

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
  advice: typeof adviceFor;
  /** A better sentence for an unknown key. */
  key(key: string, message: string): string;
  /** Without values that may be secret: these messages quote the text itself. */
  hidden(text: string, problems: readonly Problem[]): Problem[];
  /** In the order of the text. */
  inOrder(problems: readonly Problem[]): Problem[];
}

export const help: Help = {
  refusal: foreignText,
  read: readMended,
  readAgain(document, text, read, issues) {
    const lines = issues.flatMap((issue) => suspectsAt(issue, read));
    return lines.length === 0 ? undefined : readMended(document, text, lines);
  },
  foreign: foreignKeys,
  advice: adviceFor,
  key: keyAdvice,
  hidden: hideValues,
  inOrder: (problems) => problems.toSorted((a, b) => lineOf(a) - lineOf(b)),
};

/** The lines of texts that are refused, and look like an entry of a map or list with a slip. */
function suspectsAt(issue: z.core.$ZodIssue, { input, placeOf }: Read): readonly number[] {
  const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const places = keys.filter(isSuspect).map((key) => placeOf([...issue.path, key], "key"));
  const value = issue.path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), input);
  // A name such as a:b is a wrong name; a key is meant only where a map or a step is expected.
  const isMeant = issue.code === "invalid_type" || issue.message.startsWith(KEY_OF_STEP);
  const isValue = typeof value === "string" && (isMeant ? isSuspect(value) : /^[^\s:]+：/.test(value));
  return [...places, ...(isValue ? [placeOf(issue.path)] : [])].flatMap((place) => place?.line ?? []);
}

/** A problem without a place is about something that is missing, so it comes last. */
const lineOf = ({ place }: Problem): number => place?.line ?? Number.MAX_SAFE_INTEGER;
