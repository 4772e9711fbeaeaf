/** Programs of the shell itself: words, conditions, variables, waiting. */
import { toRegExp } from "./files.ts";
import type { Io, Program, Run } from "./machine.ts";
import { packageOf } from "./packages.ts";

export const SHELL_PROGRAMS: Readonly<Record<string, Program>> = {
  ":": () => 0,
  true: () => 0,
  false: () => 1,
  exit: (args, { shell }) => shell.leave("exit", Number(args[0] ?? shell.status) % 256),
  return: (args, io) =>
    io.shell.isCalled
      ? io.shell.leave("return", Number(args[0] ?? io.shell.status))
      : complain(io, "bash: return: can only `return' from a function or sourced script", 2),
  break: (_, { shell }) => shell.leave("break", 0),
  continue: (_, { shell }) => shell.leave("continue", 0),
  echo,
  printf,
  test: (args, io) => Number(!holds(args, io)),
  "[": (args, io) => Number(!holds(args.slice(0, -1), io)),
  "[[": (args, io) => Number(!holds(args.slice(0, -1), io, true)),
  export: assign,
  declare: assign,
  local: assign,
  readonly: assign,
  unset: (args, { shell }) => {
    for (const name of args) delete shell.variables[name];
    return 0;
  },
  set: (args, { shell }) => {
    const rest = shell.set(args);
    if (rest !== undefined) shell.withArgs(rest);
    return 0;
  },
  eval: (args, io) => io.shell.eval(args.join(" "), io),
  cd: (args, io) => {
    const to = io.path(args[0] ?? "/root");
    if (!io.files.isDirectory(to)) return complain(io, `cd: ${args[0]}: No such file or directory`);
    io.shell.cwd = to;
    return 0;
  },
  pwd: (_, { shell, out }) => said(out, shell.cwd),
  sleep,
  sudo: (args, io) =>
    io.shell.call(
      args.filter((arg, index) => index > 0 || !arg.startsWith("-")),
      io,
    ),
  nohup: (args, io) => io.shell.call(args, io),
  env: (args, io) =>
    io.shell.call(
      args.filter((arg) => !arg.includes("=")),
      io,
    ),
  bash,
  sh: bash,
  source,
  ".": source,
  command: (args, io) =>
    args[0] === "-v" || args[0] === "-V" ? find(args.slice(1), io) : io.shell.call(args, io),
  which: find,
  type: find,
  hash: find,
  wait: () => 0,
  trap: ([action = "", ...signals], { shell }) => {
    for (const signal of signals.map((name) => (name === "0" ? "EXIT" : name.replace(/^SIG/, "")))) {
      if (action === "-") shell.traps.delete(signal);
      else shell.traps.set(signal, action);
    }
    return 0;
  },
  umask: () => 0,
  ulimit: () => 0,
  history: () => 0,
  sync: () => 0,
};

export function said(out: (text: string) => void, text: string): number {
  out(`${text}\n`);
  return 0;
}

export function complain(io: Io, text: string, code = 1): number {
  io.err(`${text}\n`);
  return code;
}

function echo(args: readonly string[], { out }: Io): number {
  const flags = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  const options = args.slice(0, flags === -1 ? args.length : flags).join("");
  const text = args.slice(flags === -1 ? args.length : flags).join(" ");
  out((options.includes("e") ? unescape(text) : text) + (options.includes("n") ? "" : "\n"));
  return 0;
}

function printf(args: readonly string[], { out }: Io): number {
  const [format = "", ...values] = args;
  const slots = format.match(/%[sdi]/g)?.length ?? 0;
  const rounds = slots === 0 ? 1 : Math.max(1, Math.ceil(values.length / slots));
  const queue = [...values];
  for (let round = 0; round < rounds; round++) {
    out(
      unescape(format).replaceAll(/%([sdi%])/g, (_, kind: string) =>
        kind === "%" ? "%" : (queue.shift() ?? ""),
      ),
    );
  }
  return 0;
}

