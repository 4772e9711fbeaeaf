/** How programs answer. */
import { isEndless, isOfKernel } from "./files.ts";
import type { Io } from "./machine.ts";

export function said(io: Io, text: string): number {
  io.out(`${text}\n`);
  return 0;
}

export function complain(io: Io, text: string, code = 1): number {
  io.err(`${text}\n`);
  return code;
}

/** A program that is known, in a use that is not simulated. */
export const notSimulated = (name: string, args: readonly string[], io: Io): number =>
  io.shell.notSimulated([name, ...args].join(" "));

/** Arguments that are no flags. `takes` are flags whose next word belongs to them. */
export function operands(args: readonly string[], takes: readonly string[] = []): string[] {
  const end = args.indexOf("--");
  return args.filter((arg, index) => {
    if (end !== -1 && index > end) return true;
    if (index === end || (arg.startsWith("-") && arg !== "-")) return false;
    return !takes.includes(args[index - 1] ?? "");
  });
}

/** Whether one of these letters or words is among the flags: `-rf` has r and f. */
export const has = (args: readonly string[], letters: string, ...words: readonly string[]): boolean =>
  args.some(
    (arg) =>
      words.includes(arg) ||
      (/^-[A-Za-z0-9]+$/.test(arg) && Array.from(letters).some((letter) => arg.includes(letter))),
  );

/** The value of a flag: `-n 3`, `-n3`, `--lines=3`. */
export function valueOf(args: readonly string[], flag: string, long = "\0"): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === flag || arg === long) return args[index + 1];
    if (arg.startsWith(`${long}=`)) return arg.slice(long.length + 1);
    if (arg.startsWith(flag) && !arg.startsWith("--") && flag.length === 2) return arg.slice(2);
  }
  return undefined;
}

/** The lines of a text, each with its end. */
export const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Each file named, or what comes through the pipe. Returns 1 when one is missing. */
export function eachText(
  names: readonly string[],
  io: Io,
  program: string,
  use: (text: string, name: string) => void,
): number {
  let status = 0;
  for (const name of names.length === 0 ? ["-"] : names) {
    const path = io.path(name);
    const text = name === "-" || name === "/dev/stdin" ? io.input.rest() : io.files.read(path);
    if (isEndless(path)) status = notSimulated(program, [name], io);
    else if (text !== undefined) use(text, name);
    else if (isOfKernel(path)) status = notSimulated(program, [name], io);
    else if (io.files.isDirectory(path)) status = complain(io, `${program}: ${name}: Is a directory`);
    else status = complain(io, `${program}: ${name}: No such file or directory`);
  }
  return status;
}
