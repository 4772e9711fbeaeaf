/** Options of a shell: `set -eu -o pipefail`, and those of a first line. */
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";

const BY_LETTER: Readonly<Record<string, string>> = {
  e: "errexit",
  u: "nounset",
  x: "xtrace",
  E: "errtrace",
  a: "allexport",
  f: "noglob",
};

/** Names and letters that dash refuses. */
const DASH_LACKS: ReadonlySet<string> = new Set([
  "pipefail",
  "errtrace",
  "functrace",
  "T",
  "posix",
  "h",
  "B",
]);

/** Answers what is left, or undefined when nothing is. */
export function switchOptions(shell: Shell, given: readonly string[]): readonly string[] | undefined {
  const rest = [...given];
  while (/^[-+]./.test(rest[0] ?? "")) {
    const flags = rest.shift() ?? "";
    if (flags === "--") return rest;
    for (const letter of flags.slice(1)) {
      const name = letter === "o" ? rest.shift() : (BY_LETTER[letter] ?? letter);
      if (name !== undefined) switchOne(shell, name, letter, flags.startsWith("-"));
    }
  }
  return rest.length === 0 ? undefined : rest;
}

function switchOne({ dialect, options }: Shell, name: string, letter: string, isOn: boolean): void {
  if (dialect === "dash" && DASH_LACKS.has(name))
    throw new ShellFault(`set: Illegal option ${letter === "o" ? `-o ${name}` : `-${letter}`}`);
  if (isOn) options.add(name);
  else options.delete(name);
}

/** `$-`: one letter an option. */
export const flagsOf = ({ options, dialect }: Shell): string =>
  Object.entries(BY_LETTER)
    .flatMap(([letter, name]) => (options.has(name) ? [letter] : []))
    .concat(dialect === "bash" ? ["hB"] : [])
    .join("");
