/**
 * Characters that look like others or like none: full-width punctuation of an input method, spaces that are none, invisible
 * and control characters, letters of another script.
 */

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

/** Letters of other scripts that look like those below them, https://www.unicode.org/Public/security/latest/confusables.txt */
const LETTERS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ["авеіјѕорсухһԁԛԝкАВЕЅІЈКМНОРСТХУ", "abeijsopcyxhdqwkABESIJKMHOPCTXY"],
    ["αοινρυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aoivpukABEZHIKMNOPTYX"],
  ].flatMap(([others = "", latin = ""]) =>
    Array.from(others, (other, index): [string, string] => [other, latin[index] ?? ""]),
  ),
);

const NAMES: Readonly<Record<string, string>> = {
  "\u00a0": "no-break space",
  "\u00ad": "soft hyphen",
  "\u3000": "ideographic space",
  "\u200b": "zero-width space",
  "\u200c": "zero-width non-joiner",
  "\u200d": "zero-width joiner",
  "\u200e": "left-to-right mark",
  "\u200f": "right-to-left mark",
  "\u2028": "line separator",
  "\u2029": "paragraph separator",
  "\u202a": "left-to-right embedding",
  "\u202b": "right-to-left embedding",
  "\u202c": "end of a direction",
  "\u202d": "left-to-right override",
  "\u202e": "right-to-left override",
  "\u2060": "word joiner",
  "\u3164": "Hangul filler",
  "\ufeff": "byte order mark",
};

/** Spaces other than the ordinary one, and characters without a shape. U+2800 is Braille without a dot. */
export const ODD_SPACE = /(?! )[\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const FULL_WIDTH = /[\uff01-\uff5e“”„「」‘’、。【】–—−]/;
/** C0 but the tab and line breaks, DEL, C1, those that change the direction of a text, and halves of characters. */
export const CONTROL_OR_DIRECTION = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Surrogate}]/u;
const CONTROL = /\p{Cc}/u;

const isOddSpace = (character: string): boolean => ODD_SPACE.test(character);

/** The ordinary character for one of these; nothing for one without a width. */
export function ordinary(character: string): string {
  const compatible = character.normalize("NFKC");
  if (/^[!-~]+$/.test(compatible)) return compatible;
  const like = LOOKALIKES[character] ?? LETTERS[character];
  if (like !== undefined) return like;
  if (/\p{Zs}/u.test(character)) return " ";
  return isOddSpace(character) || CONTROL.test(character) ? "" : character;
}

const WORD = /[\p{L}\p{M}\p{N}_-]+/gu;
/** The alphabets whose letters look like Latin ones. */
const OTHER_ALPHABET =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;
/** Forms of Latin letters and digits, such as those of mathematics. */
const isForm = (character: string): boolean =>
  character > "\u007f" && /^[A-Za-z\d]+$/.test(character.normalize("NFKC"));

const isOdd = (character: string): boolean => isOddSpace(character) || FULL_WIDTH.test(character);

/** Of a word, the characters that pretend to be Latin: in a word that is so else, or that becomes one by them. */
function pretending(word: string): readonly string[] {
  const letters = Array.from(word).filter((one) => one > "\u007f");
  const isLatin = /[A-Za-z]/.test(word);
  return letters.filter((one) => isForm(one) || (isLatin && OTHER_ALPHABET.test(one)));
}

/** A text that would be an ordinary word with the letters that these look like. */
const isAllAlike = (text: string): boolean =>
  /^[\w.-]*[^\0-\u007f][^]*$/.test(text) && /^[\w.:/-]+$/.test(Array.from(text, ordinary).join(""));

/** Most texts have nothing else, and this look at them is short. */
const isOrdinary = (text: string): boolean => /^[ -~\t\n]*$/.test(text);

/** A text with ordinary characters in place of all these. */
export const plain = (text: string): string => (isOrdinary(text) ? text : replaced(text));

const replaced = (text: string): string =>
  isAllAlike(text)
    ? Array.from(text, ordinary).join("")
    : Array.from(
        text.replaceAll(WORD, (word) => {
          const odd = pretending(word);
          return odd.length === 0
            ? word
            : Array.from(word, (one) => (odd.includes(one) ? ordinary(one) : one)).join("");
        }),
        (one) => (isOdd(one) || CONTROL_OR_DIRECTION.test(one) ? ordinary(one) : one),
      ).join("");

/** The first of these characters in a text. A text of several lines has tabs and line breaks. */
export function oddIn(text: string): string | undefined {
  if (isOrdinary(text)) return undefined;
  const words = new Set((text.match(WORD) ?? []).flatMap(pretending));
  const isAlike = isAllAlike(text);
  return Array.from(text).find(
    (one) =>
      isOdd(one) ||
      CONTROL_OR_DIRECTION.test(one) ||
      words.has(one) ||
      (isAlike && Object.hasOwn(LETTERS, one)),
  );
}

/** Hexadecimal, at least four digits. */
const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

const ALPHABETS = ["Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic", "Lisu"] as const;
const alphabetOf = (character: string): string =>
  ALPHABETS.find((name) => new RegExp(`\\p{Script=${name}}`, "u").test(character)) ?? "foreign";

/** The name of such a character: `a no-break space (U+00A0)`, `the full-width ： (U+FF1A)`. */
export function nameOf(character: string): string {
  const code = codeOf(character);
  if (CONTROL.test(character)) return `the control character ${code}`;
  if (isOddSpace(character)) return `the invisible ${NAMES[character] ?? "character"} (${code})`;
  if (FULL_WIDTH.test(character)) return `the full-width ${character} (${code})`;
  if (!OTHER_ALPHABET.test(character)) return `${character} (${code})`;
  const like = ordinary(character);
  const looks = like === character ? "" : `, which looks like ${like}`;
  return `the ${alphabetOf(character)} ${character} (${code}${looks})`;
}

/** A text whose invisible and control characters are shown by their code. */
export const visible = (text: string): string =>
  text.replaceAll(
    /(?! )[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu,
    (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
