/** A program that another program runs: in a process of its own, where functions and most builtins do not exist. */
import type { User } from "../accounts.ts";
import type { Run } from "../machine.ts";
import type { Shell } from "./shell.ts";
import { Variables } from "./variables.ts";

interface Surroundings {
  readonly user?: User;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The exit code where there is no such program. */
  readonly missing?: number;
}

/** Runs a command by its words. */
export function* executed(shell: Shell, words: readonly string[], around: Surroundings = {}): Run {
  const [name = ""] = words;
  if (name === "") return 0;
  const inner = surrounded(shell, around);
  const absence = inner.absence(name);
  if (absence === undefined) return yield* inner.part(inner.call(words));
  shell.complain(absence.reason);
  return absence.code === 127 ? (around.missing ?? 127) : absence.code;
}

/** A shell of its own, for another user or with another environment. */
export function surrounded(shell: Shell, { user, environment, cwd }: Surroundings): Shell {
  const inner = shell.child();
  const { name, line, written, isReplaceable } = shell;
  Object.assign(inner, { name, line, written, isReplaceable });
  if (environment !== undefined) inner.variables = new Variables(environment);
  if (cwd !== undefined) inner.cwd = cwd;
  if (user !== undefined) inner.become(user);
  return inner;
}
