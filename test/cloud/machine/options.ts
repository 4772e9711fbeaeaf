/** How a program reads its options: those it knows, with or without a value, and what is left. */

export interface Given {
  readonly has: (letter: string) => boolean;
  readonly value: (letter: string) => string | undefined;
  readonly operands: readonly string[];
  /** The first option that is not simulated. */
  readonly unknown: string | undefined;
}

export interface Known {
  /** As for getopts: a colon follows a letter that takes a value. */
  readonly letters: string;
  /** Long names, each with the letter that means the same. */
  readonly long?: Readonly<Record<string, string>>;
  /** Whether the first word that is no option ends them. */
  readonly isStrict?: boolean;
}

const takesValue = ({ letters }: Known, letter: string): boolean =>
  letters[letters.indexOf(letter) + 1] === ":";

/** Reads `-abc value --name=value words`. */
export function optionsOf(args: readonly string[], known: Known): Given {
  const rest = [...args];
  const operands: string[] = [];
  const values = new Map<string, string>();
  let unknown: string | undefined;
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "--" || ((known.isStrict ?? false) && !/^-./.test(word))) {
      operands.push(...(word === "--" ? rest : [word, ...rest]));
      break;
    }
    if (!/^-./.test(word)) operands.push(word);
    else if (
      !(word.startsWith("--") ? longOne(word, rest, known, values) : letters(word, rest, known, values))
    )
      unknown ??= word;
  }
  return { has: (letter) => values.has(letter), value: (letter) => values.get(letter), operands, unknown };
}

function longOne(word: string, rest: string[], known: Known, values: Map<string, string>): boolean {
  const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  const letter = known.long?.[name];
  if (letter === undefined) return false;
  values.set(letter, value ?? (takesValue(known, letter) ? (rest.shift() ?? "") : ""));
  return true;
}

function letters(word: string, rest: string[], known: Known, values: Map<string, string>): boolean {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    if (letter === ":" || !known.letters.includes(letter)) return false;
    if (!takesValue(known, letter)) {
      values.set(letter, "");
      continue;
    }
    values.set(letter, word.slice(at + 1) || (rest.shift() ?? ""));
    return true;
  }
  return true;
}
