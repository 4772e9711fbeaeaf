/**
 * A command of a recipe as the script that is sent to an instance, and the line at which it failed. Pure.
 *
 * SCRIPT-1. An inline step begins with its shell, so it does not depend on what `sh` is on an image: bash with -e
 *     unless the recipe names another. A text that begins with #! keeps its first line, and so does the text of an
 *     object. Without one, Cloud Assistant runs it by `sh`.
 * SCRIPT-2. bash prints the line at which it stopped. Only numbers come from the instance; the text of the line is
 *     taken from the recipe, where variables still have their names.
 * SCRIPT-3. The line numbers in bash's own messages are those of the recipe, too, once a command has failed.
 * SCRIPT-4. The lines that Kiln adds to a step do not appear in its trace (`set -x`): their output uses another
 *     descriptor than the trace.
 */
import type { CommandStep, Step } from "../documents/recipe-steps.ts";
import { shownLine } from "./shown-line.ts";

/**
 * RunCommand, CommandContent: 24 KB after Base64, with its parameters.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runcommand
 */
export const COMMAND_MAX_BYTES = 24 * 1024;

/** Bytes of a script as Base64. */
export const sentBytes = (script: string): number => Math.ceil(Buffer.byteLength(script) / 3) * 4;

const QUIETLY = "3>&2 2>/dev/null";
const printed = (text: string): string => `echo "kiln: ${text} in $0" >&3`;
const WHERE = "$LINENO ${BASH_LINENO[@]}";
/** Prints where a shell with -e stopped, and where the step called the function in which it stopped. */
const TRAPS = [
  `trap '{ [[ $- == *e* ]] && ${printed(`line ${WHERE}`)}; } ${QUIETLY}' ERR`,
  `trap '{ [[ $? == 0 ]] || ${printed(`exit ${WHERE}`)}; } ${QUIETLY}' EXIT`,
];
/**
 * The last line of a step. It prints that it was reached after a failure for which no trap runs (`a && b`), and keeps
 * the exit code. Before `&&` a failure neither ends the shell nor runs a trap that the step sets.
 */
const END = `{ (code=$?; [[ $code == 0 ]] || ${printed("end")}; exit $code) && :; } ${QUIETLY}`;
const PRINTED = /kiln: (line|exit|end)((?: \d+)*)(?: in ([^\n]*))?(?:\n|$)/g;
/** Errors at which bash ends a shell without an ERR trap. */
const FATAL =
  "unbound variable|readonly variable|syntax error|unexpected EOF|bad substitution|parameter null or not set";

/** The program that reads the commands of an instance. */
export type Reader = "shell" | "powershell";

/** A value between the single quotes of its reader. */
export const inQuotes = (value: string, reader: Reader = "shell"): string =>
  value.replaceAll("'", reader === "shell" ? `'\\''` : "''");

/** The lines before the command. Values are quoted, so that none runs as a command. */
function before({ kind, shell, environment }: CommandStep, reader: Reader): string[] {
  const variables = Object.entries(environment);
  if (reader === "powershell") {
    const set = variables.map(([name, value]) => `$env:${name} = '${inQuotes(value, reader)}'`);
    // The counterpart of -e, for cmdlets only: the step checks the exit codes of programs itself.
    return kind === "run" ? ["$ErrorActionPreference = 'Stop'", ...set] : set;
  }
  const set = variables.map(([name, value]) => `export ${name}='${inQuotes(value)}'`);
  if (shell === undefined) return set;
  if (!isBash(shell)) return [`#!${shell}`, ...set];
  return [`#!${shell}`, `{ ${[...set, ...TRAPS].join("; ")}; } 2>/dev/null`];
}

