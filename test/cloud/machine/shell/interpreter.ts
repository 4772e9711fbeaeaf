/** The first line of a file: which program reads it. */
import type { Dialect } from "./source.ts";
import type { Shell } from "./shell.ts";

type Interpreter =
  | { readonly kind: "shell"; readonly dialect: Dialect; readonly flags: readonly string[] }
  /** No program of this name is there. */
  | { readonly kind: "missing" }
  /** A program that the machine does not simulate. */
  | { readonly kind: "unknown" };

/**
 * Undefined without a first line. The kernel gives the interpreter what follows its path as one argument, without blanks
 * at its end; a carriage return is no blank: https://man7.org/linux/man-pages/man2/execve.2.html
 */
export function interpreterOf(shell: Shell, text: string): Interpreter | undefined {
  const [, path, rest = ""] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*?)[ \t]*(?:\n|$)/.exec(text) ?? [];
  if (path === undefined) return undefined;
  const argument = rest === "" ? [] : [rest];
  if (!/^\/(?:usr\/)?bin\/env$/.test(path)) return named(shell, path, argument);
  const [, split] = /^(?:-S|--split-string=)\s*(.*)$/.exec(rest) ?? [];
  const [name = "", ...flags] = split === undefined ? argument : split.split(/\s+/);
  return named(shell, `/usr/bin/${name}`, flags);
}

/** Shells that no base image has. */
const EXTRA: ReadonlySet<string> = new Set(["zsh", "ksh", "mksh", "fish", "csh", "tcsh", "ash", "busybox"]);

function named(shell: Shell, path: string, flags: readonly string[]): Interpreter {
  const [, base = ""] = /^\/(?:usr\/)?bin\/([^/]+)$/.exec(path) ?? [];
  const isDeb = shell.machine.disk.os?.packager === "deb";
  if (base === "sh" || base === "bash" || (base === "dash" && isDeb))
    return { kind: "shell", dialect: shell.dialectOf(base), flags };
  return { kind: isAbsent(shell, base, path) ? "missing" : "unknown" };
}

function isAbsent(shell: Shell, base: string, path: string): boolean {
  if (shell.isInstalled(base) || shell.files.isFile(path)) return false;
  return base === "dash" || EXTRA.has(base) || /\s/.test(path);
}
