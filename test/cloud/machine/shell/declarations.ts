/** `export`, `local`, `declare`, `readonly` and `unset`. */
import type { Io, Run, Steps } from "../machine.ts";
import { complain } from "./answers.ts";
import { ShellFault } from "./faults.ts";
import type { Flags, Variable } from "./variables.ts";
import type { Shell } from "./shell.ts";

interface Words {
  readonly flags: string;
  readonly off: string;
  readonly names: readonly string[];
}

function words(args: readonly string[]): Words {
  const isFlag = (arg: string): boolean => /^[-+][A-Za-z]+$/.test(arg);
  return {
    flags: lettersIn(args.filter((arg) => isFlag(arg) && arg.startsWith("-"))),
    off: lettersIn(args.filter((arg) => isFlag(arg) && arg.startsWith("+"))),
    names: args.filter((arg) => !isFlag(arg) && arg !== "--"),
  };
}

const lettersIn = (flags: readonly string[]): string => flags.join("").replaceAll(/[-+]/g, "");

const pair = (text: string): readonly [name: string, value: string | undefined, appends: boolean] => {
  const [, name = text, plus = "", value] = /^(\w+)(\+?)=(.*)$/s.exec(text) ?? [];
  return [name, value, plus !== ""];
};

export function exported(args: readonly string[], io: Io): number {
  const { shell } = io;
  const { flags, names } = words(args);
  if (shell.dialect === "dash" && /[^p]/.test(flags))
    throw new ShellFault(`export: Illegal option -${flags.replaceAll("p", "").slice(0, 1)}`);
  if (/[^fnp]/.test(flags)) return complain(shell, `export: -${flags}: invalid option`, 2);
  if (names.length === 0) return listed(io);
  if (flags.includes("f")) return functionsExported(names, shell);
  for (const [name, value, appends] of names.map(pair)) {
    if (value !== undefined) shell.variables.set(name, appends ? (shell.value(name) ?? "") + value : value);
    shell.variables.mark(name, { isExported: !flags.includes("n") });
  }
  return 0;
}

function listed({ shell, out }: Io): number {
  const isDash = shell.dialect === "dash";
  for (const [name, value] of Object.entries(shell.variables.exported()).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  ))
    out(isDash ? `export ${name}='${value}'\n` : `declare -x ${name}="${inQuotes(value)}"\n`);
  return 0;
}

/** A shell that the script starts would have the functions. */
function functionsExported(names: readonly string[], shell: Shell): number {
  const missing = names.find((name) => !shell.functions.has(name));
  if (missing !== undefined) return complain(shell, `export: ${missing}: not a function`, 1);
  return shell.notSimulated(`export -f ${names.join(" ")}`);
}

/** In a function `declare` is `local`, unless -g. */
export function* declare(args: readonly string[], io: Io): Run {
  const { shell } = io;
  const given = words(args);
  const { flags, names } = given;
  const odd = /[^aAfFgilnprtux]/.exec(flags);
  if (odd !== null) return complain(shell, `declare: -${odd[0]}: invalid option`, 2);
  if (flags.includes("f") || flags.includes("F")) return functions(flags, names, io);
  if (flags.includes("p") || names.length === 0) return printed(flags, names, io);
  if (flags.includes("t")) return shell.notSimulated(["declare", ...args].join(" "));
  let status = 0;
  for (const name of names) status = (yield* declareOne(shell, name, given)) || status;
  return status;
}

/** `declare -F name`: whether it is a function. Its text is not simulated. */
function functions(flags: string, names: readonly string[], { shell, out }: Io): number {
  if (names.length === 0 || (flags.includes("f") && /[^fx]/.test(flags)))
    return shell.notSimulated(`declare -${flags}`);
  const missing = names.filter((name) => !shell.functions.has(name));
  if (flags.includes("F")) for (const name of names) if (shell.functions.has(name)) out(`${name}\n`);
  if (!flags.includes("F") && missing.length < names.length)
    return shell.notSimulated(`declare -f ${names.join(" ")}`);
  return Number(missing.length > 0);
}

