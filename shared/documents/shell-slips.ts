/** Slips in a command that are certain: it cannot run, or a shell takes a mark of it as a part of a word. Pure. */

/** Programs whose arguments are texts, in which any character may be meant. */
const OF_TEXTS = /^(?:\S+=\S* +)*(?:sudo +)?(?:echo|printf|logger|wall|sed|awk|grep|egrep|tr|perl|cat)\b/;

/** `；` between commands, `“` at the beginning of a word, `—` before the name of an option. */
const ODD = [
  /(?<=[\w)"'])\s*([；｜＆])(?=\s*[a-z./])/u,
  /(?:^|[\s=])([“‘＂＇「])/u,
  /(?:^|\s)([—–−－])(?=[A-Za-z—–−－-])/u,
] as const;

/** What is wrong with a command; undefined when nothing is, and when that is not certain. */
export function shellSlip(command: string): string | undefined {
  const text = command.replaceAll(/\$\w+|\$\{\w+\}/g, "x");
  // Of a text that stands in such quotes as a whole it is said already.
  if (/^[“‘「＂＇][^]*[”’」＂＇]$/u.test(text)) return undefined;
  // A here-document, a program of another shell, and what is nested are not looked through.
  if (/^#!|<<|\$[({]|`/.test(text)) return undefined;
  const { bare, open } = unquoted(text);
  if (open !== undefined)
    return `has a ${open} that is not closed, so no shell runs it; close it, and put the whole command into quotes when it holds " #", which begins a comment`;
  const odd = bare
    .split(/[;&|\n]/)
    .filter((one) => !OF_TEXTS.test(one.trim()))
    .flatMap((one) => ODD.flatMap((pattern) => pattern.exec(one)?.[1] ?? []))[0];
  return odd === undefined
    ? undefined
    : `holds ${odd} outside of quotes, which a shell takes as a part of a word; write the ordinary character`;
}

/** A text with Q for each part in quotes and without comments, and the quote that is open at its end. */
function unquoted(text: string): { readonly bare: string; readonly open?: string } {
  const parts = /\\[^]|\$'(?:[^'\\]|\\[^])*'|'[^']*'|"(?:[^"\\]|\\[^])*"|(?<=^|[\s;&|(])#.*/g;
  const bare = text.replaceAll(parts, (part) => (part.startsWith("#") ? "" : "Q"));
  const open = /["']/.exec(bare)?.[0];
  return { bare, ...(open !== undefined && { open }) };
}
