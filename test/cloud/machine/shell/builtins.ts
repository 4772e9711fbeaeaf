/** Programs that are parts of the shell itself. */
import type { Io, Program, Run } from "../machine.ts";
import { complain } from "./answers.ts";
import { tested } from "./conditions.ts";
import { declare, exported, local, unset } from "./declarations.ts";
import { ShellFault } from "./faults.ts";
import { echo, printf } from "./printing.ts";
import { command, hash, type, which, withoutFunctions } from "./naming.ts";
import { alias, disown, history, ulimit, umask, unalias } from "./habits.ts";
import { getopts, mapfile, readLine } from "./reading.ts";
import { jobs, kill, wait } from "./signals.ts";
import type { Shell } from "./shell.ts";
import { trap } from "./traps.ts";

const count = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Number(text);

function exit(args: readonly string[], { shell }: Io): number {
  const [given] = args;
  if (given !== undefined && !/^-?\d+$/.test(given)) {
    shell.complain(`exit: ${given}: numeric argument required`);
    return shell.leave("exit", 2);
  }
  return shell.leave("exit", count(given, shell.status) & 255);
}

function leave(args: readonly string[], { shell }: Io): number {
  if (shell.calls.length > 0) return shell.leave("return", count(args[0], shell.status) & 255);
  if (shell.dialect === "dash") return shell.leave("exit", count(args[0], shell.status) & 255);
  shell.complain("return: can only `return' from a function or sourced script");
  return 2;
}

function* exec(args: readonly string[], { shell }: Io): Run {
  if (args.length === 0) return 0;
  const status = yield* shell.call(args[0] === "-a" ? args.slice(2) : args);
  shell.traps.delete("EXIT");
  return shell.leave("exit", status);
}

function* source(args: readonly string[], io: Io): Run {
  const { shell, files } = io;
  const [name = "", ...words] = args;
  // Dash looks for a name without a slash on PATH only.
  const path =
    shell.onPath(name) ?? (shell.dialect === "dash" && !name.includes("/") ? undefined : io.path(name));
  const text = path === undefined ? undefined : files.read(path);
  if (text === undefined) {
    const reason = `.: cannot open ${name}: No such file`;
    if (shell.dialect === "dash") throw new ShellFault(reason, "fatal");
    shell.complain(`${name}: No such file or directory`);
    return 1;
  }
  const outer = shell.args;
  if (words.length > 0 && shell.dialect === "bash") shell.args = words;
  try {
    return yield* shell.called(shell.text(text));
  } finally {
    shell.args = outer;
  }
}

function cd(args: readonly string[], io: Io): number {
  const { shell } = io;
  const given = args.find((arg) => !/^-[LPe]$/.test(arg));
  const target = given === "-" ? shell.previousCwd : (given ?? shell.value("HOME") ?? "/root");
  const to = io.path(target);
  if (!io.files.isDirectory(to) || !io.files.mayEnter(to)) {
    shell.complain(
      `cd: ${target}: ${io.files.isDirectory(to) ? "Permission denied" : "No such file or directory"}`,
    );
    return shell.dialect === "dash" ? 2 : 1;
  }
  shell.previousCwd = shell.cwd;
  shell.cwd = to;
  if (given === "-") io.out(`${to}\n`);
  return 0;
}

function pushd([to]: readonly string[], io: Io): number {
  const { shell } = io;
  const from = shell.cwd;
  const status = cd(to === undefined ? [shell.folders.shift() ?? shell.cwd] : [to], io);
  if (status === 0) shell.folders.unshift(from);
  if (status === 0) io.out(`${[shell.cwd, ...shell.folders].join(" ")}\n`);
  return status;
}

function popd(_: readonly string[], io: Io): number {
  const to = io.shell.folders.shift();
  if (to === undefined) {
    io.shell.complain("popd: directory stack empty");
    return 1;
  }
  io.shell.cwd = to;
  io.out(`${[to, ...io.shell.folders].join(" ")}\n`);
  return 0;
}

/** Options of `shopt` that are simulated, and those that change nothing for a script. */
const SHOPTS: ReadonlySet<string> = new Set(
  "nullglob nocasematch dotglob extglob inherit_errexit lastpipe checkhash checkjobs checkwinsize cmdhist complete_fullquote direxpand dirspell extquote force_fignore globasciiranges histappend histreedit histverify hostcomplete huponexit interactive_comments lithist mailwarn no_empty_cmd_completion progcomp promptvars sourcepath".split(
    " ",
  ),
);
const OTHER_SHOPTS: ReadonlySet<string> = new Set(
  "globstar failglob nocaseglob execfail expand_aliases xpg_echo autocd cdspell cdable_vars extdebug gnu_errfmt localvar_inherit localvar_unset shift_verbose compat31 compat32 compat40 compat41 compat42 compat43 compat44".split(
    " ",
  ),
);

