/**
 * The parts of a sentence that come from the document it is about. They stand between marks until it is decided who reads
 * the sentence. Pure.
 *
 * QUOTE-1. A sentence in a record, an index, a notification or an answer quotes no command, script, address or user data.
 *     It has Kiln's own words, names of fields, and values of fields that hold no secret.
 * QUOTE-2. Whoever writes a sentence marks what it takes from the document. Kiln's own words have no marks, so nothing
 *     that a document says can hide them.
 */
import type { Problem } from "../errors.ts";

/** In place of what is hidden. */
export const HIDDEN = "[hidden]";
/** Noncharacters, which no text has: https://www.unicode.org/faq/private_use.html#nonchar1 */
const [NAME, TEXT, END] = ["\ufdd0", "\ufdd1", "\ufdd2"] as const;
const MARKS = /[\ufdd0-\ufdd2]/g;
const QUOTE = /([\ufdd0\ufdd1])([^\ufdd2]*)\ufdd2/g;

const between = (mark: string, text: string): string => `${mark}${text.replaceAll(MARKS, "")}${END}`;

/** A text of the document, for its author only. */
export const quote = (text: string): string => between(TEXT, text);

/** A key, or the value of a field that holds no secret. */
export const quoteName = (text: string): string => between(NAME, text);

/** A key where its place is not known: letters, with one digit at most. It may stand below one whose keys and values are secret. */
export const quoteKey = (key: string): string =>
  /^["']?(?=.{1,32}$)[\p{L}_-]+\d?[\p{L}_-]*["']?$/u.test(key) ? quoteName(key) : quote(key);

/** A sentence whose readers see all of it. */
export const withoutMarks = (sentence: string): string => sentence.replaceAll(MARKS, "");

/** Problems whose quotes are shown as `shown` decides. */
export function withQuotes(
  problems: readonly Problem[],
  shown: (quoted: string, problem: Problem, isName: boolean) => string,
): Problem[] {
  return problems.map((problem) => {
    const say = (sentence: string): string => {
      const said = sentence.replaceAll(QUOTE, (_, mark: string, text: string) => {
        const seen = shown(text, problem, mark === NAME);
        return seen.includes(HIDDEN) ? between(TEXT, seen) : seen;
      });
      return withoutMarks(GAPS.reduce((left, [gap, rest]) => left.replace(gap, rest), said));
    };
    return { ...problem, path: say(problem.path), message: say(problem.message) };
  });
}

/** A quote of which something is hidden. Whoever follows a remedy with one to the letter writes another document. */
const GAP = String.raw`\ufdd1[^\ufdd2]*\ufdd2`;
const GAPS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`(write [^\s;:]+:) ${GAP}$`), "$1 and a space before its value"],
  [/ \(it is \ufdd1\[hidden\]\ufdd2\)/, ""],
  [new RegExp(String.raw`(?<=quote[sd]): ${GAP}$|[;,] write [^;\ufdd1]*${GAP}[^;]*$`), ""],
];

/** QUOTE-1. */
export const forRecords = (problems: readonly Problem[]): Problem[] =>
  withQuotes(problems, (text, _, isName) => (isName ? text : HIDDEN));

/** One word, as names, ids, numbers and durations are: no command, no address and no path. */
export const isWord = (value: string): boolean =>
  /^[\p{L}\p{N}_.:+*%-]{0,60}(?:\/[\p{L}_]{1,30})?$/u.test(value);

/** Parts of names that say secret wherever they stand. */
export const SURE = String.raw`passw(?:or)?d|passphrase|secret|token|credential|cookie|api[-_]?key|access[-_]?key|[a-z\d][-_]?key(?![a-z\d])|密码|密钥|口令|令牌`;
const NAMES_SECRET = new RegExp(
  `${SURE}|^pass$|^pwd$|authorization|signature|^sig$|^x-auth|^auth$|hook|^user-?data$|^base64$|^env|^vars?$|^variables$|^parameters$`,
  "i",
);
const VARIABLE = /^[A-Z][A-Z0-9_]+$/;

/** Whether values of this key, and of those below it, may be secret. */
export function namesSecret(key: string): boolean {
  const bare = key.replace(/^-+/, "");
  return NAMES_SECRET.test(bare) || VARIABLE.test(bare);
}

/** Fields with free text: commands, addresses, and words of users. */
const FREE = new Set(
  "provision steps test commands run script file to command probe content description notify channel url default pattern inputs object text shell workingDir user owner with use Value".split(
    " ",
  ),
);
/** Maps and lists of the users' own words. */
const OWN = new Set(["tags", "Tag"]);

/** Whether a record may show the value at a path. A document that is one value may be anything. */
export function mayRecord(path: readonly PropertyKey[], value: unknown): boolean {
  if (typeof value !== "string") return true;
  const names = path.filter((segment) => typeof segment !== "number").map(String);
  const field = names.at(-1);
  return field !== undefined && isWord(value) && !FREE.has(field) && !names.some((name) => OWN.has(name));
}
