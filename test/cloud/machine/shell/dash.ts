/**
 * How dash, the `sh` of Debian and Ubuntu, reads a text with words of bash.
 *
 * DASH-1. Words that only bash knows are commands for dash: it does not find them, or finds a syntax error behind them.
 * DASH-2. `&>` is `&` and `>` for dash: the command goes into the background, and its status is 0.
 */
import { forEachChild, parse } from "unbash";
import type { Redirect, SyntaxNode } from "unbash";

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/** The text in words that mean to a parser of bash what the original means to dash. Lines stay as they are. */
export function asDash(text: string): string {
  let current = text;
  // A word that is no keyword any more may bring others to light.
  for (let round = 0; round < 20; round++) {
    const edits = new Map<number, Edit>();
    walk(parse(current), (node) => {
      const edit = editOf(node, current);
      if (edit !== undefined && current.slice(edit.at, edit.at + edit.length) !== edit.text)
        edits.set(edit.at, edit);
    });
    if (edits.size === 0) return current;
    for (const { at, length, text: by } of [...edits.values()].toSorted((a, b) => b.at - a.at))
      current = current.slice(0, at) + by + current.slice(at + length);
  }
  return current;
}

/** A quoted keyword is an ordinary word. */
function editOf(node: SyntaxNode, text: string): Edit | undefined {
  const { pos: at } = node;
  const quoted = (word: string): Edit => ({ at, length: word.length, text: `\\${word}` });
  if (node.type === "TestCommand") return quoted("[[");
  if (node.type === "ArithmeticCommand") return { at, length: 2, text: "( (" };
  if (node.type === "Function" && text.startsWith("function", at)) return quoted("function");
  if (node.type === "Time") return quoted("time");
  if (node.type === "Redirect" && node.operator.startsWith("&>")) return { at, length: 1, text: "& " };
  return undefined;
}

/** The first thing that dash cannot read. */
export function dashFault(script: SyntaxNode): { message: string; pos: number } | undefined {
  let first: { message: string; pos: number } | undefined;
  walk(script, (node) => {
    const message = messageOf(node);
    if (message === undefined || (first !== undefined && first.pos <= node.pos)) return;
    first = { message: `Syntax error: ${message}`, pos: node.pos };
  });
  return first;
}

const OPEN = '"(" unexpected';
const REFUSED: Readonly<Partial<Record<SyntaxNode["type"], string>>> = {
  ArrayValue: OPEN,
  ProcessSubstitution: OPEN,
  ExtendedGlob: OPEN,
  HereString: "redirection unexpected",
  ArithmeticFor: "Bad for loop variable",
  Coproc: "word unexpected",
  Select: "word unexpected",
};

function messageOf(node: SyntaxNode): string | undefined {
  if (node.type === "Function" && !/^[A-Za-z_]\w*$/.test(node.name.text)) return "Bad function name";
  if (node.type === "Redirect") return redirectFault(node);
  const operators =
    node.type === "Pipeline" ? node.operators : node.type === "CaseItem" ? [node.terminator] : [];
  const isBash = operators.some((operator) => operator !== "|" && operator?.endsWith("&"));
  return isBash ? '"&" unexpected' : REFUSED[node.type];
}

function redirectFault({ operator, target }: Redirect): string | undefined {
  return operator === ">&" && !/^(?:\d+|-|\$.*)$/.test(target?.text ?? "") ? "Bad fd number" : undefined;
}

function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  // Scripts within escaped backquotes have offsets of their own.
  if (node.type === "Script" && node.source !== undefined) return;
  visit(node);
  forEachChild(node, (child) => {
    walk(child, visit);
  });
}

/** Commands of bash that dash does not have, and no package brings. */
export const BASH_ONLY: ReadonlySet<string> = new Set(
  "[[ ]] (( source function let declare typeset shopt pushd popd dirs mapfile readarray disown history enable builtin caller compgen complete coproc select suspend time".split(
    " ",
  ),
);

/** Expansions that dash calls a bad substitution. */
export const isBashExpansion = (text: string): boolean =>
  /^\$\{(?:!|[A-Za-z_]\w*(?:\[|\/|\^|,|@|:(?![-=+?]))|[@*](?:\/|\^|,|:(?![-=+?])))/.test(text);
