/**
 * Text of users for chats that read markup, and texts that fit. Pure.
 *
 * PLAIN-1. Reasons quote commands and callers. In a chat they are no mention and no link, and keep their characters:
 *     characters that mean something inside a line are replaced by their full-width forms, which look like them and mean
 *     nothing, and a beginning of a line that means something gets a character of no width before it.
 * PLAIN-2. An address is broken behind its scheme, because chats make links of addresses. Objects of the bucket (oss://) and
 *     commands of Kiln stay as they are: they are copied.
 */

const ZERO_WIDTH = "\u200B";
/** Full-width forms are 0xFEE0 higher: https://www.unicode.org/charts/PDF/UFF00.pdf */
const FULL_WIDTH = 0xfe_e0;

const fullWidth = (char: string): string => String.fromCodePoint((char.codePointAt(0) ?? 0) + FULL_WIDTH);

/** Characters that change the direction of a text, and could show a command as another one. */
const DIRECTION = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** `text` without markup, mentions and links, for a chat. */
export const plain = (text: string): string =>
  text
    .replaceAll(DIRECTION, "")
    .replaceAll(/([a-z0-9+.-]*:)\/\//gi, (address, scheme: string) =>
      scheme === "oss:" ? address : `${scheme}${ZERO_WIDTH}//`,
    )
    .replaceAll(/www\./gi, (www) => `${www.slice(0, 3)}${ZERO_WIDTH}.`)
    .replaceAll(/@(?=[\p{L}\p{N}])/gu, `@${ZERO_WIDTH}`)
    .replaceAll(/[*`~[\]<>|\\]/g, fullWidth)
    // Inside of words, as in names of images, it means nothing.
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, fullWidth)
    .replaceAll(/^(?=[ \t]*(?:[#=+-]|\d+[.)]))/gm, ZERO_WIDTH);

/** The beginning of a text, at most so many characters as readers see them. */
export function firstCharacters(text: string, most: number): string {
  // Every character has at least one unit.
  if (text.length <= most) return text;
  let kept = "";
  let count = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (++count >= most) return `${kept}…`;
    kept += segment;
  }
  return text;
}

/** The greatest number up to `most` for which `fits` holds, if it holds for every smaller one. */
export function greatest(most: number, fits: (value: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
