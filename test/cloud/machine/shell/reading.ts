/** `read`, `mapfile` and `getopts`. */
import type { Io } from "../machine.ts";
import { endsLine, ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import { Input } from "./streams.ts";

interface Options {
  readonly given: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** @param letters as for getopts: a colon follows a letter that takes a value. */
export function options(args: readonly string[], letters: string, name: string): Options {
  const given = new Map<string, string>();
  const rest = [...args];
  while (/^-./.test(rest[0] ?? "")) {
    const word = rest.shift() ?? "";
    if (word === "--") break;
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? "";
      if (!letters.includes(letter)) throw new ShellFault(`${name}: Illegal option -${letter}`, "plain");
      if (letters[letters.indexOf(letter) + 1] !== ":") {
        given.set(letter, "");
        continue;
      }
      given.set(letter, word.slice(at + 1) || (rest.shift() ?? ""));
      break;
    }
  }
  return { given, rest };
}

export function readLine(args: readonly string[], io: Io): number {
  const { shell } = io;
  try {
    return read(options(args, shell.dialect === "dash" ? "rp:" : "rsep:a:d:n:N:t:u:i:", "read"), io);
  } catch (error) {
    if (!(error instanceof ShellFault) || endsLine(error)) throw error;
    shell.complain(error.message);
    return 2;
  }
}

function read({ given, rest }: Options, io: Io): number {
  const { shell } = io;
  const from = given.get("u");
  const input = from === undefined ? io.input : (shell.streams.get(Number(from))?.input ?? new Input(""));
  const count = given.get("n") ?? given.get("N");
  const found =
    count === undefined
      ? line(input, given.get("d") ?? "\n", given.has("r"))
      : characters(input, Number(count));
  const array = given.get("a");
  if (array !== undefined) {
    shell.variables.clear(array);
    for (const [index, text] of fields(shell, found.text, Number.POSITIVE_INFINITY).entries())
      shell.variables.set(array, text, String(index));
  } else if (rest.length === 0) shell.variables.set("REPLY", found.text);
  else {
    const texts = fields(shell, found.text, rest.length);
    for (const [index, name] of rest.entries()) shell.variables.set(name, texts[index] ?? "");
  }
  return Number(!found.isWhole);
}

function characters(input: Input, count: number): { text: string; isWhole: boolean } {
  const text = input.characters(count);
  return { text: text.replace(/\n.*$/s, ""), isWhole: text.length === count };
}

/** A line; without -r a backslash at its end continues it, and other backslashes quote. */
function line(input: Input, end: string, isRaw: boolean): { text: string; isWhole: boolean } {
  let text = "";
  for (;;) {
    const next = input.line(end);
    if (next === undefined) return { text, isWhole: false };
    text += next.text;
    if (isRaw) return { text, isWhole: next.isWhole };
    if (!/(?:^|[^\\])(?:\\\\)*\\$/.test(text) || !next.isWhole)
      return { text: text.replaceAll(/\\(.)/gs, "$1"), isWhole: next.isWhole };
    text = text.slice(0, -1);
  }
}

/** Splits a line; the last field takes what is left. */
function fields(shell: Shell, text: string, count: number): string[] {
  const separators = shell.value("IFS") ?? " \t\n";
  const isBlank = (char: string): boolean => separators.includes(char) && /\s/.test(char);
  const strip = (given: string): string => {
    let from = 0;
    let to = given.length;
    while (from < to && isBlank(given[from] ?? "")) from++;
    while (to > from && isBlank(given[to - 1] ?? "")) to--;
    return given.slice(from, to);
  };
  const found: string[] = [];
  let rest = strip(text);
  while (rest !== "" && found.length < count - 1) {
    const at = Array.from(rest).findIndex((char) => separators.includes(char));
    if (at === -1) break;
    found.push(rest.slice(0, at));
    const tail = rest.slice(at);
    const blanks = Array.from(tail).findIndex((char) => !isBlank(char));
    const skip = blanks === -1 ? tail.length : blanks;
    const hasOther = separators.includes(tail[skip] ?? "\0");
    rest = hasOther ? strip(tail.slice(skip + 1)) : tail.slice(skip);
  }
  if (rest !== "") found.push(rest);
  return found;
}

export function mapfile(args: readonly string[], { input, shell }: Io): number {
  const { given, rest } = options(args, "td:n:O:s:u:c:C:", "mapfile");
  if (["u", "C"].some((letter) => given.has(letter)))
    return shell.notSimulated(["mapfile", ...args].join(" "));
  const [name = "MAPFILE"] = rest;
  const number = (letter: string): number => Number(given.get(letter) ?? 0);
  if (!given.has("O")) shell.variables.clear(name);
  const { d: end = "\n" } = Object.fromEntries(given);
  const most = number("n") || Number.POSITIVE_INFINITY;
  for (let index = -number("s"); index < most; index++) {
    const next = input.line(end === "" ? "\0" : end);
    if (next === undefined) return 0;
    if (index < 0) continue;
    const tail = given.has("t") || !next.isWhole ? "" : end;
    shell.variables.set(name, next.text + tail, String(number("O") + index));
  }
  return 0;
}

export function getopts([letters = "", name = "opt", ...given]: readonly string[], { shell }: Io): number {
  const args = given.length > 0 ? given : shell.args;
  const index = Number(shell.value("OPTIND") ?? 1);
  const word = args[index - 1] ?? "";
  if (/^-./.test(word) && word !== "--") {
    next(shell, { letters, name, word, index }, args[index]);
    return 0;
  }
  if (word === "--") shell.variables.set("OPTIND", String(index + 1));
  shell.variables.set(name, "?");
  return 1;
}

interface Place {
  readonly letters: string;
  readonly name: string;
  readonly word: string;
  readonly index: number;
}

/** Takes the next letter of a word, and what belongs to it. */
function next(shell: Shell, { letters, name, word, index }: Place, following: string | undefined): void {
  const { variables } = shell;
  const within = Number(variables.get(POSITION) ?? 1);
  const letter = word[within] ?? "";
  const rest = word.slice(within + 1);
  const kind = kindOf(letter, letters);
  const isDone = rest === "" || kind === "value";
  const takesNext = kind === "value" && rest === "";
  variables.set("OPTIND", String(index + Number(isDone) + Number(takesNext)));
  variables.set(POSITION, String(isDone ? 1 : within + 1));
  take(shell, { letters, letter, name, kind }, takesNext ? following : rest);
}

function take(shell: Shell, option: Option, value: string | undefined): void {
  const { kind, letter, name } = option;
  if (kind === "unknown") return refuse(shell, option, "illegal option");
  if (kind === "plain") shell.variables.unset("OPTARG");
  else if (value === undefined) return refuse(shell, option, "option requires an argument");
  else shell.variables.set("OPTARG", value);
  shell.variables.set(name, letter);
}

/** Where `getopts` is within a word of several letters. */
const POSITION = "__optpos";

interface Option {
  readonly letters: string;
  readonly letter: string;
  readonly name: string;
  readonly kind: "unknown" | "plain" | "value";
}

function kindOf(letter: string, letters: string): Option["kind"] {
  const known = letters.replace(/^:/, "");
  const at = letter === ":" ? -1 : known.indexOf(letter);
  if (at === -1) return "unknown";
  return known[at + 1] === ":" ? "value" : "plain";
}

/** A list of letters that begins with a colon keeps the messages to the script. */
function refuse(shell: Shell, { letters, letter, name, kind }: Option, reason: string): void {
  const isQuiet = letters.startsWith(":");
  shell.variables.set(name, isQuiet && kind === "value" ? ":" : "?");
  if (isQuiet) shell.variables.set("OPTARG", letter);
  else shell.complain(`${reason} -- ${letter}`);
}