/** Whether the text leaves a here-document open, which would swallow END. */
const isOpen = (text: string): boolean =>
  [...text.matchAll(/<<-?\s*["'\\]?(\w+)/g)].some(
    ([, word]) => !text.split("\n").some((line) => line.trim() === word),
  );

const after = ({ shell = "" }: CommandStep, text: string, reader: Reader): string[] =>
  reader === "shell" && isBash(shell) && !isOpen(text) ? ["", END] : [];

const isBash = (shell: string): boolean => /\/bash(?: |$)/.test(shell);

/** The whole script of a step; `text` is the command itself, or the content of its object. */
export function scriptOf(step: CommandStep, text: string, reader: Reader = "shell"): string {
  const lines = before(step, reader);
  const [first = "", ...rest] = text.split("\n");
  const keepsFirst = reader === "shell" && step.shell === undefined && first.startsWith("#!");
  return (keepsFirst ? [first, ...lines, ...rest] : [...lines, text, ...after(step, text, reader)]).join(
    "\n",
  );
}

/** The output of a command without the lines of TRAPS, and where it stopped: ` at line 2 (make install)`, or "". */
export function explained(
  step: Step | undefined,
  raw: string,
): { readonly output: string; readonly where: string } {
  const printouts = [...raw.matchAll(PRINTED)];
  const bare = raw.replaceAll(PRINTED, "");
  const path = printouts.at(-1)?.[3];
  if (step === undefined || !("command" in step)) return { output: bare, where: "" };
  const lead = before(step, "shell").join("\n").split("\n").length;
  const output = path === undefined ? bare : renumbered(bare, path, lead);
  return { output, where: whereOf(step.command, printouts, path && fatalLine(raw, path), lead) };
}

const escaped = (text: string): string => text.replaceAll(/[^\w/]/g, "\\$&");

/** SCRIPT-3, for messages about the step itself; another script counts its own lines. */
const renumbered = (output: string, path: string, lead: number): string =>
  output.replaceAll(
    new RegExp(`^(${escaped(path)}: line )(\\d+)(?=:)`, "gm"),
    (_, name: string, line: string) => `${name}${Math.max(1, Number(line) - lead)}`,
  );

/** The line of a FATAL error that is the last message before bash exits. */
function fatalLine(raw: string, path: string): number | undefined {
  const at = `${escaped(path)}: line`;
  const last = new RegExp(`^${at} (\\d+): .*(?:${FATAL}).*\\n(?:${at} \\d+: \`.*\\n)?kiln: exit`, "m");
  const [, line] = last.exec(raw) ?? [];
  return line === undefined ? undefined : Number(line);
}

function whereOf(
  command: string,
  printouts: readonly RegExpExecArray[],
  fatal: number | "" | undefined,
  lead: number,
): string {
  for (const [, kind, numbers = ""] of printouts) {
    const calls = numbers.trim().split(" ");
    if (kind === "end") return placeOf(command, lastLine(command), true);
    // Outside functions, an EXIT trap counts lines from 1.
    if (kind === "exit" && calls.length < 3) continue;
    // The outermost caller is bash itself; the one before it is a line of the step.
    return placeOf(command, Number(calls.at(-2)) - lead);
  }
  return fatal ? placeOf(command, Math.min(fatal - lead, lastLine(command))) : "";
}

/** The number of the last line that is neither empty nor a comment. */
const lastLine = (command: string): number =>
  command.split("\n").findLastIndex((line) => /^\s*[^#\s]/.test(line)) + 1;

const TEXT_MAX = 100;

/** Whether a line may pass several lines to `eval`: bash numbers them from that line on, over the lines below it. */
const readsLines = (line: string): boolean =>
  /^[^#]*\beval\s/.test(line) && (/[$`]/.test(line) || line.split(/["']/).length % 2 === 0);

/** Whether a line ends a command of several lines: bash counts a ( … ) of several lines by its last line. */
const endsCommand = (text: string, isEnd: boolean): boolean =>
  text.split(")").length > text.split("(").length ||
  (isEnd && /^(?:\S+$|fi\b|done\b|esac\b|[})])/.test(text));

/**
 * A line of a command with its continuations; "" for a command of one line, or when there is no such line.
 * @param isEnd the failed command ends at this line, and may begin before it.
 */
function placeOf(command: string, line: number, isEnd = false): string {
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
  const from = lines.slice(0, first - 1).findLastIndex(readsLines) + 1;
  if (from > 0)
    return ` between line ${from} (${shownLine(lines[from - 1]?.trim() ?? "", TEXT_MAX)}) and line ${first}`;
  return endsCommand(text, isEnd)
    ? ` in the command that ends at line ${first}`
    : ` at line ${first} (${shownLine(text, TEXT_MAX)})`;
}
