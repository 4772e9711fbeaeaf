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
import { isFullColon } from "./slips.ts";

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
  /** Without values that may be secret: only these messages quote the text itself. */
  hidden(text: string, problems: readonly Problem[]): Problem[];
  /** In the order of the text. */
  inOrder(problems: readonly Problem[]): Problem[];
}

export const help: Help = {
  refusal: foreignText,
  read: readMended,
  readAgain(document, text, read, issues) {
    const lines = issues.flatMap(({ path }) => suspectAt(path, read));
    return lines.length === 0 ? undefined : readMended(document, text, lines);
  },
  foreign: foreignKeys,
  advice: adviceFor,
  key: keyAdvice,
  hidden: hideValues,
  inOrder: (problems) => problems.toSorted((a, b) => lineOf(a) - lineOf(b)),
};

/** The line of a text that stands where a map is expected, and looks like one with a full-width colon. */
function suspectAt(path: readonly PropertyKey[], { input, placeOf }: Read): readonly number[] {
  const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), input);
  const line = isFullColon(value) ? placeOf(path)?.line : undefined;
  return line === undefined ? [] : [line];
}

/** A problem without a place is about something that is missing, so it comes last. */
const lineOf = ({ place }: Problem): number => place?.line ?? Number.MAX_SAFE_INTEGER;
