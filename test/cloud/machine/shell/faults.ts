/** How a script ends before its last line. */
import type { Shell } from "./shell.ts";

/** `exit`, `return`, `break`, `continue` and fatal signals on their way out. */
export class Leave extends Error {
  readonly kind: "exit" | "return" | "break" | "continue" | "kill";
  /** An exit code, or how many loops are left. */
  readonly code: number;
  /** Lines of the calls that were under way, the innermost first. */
  readonly calls: readonly number[];
  /** The shell that a signal ends; undefined is the innermost. */
  readonly target: Shell | undefined;

  constructor(kind: Leave["kind"], code: number, calls: readonly number[] = [], target?: Shell) {
    super(kind);
    this.kind = kind;
    this.code = code;
    this.calls = calls;
    this.target = target;
  }
}

/**
 * An error that the shell itself finds.
 * `plain` fails the command; `fatal` ends a shell that runs a script; `unsupported`, a construct of the shell that is not
 * simulated, ends the step. `line` and `arithmetic` end the line for bash and the shell for dash; the former ends bash, too,
 * with `set -e`.
 */
export class ShellFault extends Error {
  readonly kind: "plain" | "fatal" | "unsupported" | "line" | "arithmetic";
  /** Lines of the calls that were under way. */
  calls: readonly number[] | undefined;
  isRedirection = false;

  constructor(message: string, kind: ShellFault["kind"] = "fatal") {
    super(message);
    this.kind = kind;
  }
}

/** Whether bash goes on with the next line. */
export const endsLine = (error: unknown): error is ShellFault & { readonly kind: "line" | "arithmetic" } =>
  error instanceof ShellFault && (error.kind === "line" || error.kind === "arithmetic");

/** A command that is not simulated was asked for an answer. The machine has none, so the script cannot go on. */
export class NoAnswer extends Error {}
