/** Programs that run other programs. */
import type { Io, Program, Run } from "./machine.ts";
import { complain, has, notSimulated, valueOf } from "./answers.ts";
import { optionsOf as read } from "./options.ts";
import type { Given } from "./options.ts";
import { OTHER_USERS } from "./other-users.ts";
import { executed } from "./shell/executed.ts";
import { wrongOption } from "./shell/options.ts";
import type { Dialect } from "./shell/source.ts";

export const RUNNERS: Readonly<Record<string, Program>> = {
  bash: (args, io) => shell(args, io, "bash"),
  sh: (args, io) => shell(args, io, io.shell.dialectOf("sh")),
  dash: (args, io) => shell(args, io, "dash"),
  env,
  ...OTHER_USERS,
  nohup: (args, io) => executed(io.shell, args),
  nice: (args, io) => executed(io.shell, operandsFrom(args, ["-n"])),
  ionice: (args, io) => executed(io.shell, operandsFrom(args, ["-c", "-n"])),
  setsid: (args, io) => executed(io.shell, operandsFrom(args, [])),
  stdbuf: (args, io) => executed(io.shell, operandsFrom(args, [])),
  time: (args, io) => executed(io.shell, operandsFrom(args, [])),
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
  const isLogin = flags.some((flag) => flag === "--login" || /^-[a-z]*l/.test(flag));
  if (isLogin) inner.isLogin = true;
  const isOn = (letter: string): boolean =>
    flags.some((flag) => /^-[a-z]/.test(flag) && flag.includes(letter));
  inner.begin();
  if (isOn("c")) {
    inner.isCommandText = true;
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

/** `env [-i] [-u name] [-C folder] [name=value …] program args` */
function* env(args: readonly string[], io: Io): Run {
  const given = read(args, {
    letters: "iu:C:",
    long: { "ignore-environment": "i", unset: "u", chdir: "C" },
    isStrict: true,
  });
  const isRepeated = args.filter((arg) => arg.startsWith("-u")).length > 1;
  if (given.unknown !== undefined || isRepeated) return notSimulated("env", args, io);
  const at = given.operands.findIndex((word) => !/^\w+=/.test(word));
  const command = at === -1 ? [] : given.operands.slice(at);
  const environment = environmentOf(given, given.operands.slice(0, at === -1 ? undefined : at), io);
  const cwd = io.path(given.value("C") ?? ".");
  if (!io.files.isDirectory(cwd)) return complain(io, `env: cannot change directory to '${cwd}'`, 125);
  if (command.length > 0) return yield* executed(io.shell, command, { environment, cwd });
  for (const [name, value] of Object.entries(environment)) io.out(`${name}=${value}\n`);
  return 0;
}

function environmentOf(given: Given, settings: readonly string[], { shell }: Io): Record<string, string> {
  const before = given.has("i") ? [] : Object.entries(shell.variables.exported());
  const kept = before.filter(([name]) => name !== given.value("u"));
  const set = settings.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]);
  return Object.fromEntries([...kept, ...set]);
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
  const running = executed(io.shell, command);
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
    if ((yield* executed(io.shell, all)) !== 0) status = 123;
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