function unescape(text: string): string {
  const known: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"' };
  return text.replaceAll(/\\([ntr\\"])/g, (whole, char: string) => known[char] ?? whole);
}

function* sleep(args: readonly string[]): Run {
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  for (const arg of args) {
    const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(arg);
    if (match !== null) yield Number(match[1]) * (units[match[2] === "" ? "s" : (match[2] ?? "s")] ?? 1000);
  }
  return 0;
}

function assign(args: readonly string[], { shell }: Io): number {
  for (const arg of args) {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(arg) ?? [];
    if (name !== undefined) shell.variables[name] = value ?? "";
  }
  return 0;
}

function bash(args: readonly string[], io: Io): number | Run {
  const inner = io.shell.child();
  const rest = [...args];
  while (rest[0] !== undefined && /^[-+][^c]*$/.test(rest[0])) {
    const flags = rest.shift() ?? "";
    inner.set(flags.includes("o") ? [flags, rest.shift() ?? ""] : [flags]);
  }
  if (rest[0]?.startsWith("-") && rest[0].includes("c")) {
    inner.set([rest[0].replace("c", "")]);
    return inner.withArgs(rest.slice(3)).script(rest[1] ?? "", io);
  }
  const [path, ...others] = rest;
  const text = path === undefined ? io.stdin : io.files.read(io.path(path));
  if (text === undefined) return complain(io, `bash: ${path}: No such file or directory`, 127);
  return inner.withArgs(others).script(text, io);
}

function source(args: readonly string[], io: Io): number | Run {
  const text = io.files.read(io.path(args[0] ?? ""));
  if (text === undefined) return complain(io, `bash: ${args[0]}: No such file or directory`);
  return io.shell.source(text, io);
}

/** Whether a program is there: the guest's own, a function, or one that came with a package. */
function find(args: readonly string[], io: Io): number {
  let status = 0;
  for (const name of args) {
    const isThere =
      name in SHELL_PROGRAMS ||
      io.shell.functions.has(name) ||
      packageOf(io.machine.disk, name) !== undefined;
    if (isThere || io.files.isFile(`/usr/local/bin/${name}`)) io.out(`/usr/bin/${name}\n`);
    else status = 1;
  }
  return status;
}

/** The conditions of `test`, or of `[[`, whose right sides are patterns. */
function holds(args: readonly string[], io: Io, matches = false): boolean {
  const part = (from: number, to?: number): boolean => holds(args.slice(from, to), io, matches);
  const or = args.findIndex((arg) => arg === "-o" || arg === "||");
  if (or > 0) return part(0, or) || part(or + 1);
  const and = args.findIndex((arg) => arg === "-a" || arg === "&&");
  if (and > 0) return part(0, and) && part(and + 1);
  const [first = "", second = ""] = args;
  if (first === "!") return !part(1);
  if (args.length <= 1) return first !== "";
  return args.length === 2 ? unary(first, second, io) : binary(args, matches);
}

function binary([first = "", second = "", third = ""]: readonly string[], matches: boolean): boolean {
  const isSame = matches ? toRegExp(third).test(first) : first === third;
  const [a, b] = [Number(first), Number(third)];
  const comparisons: Readonly<Record<string, boolean>> = {
    "=": isSame,
    "==": isSame,
    "!=": !isSame,
    "-eq": a === b,
    "-ne": a !== b,
    "-lt": a < b,
    "-le": a <= b,
    "-gt": a > b,
    "-ge": a >= b,
  };
  return second === "=~" ? new RegExp(third).test(first) : (comparisons[second] ?? false);
}

function unary(operator: string, word: string, { files, path }: Io): boolean {
  switch (operator) {
    case "-z":
      return word === "";
    case "-n":
      return word !== "";
    case "-s":
      return (files.read(path(word)) ?? "") !== "";
    case "-d":
      return files.isDirectory(path(word));
    case "-f":
    case "-r":
    case "-w":
    case "-x":
      return files.isFile(path(word));
    default:
      return files.exists(path(word));
  }
}
