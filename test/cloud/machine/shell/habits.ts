/** Builtins about limits, masks and names of commands: they keep what they are given. */
import type { Io } from "../machine.ts";
import { complain } from "./answers.ts";

const triple = (mask: number): string =>
  ["u", "g", "o"]
    .map((who, index) => {
      const left = 7 & ~(mask >> (6 - 3 * index));
      return `${who}=${(left & 4 ? "r" : "") + (left & 2 ? "w" : "") + (left & 1 ? "x" : "")}`;
    })
    .join(",");

/** Modes do not exist here, so that no program can show what a mask does. */
export function umask(args: readonly string[], { shell, out }: Io): number {
  const mode = args.find((arg) => arg !== "-S");
  if (mode === undefined) {
    out(`${args.includes("-S") ? triple(shell.mask) : shell.mask.toString(8).padStart(4, "0")}\n`);
    return 0;
  }
  const mask = /^[0-7]{1,4}$/.test(mode) ? Number.parseInt(mode, 8) : symbolic(mode, shell.mask);
  if (mask === undefined)
    return complain(shell, `umask: ${mode}: invalid mode`, shell.dialect === "dash" ? 2 : 1);
  shell.mask = mask;
  return 0;
}

/** `u=rwx,g=rx,o=`: what remains allowed. */
function symbolic(mode: string, before: number): number | undefined {
  let mask = before;
  for (const part of mode.split(",")) {
    const [, who = "", sign, letters = ""] = /^([ugoa]*)([-+=])([rwx]*)$/.exec(part) ?? [];
    if (sign === undefined) return undefined;
    const bits = Array.from(letters).reduce((sum, letter) => sum | ({ r: 4, w: 2 }[letter] ?? 1), 0);
    for (const [index, each] of ["u", "g", "o"].entries()) {
      if (who !== "" && !who.includes("a") && !who.includes(each)) continue;
      const shift = 6 - 3 * index;
      const now = (mask >> shift) & 7;
      const next = sign === "=" ? 7 & ~bits : sign === "+" ? now & ~bits : now | bits;
      mask = (mask & ~(7 << shift)) | (next << shift);
    }
  }
  return mask;
}

/** A limit that was set is known; the ones that the machine begins with are not. */
export function ulimit(args: readonly string[], { shell, out }: Io): number {
  const letter = args.find((arg) => /^-[a-zA-Z]+$/.test(arg))?.replaceAll(/[-SH]/g, "") || "f";
  const value = args.find((arg) => !arg.startsWith("-"));
  if (letter.length > 1 || letter === "a") return shell.notSimulated(["ulimit", ...args].join(" "));
  if (value !== undefined) {
    if (!/^(?:\d+|unlimited|hard|soft)$/.test(value))
      return complain(shell, `ulimit: ${value}: invalid number`, shell.dialect === "dash" ? 2 : 1);
    shell.limits.set(letter, value);
    return 0;
  }
  const known = shell.limits.get(letter);
  if (known === undefined || !/^(?:\d+|unlimited)$/.test(known))
    return shell.notSimulated(["ulimit", ...args].join(" "));
  out(`${known}\n`);
  return 0;
}

/** Bash does not expand aliases in a script, so that they are names without effect; dash does. */
export function alias(args: readonly string[], { shell, out }: Io): number {
  let status = 0;
  for (const arg of args.length === 0 ? [...shell.aliases.keys()].toSorted() : args) {
    const [, name = arg, text] = /^([^=]+)=(.*)$/s.exec(arg) ?? [];
    const known = shell.aliases.get(name);
    if (text !== undefined) {
      if (shell.dialect === "dash") shell.notSimulated(["alias", ...args].join(" "));
      shell.aliases.set(name, text);
    } else if (known === undefined) status = complain(shell, `alias: ${name}: not found`, 1);
    else out(`${shell.dialect === "bash" ? "alias " : ""}${name}='${known}'\n`);
  }
  return status;
}

export function unalias(args: readonly string[], { shell }: Io): number {
  let status = 0;
  if (args.includes("-a")) shell.aliases.clear();
  else
    for (const name of args)
      if (!shell.aliases.delete(name)) status = complain(shell, `unalias: ${name}: not found`, 1);
  return status;
}

/** A job goes on after the script in any case. */
export function disown(args: readonly string[], { shell }: Io): number {
  if (args.some((arg) => /^-[ar]+$/.test(arg))) return 0;
  const names = args.filter((arg) => !arg.startsWith("-"));
  if (names.length === 0 && shell.jobs.size === 0) return complain(shell, "disown: current: no such job", 1);
  const unknown = names.find((name) => !name.startsWith("%") && !shell.jobs.has(name));
  return unknown === undefined ? 0 : complain(shell, `disown: ${unknown}: no such job`, 1);
}

/** A script keeps no history. */
export const history = (args: readonly string[], { shell }: Io): number =>
  args.every((arg) => /^-[acwrn]+$/.test(arg)) ? 0 : shell.notSimulated(["history", ...args].join(" "));
