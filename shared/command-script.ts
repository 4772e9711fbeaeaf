/**
 * A command of a recipe as the text that is sent to a machine, and which of its lines it failed at. Pure.
 *
 * S1. An inline step begins with the shell that reads it, so it does not depend on what `sh` is on an image: bash
 *     with -e unless the recipe says another. A text with a first line of its own (#!…) keeps it, and so does the
 *     text of an object: without one, the cloud's agent has `sh` read it.
 * S2. bash says at which line it stopped. Only numbers come from the machine; the text of the line is that of the
 *     recipe, where variables still have their names.
 * S3. The numbers bash prints itself are those of the recipe, too, once a command has failed.
 * S4. What is added to a step shows in no trace (`set -x`): its own words go around the trace by another descriptor.
 */
import type { CommandStep } from "./documents/recipe-steps.ts";

const QUIETLY = "3>&2 2>/dev/null";
const say = (what: string): string => `echo "kiln: ${what} in $0" >&3`;
const WHERE = "$LINENO ${BASH_LINENO[@]}";
/** Says where a command stopped when it stops a shell with -e, and where the step called the function it happened in. */
const TRAPS = [
  `trap '{ [[ $- == *e* ]] && ${say(`line ${WHERE}`)}; } ${QUIETLY}' ERR`,
  `trap '{ [[ $? == 0 ]] || ${say(`exit ${WHERE}`)}; } ${QUIETLY}' EXIT`,
];
/**
 * The last line of a step: says that it was reached after a failure, which no trap hears of (`a && b`), and keeps the
 * exit code. Before `&&` a failure neither ends the shell nor calls a trap of the step's own.
 */
const END = `{ (code=$?; [[ $code == 0 ]] || ${say("end")}; exit $code) && :; } ${QUIETLY}`;
const SAID = /kiln: (line|exit|end)((?: \d+)*)(?: in ([^\n]*))?(?:\n|$)/g;
/** Mistakes at which bash ends a shell without an ERR trap. */
const FATAL =
  "unbound variable|readonly variable|syntax error|unexpected EOF|bad substitution|parameter null or not set";

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
  if (!isBash(shell)) return [`#!${shell}`, ...set];
  return [`#!${shell}`, `{ ${[...set, ...TRAPS].join("; ")}; } 2>/dev/null`];
}

/** The last line goes into no here-document that the text leaves open. */
const isOpen = (text: string): boolean =>
  [...text.matchAll(/<<-?\s*["'\\]?(\w+)/g)].some(
    ([, word]) => !text.split("\n").some((line) => line.trim() === word),
  );

const after = ({ shell = "" }: CommandStep, text: string, reader: Reader): string[] =>
  reader === "shell" && isBash(shell) && !isOpen(text) ? ["", END] : [];

const isBash = (shell: string): boolean => /\/bash(?: |$)/.test(shell);

/** The whole script of a step; `text` is the command itself, or what its object holds. */
export function scriptOf(step: CommandStep, text: string, reader: Reader = "shell"): string {
  const lines = before(step, reader);
  const [first = "", ...rest] = text.split("\n");
  // A first line of its own stays the first.
  const own = reader === "shell" && step.shell === undefined && first.startsWith("#!");
  return (own ? [first, ...lines, ...rest] : [...lines, text, ...after(step, text, reader)]).join("\n");
}

/** A command's output without what bash says for us, and where it stopped: ` at line 2 (make install)`, or nothing. */
export function explained(
  step: CommandStep | undefined,
  raw: string,
): { readonly output: string; readonly where: string } {
  const said = [...raw.matchAll(SAID)];
  const bare = raw.replaceAll(SAID, "");
  const path = said.at(-1)?.[3];
  if (step === undefined) return { output: bare, where: "" };
  const lead = before(step, "shell").join("\n").split("\n").length;
  const output = path === undefined ? bare : renumbered(bare, path, lead);
  return { output, where: whereOf(step.command, said, path && fatalLine(raw, path), lead) };
}

const escaped = (text: string): string => text.replaceAll(/[^\w/]/g, "\\$&");

/** S3. Of messages about the step itself; another script counts its own lines. */
const renumbered = (output: string, path: string, lead: number): string =>
  output.replaceAll(
    new RegExp(`^(${escaped(path)}: line )(\\d+)(?=:)`, "gm"),
    (_, name: string, line: string) => `${name}${Math.max(1, Number(line) - lead)}`,
  );

/** The line of a mistake that is the last thing bash says before it leaves. */
function fatalLine(raw: string, path: string): number | undefined {
  const at = `${escaped(path)}: line`;
  const last = new RegExp(`^${at} (\\d+): .*(?:${FATAL}).*\\n(?:${at} \\d+: \`.*\\n)?kiln: exit`, "m");
  const [, line] = last.exec(raw) ?? [];
  return line === undefined ? undefined : Number(line);
}

function whereOf(
  command: string,
  said: readonly RegExpExecArray[],
  fatal: number | "" | undefined,
  lead: number,
): string {
  for (const [, kind, numbers = ""] of said) {
    const calls = numbers.trim().split(" ");
    if (kind === "end") return placeOf(command, lastLine(command), true);
    // At the top of a step an EXIT trap counts from 1.
    if (kind === "exit" && calls.length < 3) continue;
    // The last caller but bash itself is the step's own line.
    return placeOf(command, Number(calls.at(-2)) - lead);
  }
  return fatal ? placeOf(command, Math.min(fatal - lead, lastLine(command))) : "";
}

/** The number of the last line that says something. */
const lastLine = (command: string): number =>
  command.split("\n").findLastIndex((line) => /^\s*[^#\s]/.test(line)) + 1;

const TEXT_MAX = 100;
const cut = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);

/** Whether a line may hand several lines to `eval`: bash counts them on from there, into those that follow. */
const readsLines = (line: string): boolean =>
  /^[^#]*\beval\s/.test(line) && (/[$`]/.test(line) || line.split(/["']/).length % 2 === 0);

/**
 * A line of a command with those it goes on in; nothing where a single line says it all, or there is none.
 * @param isEnd the command that failed ends there, and may begin before.
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
  if (from > 0) return ` between line ${from} (${cut(lines[from - 1]?.trim() ?? "")}) and line ${first}`;
  // bash counts a ( … ) of several lines at its end.
  const closes =
    text.split(")").length > text.split("(").length ||
    (isEnd && /^(?:\S+$|fi\b|done\b|esac\b|[})])/.test(text));
  return closes ? ` in the command that ends at line ${first}` : ` at line ${first} (${cut(text)})`;
}
