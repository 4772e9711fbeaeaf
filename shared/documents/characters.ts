/** Characters that look like others: full-width punctuation of an input method, and spaces that are none. */

/** Quotes and punctuation whose ASCII form is not at a fixed distance. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "“": '"',
  "”": '"',
  "„": '"',
  "「": '"',
  "」": '"',
  "‘": "'",
  "’": "'",
  "、": ",",
  "。": ".",
  "【": "[",
  "】": "]",
  "–": "-",
  "—": "-",
  "−": "-",
};

const SPACES: Readonly<Record<string, string>> = {
  "\u00a0": "no-break space",
  "\u3000": "ideographic space",
  "\u200b": "zero-width space",
  "\u200c": "zero-width non-joiner",
  "\u200d": "zero-width joiner",
  "\u2060": "word joiner",
  "\ufeff": "byte order mark",
};

/** Spaces other than the ordinary one, and characters without a width. */
export const ODD_SPACE = /(?! )[\p{Zs}\p{Cf}]/u;
const FULL_WIDTH = /[\uff01-\uff5e“”„「」‘’、。【】–—−]/;

const isOddSpace = (character: string): boolean => ODD_SPACE.test(character);

/** The ordinary character for one of these; nothing for a space without a width. */
export function ordinary(character: string): string {
  if (/[\uff01-\uff5e]/.test(character))
    return String.fromCodePoint((character.codePointAt(0) ?? 0) - 0xfee0);
  return LOOKALIKES[character] ?? (/\p{Zs}/u.test(character) ? " " : "");
}

/** A text with ordinary characters in place of all these. */
export const plain = (text: string): string =>
  Array.from(text)
    .map((one) => (isOddSpace(one) || FULL_WIDTH.test(one) ? ordinary(one) : one))
    .join("");

/** The first of these characters in a text. */
export function oddIn(text: string): string | undefined {
  return Array.from(text).find((one) => isOddSpace(one) || FULL_WIDTH.test(one));
}

/** Hexadecimal, at least four digits. */
const codeOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

/** The name of such a character: `a no-break space (U+00A0)`, `the full-width ： (U+FF1A)`. */
export function nameOf(character: string): string {
  if (isOddSpace(character))
    return `the invisible ${SPACES[character] ?? "character"} (U+${codeOf(character)})`;
  return `the full-width ${character} (U+${codeOf(character)})`;
}