function* declareOne(shell: Shell, text: string, given: Words): Run {
  const { flags, off } = given;
  const [name, value, appends] = pair(text);
  const marks = flagsOf(flags, off);
  const isLocal = shell.callees.length > 0 && !flags.includes("g");
  if (isLocal) shell.variables.local(name, { ...marks, isReadonly: false });
  if (flags.includes("n") || off.includes("n")) return refer(shell, name, value, flags.includes("n"));
  if (/[aA]/.test(flags)) begin(shell, name, flags.includes("A"));
  if (!isLocal) shell.variables.mark(name, { ...marks, isReadonly: false });
  if (value !== undefined) yield* put(shell, name, appends ? (shell.value(name) ?? "") + value : value);
  if (marks.isReadonly) shell.variables.mark(name, { isReadonly: true });
  return 0;
}

/** `declare -n name=target`, and `declare +n name`. */
function refer(shell: Shell, name: string, target: string | undefined, isReference: boolean): number {
  if (isReference && target === name)
    return complain(shell, `declare: ${name}: nameref variable self references not allowed`, 1);
  shell.variables.refer(name, isReference ? (target ?? "") : undefined);
  return 0;
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

function flagsOf(flags: string, off: string): Flags {
  return {
    ...(flags.includes("x") && { isExported: true }),
    ...(off.includes("x") && { isExported: false }),
    ...(flags.includes("r") && { isReadonly: true }),
    ...(flags.includes("i") && { isInteger: true }),
    ...(flags.includes("l") && { casing: "lower" }),
    ...(flags.includes("u") && { casing: "upper" }),
    ...(/[lu]/.test(off) && { casing: undefined }),
    ...(flags.includes("A") && { isMap: true }),
  };
}

function begin(shell: Shell, name: string, isMap: boolean): void {
  const found = shell.variables.find(name);
  if (found?.items !== undefined) return;
  shell.variables.clear(name);
  if (isMap) shell.variables.mark(name, { isMap: true });
}

/** `declare -p`: each variable as the command that makes it. */
function printed(flags: string, names: readonly string[], { shell, out }: Io): number {
  const isOne = names.length > 0;
  let status = 0;
  for (const name of isOne ? names : shell.variables.names()) {
    const variable = shell.variables.own(name);
    const special = variable === undefined ? shell.value(name) : undefined;
    if (special !== undefined) out(`declare -- ${name}="${inQuotes(special)}"\n`);
    else if (variable === undefined) status = complain(shell, `declare: ${name}: not found`, 1);
    else if (isOne || fits(variable, flags)) out(`${declarationOf(name, variable)}\n`);
  }
  return status;
}

/** Whether a variable has the attributes that are asked for. */
const fits = (variable: Variable, flags: string): boolean =>
  Array.from(flags.replaceAll(/[pg]/g, "")).every((letter) => lettersOf(variable).includes(letter));

const lettersOf = ({ items, isMap, isInteger, casing, refersTo, isReadonly, isExported }: Variable): string =>
  [
    isMap ? "A" : items === undefined ? "" : "a",
    isInteger ? "i" : "",
    casing === undefined ? "" : casing.slice(0, 1),
    refersTo === undefined ? "" : "n",
    isReadonly ? "r" : "",
    isExported ? "x" : "",
  ].join("");

function declarationOf(name: string, variable: Variable): string {
  const letters = lettersOf(variable);
  const head = `declare -${letters === "" ? "-" : letters} ${name}`;
  const { items, isMap = false, refersTo, value = refersTo } = variable;
  if (items === undefined) return value === undefined ? head : `${head}="${inQuotes(value)}"`;
  const sorted = isMap ? [...items] : [...items].toSorted(([a], [b]) => Number(a) - Number(b));
  const parts = sorted.map(([key, each]) => `[${key}]="${inQuotes(each)}"`);
  return `${head}=(${parts.join(" ")}${isMap && parts.length > 0 ? " " : ""})`;
}

const inQuotes = (text: string): string => text.replaceAll(/["$`\\]/g, String.raw`\$&`);

export function unset(args: readonly string[], { shell }: Io): number {
  const { flags, names } = words(args);
  for (const name of names) {
    if (flags.includes("n")) {
      shell.variables.unsetReference(name);
      continue;
    }
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
