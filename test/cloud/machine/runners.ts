/** Programs that run other programs. */
import type { Io, Program, Run } from "./machine.ts";
import { complain, has, notSimulated, operands, valueOf } from "./answers.ts";
import { withoutFunctions } from "./shell/builtins.ts";
import { wrongOption } from "./shell/options.ts";
import type { Dialect } from "./shell/source.ts";
import { Variables } from "./shell/variables.ts";

export const RUNNERS: Readonly<Record<string, Program>> = {
  bash: (args, io) => shell(args, io, "bash"),
  sh: (args, io) => shell(args, io, io.shell.dialectOf("sh")),
  dash: (args, io) => shell(args, io, "dash"),
  env,
  sudo,
  su,
  runuser: su,
  nohup: (args, io) => withoutFunctions(io.shell, args),
  nice: (args, io) => withoutFunctions(io.shell, operandsFrom(args, ["-n"])),
  ionice: (args, io) => withoutFunctions(io.shell, operandsFrom(args, ["-c", "-n"])),
  setsid: (args, io) => withoutFunctions(io.shell, operandsFrom(args, [])),
  stdbuf: (args, io) => withoutFunctions(io.shell, operandsFrom(args, [])),
  time: (args, io) => withoutFunctions(io.shell, operandsFrom(args, [])),
  timeout,
  xargs,
  sleep,
};

/** From the first word that is neither a flag nor the value of one. */
function operandsFrom(args: readonly string[], takes: readonly string[]): readonly string[] {
  let at = 0;
  while (at < args.length && /^-./.test(args[at] ?? "")) {
    if (args[at] === "--") return args.slice(at + 1);
    at += takes.includes(args[at] ?? "") ? 2 : 1;
  }
  return args.slice(at);
}

/** `bash [-eux] [-o name] [-c text | -s | file] args` */
function shell(args: readonly string[], io: Io, dialect: Dialect): number | Run {
  const inner = io.shell.child(dialect);
  const { flags, rest } = shellFlags(args);
  if (flags.some((flag) => flag.startsWith("--") && !/^--(?:login|noprofile|norc|posix)$/.test(flag)))
    return notSimulated("bash", args, io);
  const options = flags.map(optionsOf);
  const wrong = options.map((each) => wrongOption(dialect, each)).find((each) => each !== undefined);
  if (wrong !== undefined) return complain(io, `${dialect}: ${wrong}: invalid option`, 2);
  for (const each of options) inner.set(each);
  const isOn = (letter: string): boolean =>
    flags.some((flag) => /^-[a-z]/.test(flag) && flag.includes(letter));
  if (isOn("c")) {
    const [text = "", name = dialect, ...given] = rest;
    return Object.assign(inner, { name, args: given }).script(text);
  }
  if (isOn("s") || rest.length === 0) return Object.assign(inner, { args: rest }).script(io.input.rest());
  const [path = "", ...given] = rest;
  const text = io.files.read(io.path(path));
  if (text === undefined) return complain(io, `${dialect}: ${path}: No such file or directory`, 127);
  return Object.assign(inner, { name: path, args: given }).script(text);
}

/** The options that `set` knows by a flag. */
function optionsOf(flag: string): string[] {
  const [letters = "", ...name] = flag.split(" ");
  const kept = letters.replaceAll(/[csl]/g, "");
  return kept.length > 1 && !kept.startsWith("--") ? [kept, ...name] : [];
}

/** Flags of a shell, `-o name` as one of them, and what follows. */
function shellFlags(args: readonly string[]): { readonly flags: string[]; readonly rest: string[] } {
  const flags: string[] = [];
  const rest = [...args];
  while (/^[-+]./.test(rest[0] ?? "")) {
    const flag = rest.shift() ?? "";
    if (flag === "--") break;
    flags.push(/^[-+][a-z]*o$/.test(flag) ? `${flag} ${rest.shift() ?? ""}` : flag);
  }
  return { flags, rest };
}

/** `env [-i] [-u name] [name=value …] program args` */
function* env(args: readonly string[], io: Io): Run {
  const { variables } = io.shell;
  const rest = [...operandsFrom(args, ["-u", "-C"])];
  const before = io.shell.variables;
  io.shell.variables = args.includes("-i")
    ? new Variables({ PATH: variables.get("PATH") ?? "" })
    : variables.fork();
  const removed = valueOf(args, "-u", "--unset");
  if (removed !== undefined) io.shell.variables.unset(removed);
  while (/^\w+=/.test(rest[0] ?? "")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(rest.shift() ?? "") ?? [];
    io.shell.variables.set(name, value);
    io.shell.variables.mark(name, { isExported: true });
  }
  try {
    if (rest.length > 0) return yield* withoutFunctions(io.shell, rest);
    for (const [name, value] of Object.entries(io.shell.variables.exported())) io.out(`${name}=${value}\n`);
    return 0;
  } finally {
    io.shell.variables = before;
  }
}

