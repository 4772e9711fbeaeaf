/** Regular expressions of `grep` and `sed` as those of this language. */

const CLASSES: Readonly<Record<string, string>> = {
  digit: "0-9",
  alpha: "A-Za-z",
  alnum: "A-Za-z0-9",
  space: String.raw`\s`,
  blank: String.raw` \t`,
  upper: "A-Z",
  lower: "a-z",
  punct: String.raw`!-\/:-@\[-\x60{-~`,
  xdigit: "0-9A-Fa-f",
};

type Kind = "basic" | "extended" | "perl";

export function expressionOf(source: string, kind: Kind, flags = ""): RegExp {
  const converted = kind === "basic" ? fromBasic(source) : kind === "extended" ? brackets(source) : source;
  return new RegExp(
    converted.replaceAll(/\[:(\w+):\]/g, (_, name: string) => CLASSES[name] ?? ""),
    flags,
  );
}

/** Within brackets a backslash is a character. */
const brackets = (source: string): string =>
  source.replaceAll(/(\\[<>`'])/g, (word) => (/[<>]/.test(word) ? String.raw`\b` : word));

/** In a basic expression `\(`, `\{`, `\?`, `\+` and `\|` are the operators, and the bare ones are characters. */
function fromBasic(source: string): string {
  let result = "";
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? "";
    if (char === "\\") result += fromEscape(source[++at] ?? "");
    else if (char === "[") {
      const end = bracketEnd(source, at);
      result += source.slice(at, end + 1).replaceAll(/\\(?!\])/g, String.raw`\\`);
      at = end;
    } else result += isPlain(char, result, source.slice(at + 1)) ? `\\${char}` : char;
  }
  return result;
}

function fromEscape(char: string): string {
  if (/[(){}?+|]/.test(char)) return char;
  return char === "<" || char === ">" ? String.raw`\b` : `\\${char}`;
}

/** Whether an operator of this language is a character of a basic expression. */
function isPlain(char: string, before: string, after: string): boolean {
  if (char === "*") return /(?:^|\()\^?$/.test(before);
  if (char === "^") return before !== "" && !/[(|]$/.test(before);
  if (char === "$") return after !== "" && !/^\\[)|]/.test(after);
  return /[(){}?+|]/.test(char);
}

function bracketEnd(source: string, open: number): number {
  let at = open + 1;
  if (source[at] === "^") at++;
  if (source[at] === "]") at++;
  while (at < source.length && source[at] !== "]") {
    const inner = /^\[:\w+:\]/.exec(source.slice(at))?.[0];
    at += inner?.length ?? 1;
  }
  return at;
}