function shopt(args: readonly string[], { shell }: Io): number {
  const names = args.filter((arg) => !arg.startsWith("-"));
  if (args.some((arg) => /^-.*o/.test(arg)) || !args.some((arg) => /^-[squ]+$/.test(arg)))
    return shell.notSimulated(["shopt", ...args].join(" "));
  const unknown = names.find((name) => !SHOPTS.has(name) && !OTHER_SHOPTS.has(name));
  if (unknown !== undefined) {
    shell.complain(`shopt: ${unknown}: invalid shell option name`);
    return 1;
  }
  const other = names.find((name) => OTHER_SHOPTS.has(name));
  if (other !== undefined && !args.includes("-u")) return shell.notSimulated(["shopt", ...args].join(" "));
  if (args.includes("-q")) return Number(!names.every((name) => shell.shopts.has(name)));
  for (const name of names) {
    if (args.includes("-s")) shell.shopts.add(name);
    else if (args.includes("-u")) shell.shopts.delete(name);
  }
  return 0;
}

function* calculate(args: readonly string[], { shell }: Io): Run {
  let value = 0n;
  for (const arg of args) value = yield* shell.calculateText(arg);
  return Number(value === 0n);
}

function shift([by]: readonly string[], { shell }: Io): number {
  const steps = count(by, 1);
  if (Number.isNaN(steps) || steps < 0) return complain(shell, `shift: ${by}: numeric argument required`, 1);
  if (steps > shell.args.length) {
    if (shell.dialect === "dash") throw new ShellFault("shift: can't shift that many");
    return 1;
  }
  shell.args = shell.args.slice(steps);
  return 0;
}

function set(args: readonly string[], { shell, out }: Io): number {
  if (args.length === 0) {
    for (const name of shell.variables.names()) out(`${name}=${shell.value(name) ?? ""}\n`);
    return 0;
  }
  if (/^[-+]o$/.test(args.at(-1) ?? "")) return shell.notSimulated("set -o without a name");
  const rest = given(shell, args);
  if (rest === false) return 2;
  if (rest !== undefined || args.includes("--")) shell.args = rest ?? [];
  return 0;
}

/** Switches options; false when bash refuses one, which does not end it. */
function given(shell: Shell, args: readonly string[]): readonly string[] | undefined | false {
  try {
    return shell.set(args);
  } catch (error) {
    if (!(error instanceof ShellFault) || error.kind !== "plain") throw error;
    shell.complain(error.message);
    return false;
  }
}

function bracketed(args: readonly string[], { shell }: Io): number {
  return args.at(-1) === "]" ? tested(shell, args.slice(0, -1)) : complain(shell, "[: missing `]'", 2);
}

const succeed: Program = () => 0;

export const BUILTINS: ReadonlyMap<string, Program> = new Map<string, Program>([
  [":", succeed],
  ["true", succeed],
  ["false", () => 1],
  ["exit", exit],
  ["return", leave],
  ["break", ([levels], { shell }) => shell.leave("break", count(levels, 1))],
  ["continue", ([levels], { shell }) => shell.leave("continue", count(levels, 1))],
  ["echo", echo],
  ["printf", printf],
  ["test", (args, { shell }) => tested(shell, args)],
  ["[", bracketed],
  ["export", exported],
  ["declare", declare],
  ["typeset", declare],
  ["local", local],
  ["readonly", (args, io) => declare(["-rg", ...args], io)],
  ["unset", unset],
  ["set", set],
  ["shift", shift],
  ["eval", (args, { shell }) => shell.text(args.join(" "), shell.line)],
  ["exec", exec],
  ["cd", cd],
  ["pushd", pushd],
  ["popd", popd],
  ["pwd", (_, { shell, out }) => (out(`${shell.cwd}\n`), 0)],
  ["source", source],
  [".", source],
  ["command", command],
  ["builtin", (args, { shell }) => withoutFunctions(shell, args)],
  ["which", which],
  ["type", type],
  ["hash", hash],
  ["wait", wait],
  ["trap", trap],
  ["read", readLine],
  ["mapfile", mapfile],
  ["readarray", mapfile],
  ["getopts", getopts],
  ["let", calculate],
  ["shopt", shopt],
  ["umask", umask],
  ["ulimit", ulimit],
  ["history", history],
  ["alias", alias],
  ["unalias", unalias],
  ["disown", disown],
  ["kill", kill],
  ["jobs", jobs],
]);
