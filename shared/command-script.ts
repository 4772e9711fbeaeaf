/**
 * A command of a recipe as the text that is sent to a machine, and which of its lines it failed at. Pure.
 *
 * S1. An inline step begins with the shell that reads it, so it does not depend on what `sh` is on an image: bash
 *     with -e unless the recipe says another. A text with a first line of its own (#!…) keeps it, and so does the
 *     text of an object: without one, the cloud's agent has `sh` read it.
 * S2. bash says at which line it stopped. Only numbers come from the machine; the text of the line is that of the
 *     recipe, where variables still have their names.
 */
import type { CommandStep } from "./documents/recipe-steps.ts";

/** Says where a command stopped when it stops a shell with -e, and where the step called the function it happened in. */
const TRAPS = [
  `trap '[[ $- == *e* ]] && echo "kiln: line $LINENO \${BASH_LINENO[@]}" >&2' ERR`,
  `trap '[[ $? == 0 || \${#BASH_LINENO[@]} == 1 ]] || echo "kiln: line $LINENO \${BASH_LINENO[@]}" >&2' EXIT`,
];
const SAID = /kiln: line (\d+)((?: \d+)+)(?:\n|$)/g;

type Reader = "shell" | "powershell";

/** What stands before the command, whole lines. Values are quoted, so that none is read as a command. */
function before({ kind, shell, environment }: CommandStep, reader: Reader): string[] {
  const variables = Object.entries(environment);
  if (reader === "powershell") {
    const set = variables.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`);
    // What -e is to a shell; a program that fails is still the step's own to ask about.
    return kind === "run" ? ["$ErrorActionPreference = 'Stop'", ...set] : set;
  }
  const set = variables.map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  if (shell === undefined) return set;
  return [`#!${shell}`, ...set, ...(isBash(shell) ? TRAPS : [])];
}

const isBash = (shell: string): boolean => /\/bash(?: |$)/.test(shell);

/** The whole script of a step; `text` is the command itself, or what its object holds. */
export function scriptOf(step: CommandStep, text: string, reader: Reader = "shell"): string {
  const lines = before(step, reader);
  const [first = "", ...rest] = text.split("\n");
  // A first line of its own stays the first.
  const own = reader === "shell" && step.shell === undefined && first.startsWith("#!");
  return (own ? [first, ...lines, ...rest] : [...lines, text]).join("\n");
}

/** A command's output without what bash says for us, and where it stopped: ` at line 2 (make install)`, or nothing. */
export function explained(
  step: CommandStep | undefined,
  raw: string,
): { readonly output: string; readonly where: string } {
  const output = raw.replaceAll(SAID, "");
  const [said] = raw.matchAll(SAID);
  if (step === undefined || said === undefined) return { output, where: "" };
  const [, line, calls = ""] = said;
  // The last caller but bash itself is the step's own line.
  const own = Number(calls.trim().split(" ").at(-2) ?? line);
  const lead = before(step, "shell").join("\n").split("\n").length;
  return { output, where: placeOf(step.command, own - lead) };
}

const TEXT_MAX = 100;

/** A line of a command with those it goes on in; nothing where a single line says it all, or there is none. */
function placeOf(command: string, line: number): string {
  const lines = command.split("\n");
  if (lines[line - 1] === undefined || !command.trim().includes("\n")) return "";
  const goesOn = (text: string | undefined): boolean => text?.endsWith("\\") ?? false;
  let first = line;
  while (goesOn(lines[first - 2])) first--;
  let last = first;
  while (goesOn(lines[last - 1]) && last < lines.length) last++;
  const text = lines
    .slice(first - 1, last)
    .map((part) => part.replace(/\\$/, "").trim())
    .join(" ")
    .trim();
  const shown = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  // bash counts a ( … ) of several lines at its end.
  const closes = text.split(")").length > text.split("(").length;
  return closes ? ` in the command that ends at line ${first}` : ` at line ${first} (${shown})`;
}
