/** A text as a shell would have to read it. */

/** @param always also where no quotes are needed, as `${v@Q}` does. */
export function quoted(text: string, always = false): string {
  if (!always && /^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `%q` of printf: backslashes. */
export const escaped = (text: string): string =>
  text === "" ? "''" : text.replaceAll(/[^\w@%+=:,./-]/g, (char) => (char === "\n" ? "$'\\n'" : `\\${char}`));
