/** How builtins answer. */
import type { Shell } from "./shell.ts";

/** Says what is wrong, and answers an exit code. */
export function complain(shell: Shell, message: string, code: number): number {
  shell.complain(message);
  return code;
}
