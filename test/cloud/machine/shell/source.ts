/** Texts that a shell reads: their syntax trees, the lines of their nodes, and where their syntax breaks off. */
import { forEachChild, parse } from "unbash";
import type { ParsedScript, Statement, SyntaxNode, Word } from "unbash";
import { asDash, dashFault } from "./dash.ts";

export type Dialect = "bash" | "dash";

interface Fault {
  readonly message: string;
  readonly line: number;
}

export interface Source {
  readonly text: string;
  /** Statements before the fault, if there is one: a shell runs what it reads until it cannot read on. */
  readonly statements: readonly Statement[];
  readonly fault: Fault | undefined;
  /** Offsets at which lines begin. */
  readonly lines: readonly number[];
}

/** Steps and functions repeat: every phase of a simulation sends the same scripts. */
const KEPT = 500;
const read = new Map<string, Source>();

export function readSource(text: string, dialect: Dialect): Source {
  const key = `${dialect} ${text}`;
  const known = read.get(key);
  if (known !== undefined) return known;
  if (read.size >= KEPT) read.clear();
  const source = parsed(dialect === "dash" ? asDash(text) : text, dialect);
  read.set(key, source);
  return source;
}

function parsed(text: string, dialect: Dialect): Source {
  const lines = lineStarts(text);
  const script = parse(text);
  const error = firstFault(script, dialect);
  if (error === undefined) return { text, statements: script.commands, fault: undefined, lines };
  const line = lineAt(lines, error.pos);
  const statements = script.commands.filter(
    ({ pos, end }) => end <= error.pos && lineAt(lines, pos) < line && lineAt(lines, end) < line,
  );
  return { text, statements, fault: { message: error.message, line }, lines };
}

function firstFault(
  script: ParsedScript,
  dialect: Dialect,
): { readonly message: string; readonly pos: number } | undefined {
  const [error] = script.errors?.filter(({ message }) => !/here-?doc/i.test(message)) ?? [];
  const refused = dialect === "dash" ? dashFault(script) : undefined;
  if (refused !== undefined && (error === undefined || refused.pos <= error.pos)) return refused;
  return error && { message: `syntax error: ${error.message}`, pos: error.pos };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The line of an offset, counted from 1. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** A text as one word of a command. */
export function readWord(text: string): Word | undefined {
  const [statement] = readSource(`: ${text}`, "bash").statements;
  const word = statement?.command.type === "Command" ? statement.command.args[0] : undefined;
  return word?.type === "Word" ? word : undefined;
}

/** Where bash stops to read a statement while `extglob` is off: at the first `@(a|b)` outside of `[[ ]]` and `${ }`. */
export function extendedIn(node: SyntaxNode): number | undefined {
  if (node.type === "TestCommand" || node.type === "ParameterExpansion") return undefined;
  if (node.type === "ExtendedGlob") return node.pos;
  let first: number | undefined;
  forEachChild(node, (child) => {
    first ??= extendedIn(child);
  });
  return first;
}
