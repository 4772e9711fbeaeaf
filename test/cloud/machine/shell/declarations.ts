/** `export`, `local`, `declare`, `readonly` and `unset`. */
import type { Io, Run, Steps } from "../machine.ts";
import type { Flags } from "./variables.ts";
import type { Shell } from "./shell.ts";

interface Words {
  readonly flags: string;
  readonly off: string;
  readonly names: readonly string[];
}

function words(args: readonly string[]): Words {
  const isFlag = (arg: string): boolean => /^[-+][A-Za-z]+$/.test(arg);
  return {
    flags: args.filter((arg) => isFlag(arg) && arg.startsWith("-")).join(""),
    off: args.filter((arg) => isFlag(arg) && arg.startsWith("+")).join(""),
    names: args.filter((arg) => !isFlag(arg) && arg !== "--"),
  };
}

const pair = (text: string): readonly [name: string, value: string | undefined, appends: boolean] => {
  const [, name = text, plus = "", value] = /^(\w+)(\+?)=(.*)$/s.exec(text) ?? [];
  return [name, value, plus !== ""];
};

export function exported(args: readonly string[], { shell, out }: Io): number {
  const { flags, names } = words(args);
  if (names.length === 0) {
    for (const [name, value] of Object.entries(shell.variables.exported()))
      out(`declare -x ${name}="${value}"\n`);
    return 0;
  }
  if (flags.includes("f")) return 0;
  for (const [name, value, appends] of names.map(pair)) {
    if (value !== undefined) shell.variables.set(name, appends ? (shell.value(name) ?? "") + value : value);
    shell.variables.mark(name, { isExported: !flags.includes("n") });
  }
  return 0;
}

/** In a function `declare` is `local`, unless -g. */
export function* declare(args: readonly string[], io: Io): Run {
  const { shell } = io;
  const given = words(args);
  const { flags, names } = given;
  if (flags.includes("f") || flags.includes("F"))
    return Number(!names.every((name) => shell.functions.has(name)));
  if (flags.includes("p")) return printed(names, io);
  for (const name of names) yield* declareOne(shell, name, given);
  return 0;
}

function* declareOne(shell: Shell, text: string, { flags, off }: Words): Steps<void> {
  const [name, value, appends] = pair(text);
  const marks = flagsOf(flags, off, value);
  const isLocal = shell.callees.length > 0 && !flags.includes("g");
  if (isLocal) shell.variables.local(name, { ...marks, isReadonly: false });
  if (/[aA]/.test(flags)) begin(shell, name, flags.includes("A"));
  if (marks.refersTo !== undefined) return;
  if (!isLocal) shell.variables.mark(name, { ...marks, isReadonly: false });
  if (value !== undefined) yield* put(shell, name, appends ? (shell.value(name) ?? "") + value : value);
  if (marks.isReadonly) shell.variables.mark(name, { isReadonly: true });
}

export function* local(args: readonly string[], io: Io): Run {
  if (io.shell.callees.length > 0) return yield* declare(args, io);
  io.shell.complain("local: can only be used in a function");
  return 1;
}

function* put(shell: Shell, name: string, value: string): Steps<void> {
  const isNumber = shell.variables.find(name)?.isInteger ?? false;
  shell.variables.set(name, isNumber ? String(yield* shell.calculateText(value)) : value);
}

function flagsOf(flags: string, off: string, value: string | undefined): Flags {
  return {
    ...(flags.includes("x") && { isExported: true }),
    ...(off.includes("x") && { isExported: false }),
    ...(flags.includes("r") && { isReadonly: true }),
    ...(flags.includes("i") && { isInteger: true }),
    ...(flags.includes("l") && { casing: "lower" }),
    ...(flags.includes("u") && { casing: "upper" }),
    ...(/[lu]/.test(off) && { casing: undefined }),
    ...(flags.includes("A") && { isMap: true }),
    ...(flags.includes("n") && value !== undefined && { refersTo: value }),
  };
}

function begin(shell: Shell, name: string, isMap: boolean): void {
  const found = shell.variables.find(name);
  if (found?.items !== undefined) return;
  shell.variables.clear(name);
  if (isMap) shell.variables.mark(name, { isMap: true });
}

function printed(names: readonly string[], { shell, out }: Io): number {
  let status = 0;
  for (const name of names) {
    const value = shell.value(name);
    if (value === undefined) status = 1;
    else out(`declare -- ${name}="${value}"\n`);
  }
  return status;
}

export function unset(args: readonly string[], { shell }: Io): number {
  const { flags, names } = words(args);
  for (const name of names) {
    const [, array = name, index] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
    if (
      flags.includes("f") ||
      (!flags.includes("v") && shell.value(name) === undefined && shell.functions.has(name))
    )
      shell.functions.delete(name);
    else shell.variables.unset(array, index);
  }
  return 0;
}
