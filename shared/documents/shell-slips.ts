/** Slips in a command that are certain: it cannot run, or a shell takes a mark of it as a part of a word. Pure. */

/** A slip and where it stands in the command. */
export interface ShellSlip {
  readonly message: string;
  readonly at: number;
}

/** Programs whose arguments are texts, in which any character may be meant. */
const OF_TEXTS = /^\s*(?:\S+=\S* +)*(?:sudo +)?(?:echo|printf|logger|wall|sed|awk|[ef]?grep|tr|perl)(?!\S)/;

/** Punctuation, letters and digits of an input method, but for dashes and quotes, which names of files have as well. */
const WIDE = String.raw`\uff01\uff03-\uff06\uff08-\uff0c\uff0e-\uff5e、。【】`;
/** In a word with letters of another alphabet any of them may be meant. */
const IN_WORD = new RegExp(`[${WIDE}]+`, "gu");
const OF_SHELL = new RegExp(`^[!-~${WIDE}–—−“”‘’]+$`, "u");
/** But these begin or end it as they would if they were ordinary ones. */
const OPERATORS = /^(?:＃|[；｜＆＞＜]+)|[；｜＆＞＜]+$|(?<=[\w)"'])[；｜＆]+(?=[a-z./])/gu;
/** `“` at the beginning of a word, `—` before the name of an option. */
const BEGINS = /^[—–−－](?=[A-Za-z—–−－-])|(?<=^|=)[“‘＂＇「]/gu;
/** Programs that a line goes on with, as far as a text would not. */
const PROGRAMS =
  "sudo|yum|dnf|apt(?:-get)?|systemctl|service|cp|mv|rm|mkdir|touch|chmod|chown|ln|cd|curl|wget|tar|tee|pip3?|npm|docker|grep|sed|awk|cat|sort|head|tail|wc|xargs|exit|reboot|sh|bash";
/** In a text a mark is certain where it stands as between two commands. */
const IN_TEXT = new RegExp(
  `(?<=\\s)(?:(?:＆＆|｜｜)(?=\\s)|＞+(?=\\s*[/~.]))|(?<=[\\w)"']\\s?)[；｜＆]+(?=\\s*(?:${PROGRAMS})(?:\\s|$))`,
  "gu",
);

const blank = (part: string, by: string): string => by.repeat(part.length);

/** The first slip of a command; undefined when there is none, and when that is not certain. */
export const shellSlip = (command: string): string | undefined => shellSlips(command)[0]?.message;

/** All slips of a command, one for each mark of a line. */
export function shellSlips(command: string): readonly ShellSlip[] {
  const text = command.replaceAll(/\$\w+|\$\{[^{}'"`$]*\}|\$\([^()'"`$]*\)|`[^`'"$]*`/g, (part) =>
    blank(part, "x"),
  );
  // Of a text that stands in such quotes as a whole, or below such a mark, it is said already.
  if (/^(?:[“‘「＂＇][^]*[”’」＂＇]$|[｜＞][+\d-]*(?:\s|$))/u.test(text)) return [];
  // A here-document, a program of another shell, and what is nested are not looked through.
  if (/^#!|<<|\$[({]|`/.test(text)) return [];
  const { bare, open } = unquoted(text);
  if (open !== undefined)
    return [
      {
        message: `has a ${bare[open]} that is not closed, so no shell runs it; close it, and put the whole command into quotes when it holds " #", which begins a comment`,
        at: open,
      },
    ];
  const seen = new Set<string>();
  return Array.from(bare.matchAll(/[^;&|\n]+/g)).flatMap(({ 0: one, index }) =>
    marksIn(one).flatMap(({ mark, at }) => {
      const line = bare.slice(0, index + at).split("\n").length;
      if (seen.size === seen.add(`${line} ${mark}`).size) return [];
      return [{ message: sentenceOn(mark), at: index + at }];
    }),
  );
}

interface Mark {
  readonly mark: string;
  readonly at: number;
}

/** The marks of a command that is one of a line. */
function marksIn(command: string): readonly Mark[] {
  const marks = (text: string, pattern: RegExp, from = 0): Mark[] =>
    Array.from(text.matchAll(pattern), ({ 0: mark, index }) => ({ mark, at: from + index }));
  if (OF_TEXTS.test(command)) return marks(command, IN_TEXT);
  const words = Array.from(command.matchAll(/\S+/g));
  return words.flatMap(({ 0: word, index }) => [
    ...marks(word, BEGINS, index),
    ...marks(word, OF_SHELL.test(word) ? IN_WORD : OPERATORS, index),
  ]);
}

/** A list of Chinese punctuation most often means several words. */
const sentenceOn = (mark: string): string =>
  `holds ${mark} outside of quotes, which a shell takes as a part of a word; write ${/^[，、。]/.test(mark) ? "a space or " : ""}the ordinary character`;

/** A text of the same length with Q for each part in quotes and without comments, and where a quote is open at its end. */
function unquoted(text: string): { readonly bare: string; readonly open?: number } {
  const parts = /\\[^]|\$'(?:[^'\\]|\\[^])*'|'[^']*'|"(?:[^"\\]|\\[^])*"|(?<=^|[\s;&|(])#.*/g;
  const bare = text.replaceAll(parts, (part) => blank(part, part.startsWith("#") ? " " : "Q"));
  const open = bare.search(/["']/);
  return { bare, ...(open >= 0 && { open }) };
}
