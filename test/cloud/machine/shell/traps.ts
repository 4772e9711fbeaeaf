/** `trap`. */
import type { Io } from "../machine.ts";
import { complain } from "./answers.ts";
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import { signalOf, SIGNALS } from "./signals.ts";

const OF_BASH: ReadonlySet<string> = new Set(["ERR", "RETURN", "DEBUG"]);

/** `trap action signal …`, `trap - signal …`, `trap signal`, `trap [-p]` */
export function trap(args: readonly string[], { shell, out }: Io): number {
  if (args[0] === "-p" && shell.dialect === "dash") throw new ShellFault("trap: Illegal option -p");
  if (args[0] === "-l") return shell.notSimulated("trap -l");
  const [action = "", ...signals] = args[0] === "--" ? args.slice(1) : args;
  if (args.length === 0 || action === "-p") return shown(shell, signals, out);
  // A signal without an action is reset.
  if (signals.length === 0) return put(shell, "-", [action]);
  return put(shell, action, signals);
}

function put(shell: Shell, action: string, signals: readonly string[]): number {
  let status = 0;
  for (const given of signals) {
    const signal = trapped(shell, given);
    if (signal === undefined) status = complain(shell, `trap: ${given}: invalid signal specification`, 1);
    else if (signal === "DEBUG" || signal === "RETURN") shell.notSimulated(`trap … ${signal}`);
    else if (action === "-") shell.traps.delete(signal);
    else shell.traps.set(signal, action);
  }
  return status;
}

function trapped({ dialect }: Shell, given: string): string | undefined {
  const name = given.toUpperCase();
  return dialect === "bash" && OF_BASH.has(name) ? name : signalOf(given);
}

function shown(shell: Shell, signals: readonly string[], out: Io["out"]): number {
  const wanted = signals.map((signal) => trapped(shell, signal));
  for (const signal of [...SIGNALS, ...OF_BASH]) {
    const text = shell.traps.get(signal);
    if (text === undefined || (wanted.length > 0 && !wanted.includes(signal))) continue;
    const isBare = shell.dialect === "dash" || signal === "EXIT" || OF_BASH.has(signal);
    out(`trap -- '${text.replaceAll("'", String.raw`'\''`)}' ${isBare ? signal : `SIG${signal}`}\n`);
  }
  return 0;
}