/** Everyone may do everything here: `sudo` runs the command. */
function* sudo(args: readonly string[], io: Io): Run {
  const takes = ["-u", "-g", "-h", "-p", "-C", "-T", "-D", "--user", "--group"];
  const command = operandsFrom(args, takes);
  const user = valueOf(args, "-u", "--user");
  if (user !== undefined && !userExists(user, io)) return complain(io, `sudo: unknown user ${user}`);
  if (command.every((word) => /^\w+=/.test(word))) return yield* run(shell([], io, "bash"));
  if (!/^\w+=/.test(command[0] ?? "")) return yield* withoutFunctions(io.shell, command);
  return yield* env(command, io);
}

const userExists = (user: string, { files }: Io): boolean =>
  user === "root" ||
  user.startsWith("#") ||
  (files.read("/etc/passwd") ?? "").split("\n").some((line) => line.startsWith(`${user}:`));

/** `su [-] [user] [-c text]` */
function* su(args: readonly string[], io: Io): Run {
  const text = valueOf(args, "-c", "--command");
  const [user = "root"] = operands(args, ["-c", "-s", "-u", "--command", "--shell"]);
  if (!userExists(user, io)) return complain(io, `su: user ${user} does not exist`);
  return yield* run(shell(text === undefined ? [] : ["-c", text], io, "bash"));
}

function* run(result: number | Run): Run {
  return typeof result === "number" ? result : yield* result;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text);
  return match === null
    ? undefined
    : Number(match[1]) * (UNITS[match[2] === "" ? "s" : (match[2] ?? "s")] ?? 1000);
}

function* sleep(args: readonly string[], io: Io): Run {
  for (const arg of args) {
    const ms = arg === "infinity" ? Number.MAX_SAFE_INTEGER : durationOf(arg);
    if (ms === undefined) return complain(io, `sleep: invalid time interval '${arg}'`);
    if (ms > 0) yield ms;
  }
  return args.length === 0 ? complain(io, "sleep: missing operand") : 0;
}

/** Ends a command that takes longer, in the machine's time. */
function* timeout(args: readonly string[], io: Io): Run {
  const [limit = "", ...command] = operandsFrom(args, ["-k", "-s", "--kill-after", "--signal"]);
  const ms = durationOf(limit);
  if (ms === undefined) return complain(io, `timeout: invalid time interval '${limit}'`, 125);
  if (command.length === 0) return complain(io, "timeout: missing operand", 125);
  const flags = args.slice(0, args.length - command.length - 1);
  const isKilled = /^(?:SIG)?(?:KILL|9)$/i.test(valueOf(flags, "-s", "--signal") ?? "");
  const late = isKilled ? 137 : flags.includes("--preserve-status") ? 143 : 124;
  const running = withoutFunctions(io.shell, command);
  // A limit of 0 is none.
  let left = ms === 0 ? Number.POSITIVE_INFINITY : ms;
  for (;;) {
    const { value, done } = running.next();
    if (done === true) return value;
    if (value >= left) {
      yield left;
      running.return(late);
      return late;
    }
    left -= value;
    yield value;
  }
}

function* xargs(args: readonly string[], io: Io): Run {
  const command = operandsFrom(args, ["-n", "-I", "-P", "-L", "-d", "-a", "-s"]);
  const words = command.length === 0 ? ["echo"] : command;
  const place = valueOf(args, "-I");
  const items = itemsOf(args, io.input.rest(), place !== undefined);
  if (items.length === 0 && has(args, "r", "--no-run-if-empty")) return 0;
  const many = Number(valueOf(args, "-n") ?? valueOf(args, "-L") ?? Math.max(1, items.length));
  const size = place === undefined ? many : 1;
  if (!(size >= 1)) return complain(io, `xargs: value ${size} for a number of arguments should be >= 1`);
  let status = 0;
  for (let at = 0; at < Math.max(1, items.length); at += size) {
    const given = items.slice(at, at + size);
    const all =
      place === undefined
        ? [...words, ...given]
        : words.map((word) => word.replaceAll(place, given[0]?.trim() ?? ""));
    if ((yield* withoutFunctions(io.shell, all)) !== 0) status = 123;
  }
  return status;
}

/** Lines with -I, words otherwise, or what another separator makes. */
function itemsOf(args: readonly string[], text: string, isLines: boolean): string[] {
  const separator = has(args, "0", "--null") ? "\0" : valueOf(args, "-d")?.replace(String.raw`\n`, "\n");
  const by = separator ?? (isLines ? "\n" : undefined);
  if (by !== undefined) return text.split(by).filter((item) => item.trim() !== "");
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}
