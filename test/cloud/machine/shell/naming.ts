/** `type`, `command`, `which` and `hash`: what a name stands for. */
import type { Io, Run } from "../machine.ts";
import { complain } from "./answers.ts";
import type { Shell } from "./shell.ts";

const BOTH = "if then else elif fi case esac for while until do done in { } !";
const KEYWORDS: ReadonlySet<string> = new Set(BOTH.split(" "));
const OF_BASH: ReadonlySet<string> = new Set("function select time [[ ]] coproc".split(" "));

interface Meaning {
  readonly kind: "keyword" | "function" | "builtin" | "file" | "alias";
  readonly path: string;
}

function meaningOf(name: string, shell: Shell): Meaning | undefined {
  const isKeyword = KEYWORDS.has(name) || (shell.dialect === "bash" && OF_BASH.has(name));
  if (isKeyword) return { kind: "keyword", path: name };
  if (shell.functions.has(name)) return { kind: "function", path: name };
  const path = shell.locate(name);
  if (path === undefined) return undefined;
  return { kind: path === name && !name.includes("/") ? "builtin" : "file", path };
}

const WORDS = {
  keyword: "a shell keyword",
  function: "a function",
  builtin: "a shell builtin",
  alias: "an alias",
};

const sentence = (name: string, { kind, path }: Meaning): string =>
  kind === "file" ? `${name} is ${path}` : `${name} is ${WORDS[kind]}`;

/** A program that is a file, whatever builtins and functions have its name. */
function fileOf(name: string, shell: Shell): string | undefined {
  if (shell.absence(name) !== undefined) return undefined;
  const path = shell.locate(name);
  return path === undefined || path !== name || name.includes("/") ? path : `/usr/bin/${name}`;
}

export function type(args: readonly string[], io: Io): number {
  const { shell } = io;
  const isDash = shell.dialect === "dash";
  const flags = isDash ? "" : args.filter((arg) => /^-[a-zA-Z]+$/.test(arg)).join("");
  if (/[^-tpP]/.test(flags)) return shell.notSimulated(["type", ...args].join(" "));
  const show = /[pP]/.test(flags) ? showPath : showKind;
  let status = 0;
  for (const name of isDash ? args : args.filter((arg) => !/^-./.test(arg)))
    status = show(name, flags, io) || status;
  return status;
}

/** `type -p` shows the path of what is a file, `type -P` also that of a file behind a builtin. */
function showPath(name: string, flags: string, { shell, out }: Io): number {
  const meaning = meaningOf(name, shell);
  const file = flags.includes("P") || meaning?.kind === "file" ? fileOf(name, shell) : undefined;
  if (file !== undefined) out(`${file}\n`);
  return Number(file === undefined && (flags.includes("P") || meaning === undefined));
}

function showKind(name: string, flags: string, { shell, out }: Io): number {
  const meaning = meaningOf(name, shell);
  if (meaning === undefined) return missing(name, flags, shell);
  if (flags.includes("t")) out(`${meaning.kind}\n`);
  else if (meaning.kind === "function") return shell.notSimulated(`type ${name}`);
  else out(`${sentence(name, meaning)}\n`);
  return 0;
}

function missing(name: string, flags: string, shell: Shell): number {
  if (flags.includes("t")) return 1;
  return complain(shell, `type: ${name}: not found`, shell.dialect === "dash" ? 127 : 1);
}

/** `command -v name`, `command -V name`, `command [-p] program args` */
export function* command(args: readonly string[], { shell, out }: Io): Run {
  const [flag, ...names] = args;
  if (flag !== "-v" && flag !== "-V")
    return yield* withoutFunctions(shell, flag === "-p" || flag === "--" ? names : args);
  const wrong = shell.dialect === "dash" ? 127 : 1;
  let found = 0;
  // Dash looks at the first name alone.
  for (const name of shell.dialect === "dash" ? names.slice(0, 1) : names) {
    const meaning = meaningOf(name, shell);
    if (meaning !== undefined) {
      found++;
      out(`${flag === "-v" ? meaning.path : sentence(name, meaning)}\n`);
    } else if (flag === "-V") shell.complain(`command: ${name}: not found`);
  }
  return found > 0 ? 0 : wrong;
}

/** `command f` runs the program f, not the function. */
export function* withoutFunctions(shell: Shell, words: readonly string[]): Run {
  const own = shell.functions;
  shell.functions = new Map();
  try {
    return yield* shell.call(words);
  } finally {
    shell.functions = own;
  }
}

export function which(args: readonly string[], { shell, out }: Io): number {
  let status = 0;
  for (const name of args) {
    if (name.startsWith("-")) {
      if (name !== "-s") return shell.notSimulated(["which", ...args].join(" "));
      continue;
    }
    const path = fileOf(name, shell);
    if (path === undefined) status = 1;
    else if (!args.includes("-s")) out(`${path}\n`);
  }
  return args.length === 0 ? 1 : status;
}

export function hash(args: readonly string[], { shell }: Io): number {
  let status = 0;
  for (const name of args.filter((arg) => !arg.startsWith("-")))
    if (shell.locate(name) === undefined) status = complain(shell, `hash: ${name}: not found`, 1);
  return status;
}
