/** Options of a shell: `set -eu -o pipefail`, and those of a first line. */
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import type { Dialect } from "./source.ts";

const BY_LETTER: Readonly<Record<string, string>> = {
  e: "errexit",
  u: "nounset",
  x: "xtrace",
  E: "errtrace",
  a: "allexport",
  f: "noglob",
  C: "noclobber",
  n: "noexec",
  v: "verbose",
  T: "functrace",
  t: "onecmd",
  k: "keyword",
  p: "privileged",
  P: "physical",
};

const COMMON = ["allexport", "errexit", "ignoreeof", "monitor", "noclobber", "noexec", "noglob"];
const BOTH = [...COMMON, "nolog", "notify", "nounset", "verbose", "vi", "emacs", "xtrace"];

/** The options of each shell: letters, then names. */
const KNOWN: Readonly<Record<Dialect, readonly [letters: string, names: ReadonlySet<string>]>> = {
  dash: ["aefnuvxIimsVEbC", new Set([...BOTH, "interactive", "stdin", "debug"])],
  bash: [
    "abefhkmnptuvxBCEHPTils",
    new Set(
      [...BOTH, "braceexpand", "errtrace", "functrace", "hashall", "histexpand", "history"].concat(
        "interactive-comments",
        "keyword",
        "onecmd",
        "physical",
        "pipefail",
        "posix",
        "privileged",
      ),
    ),
  ],
};

/** Options that change what a script does, and are not simulated. */
const NOT_SIMULATED: ReadonlySet<string> = new Set([
  "verbose",
  "onecmd",
  "keyword",
  "privileged",
  "physical",
  "posix",
]);

interface Switch {
  readonly name: string;
  readonly shown: string;
  readonly isOn: boolean;
  readonly isKnown: boolean;
}

/** Answers what is left, or undefined when nothing is. @throws ShellFault for an option that the shell does not have. */
export function switchOptions(shell: Shell, given: readonly string[]): readonly string[] | undefined {
  const { switches, rest } = read(shell.dialect, given);
  const letter = switches.find(({ isKnown, shown }) => !isKnown && !shown.startsWith("-o"));
  // Bash looks at the letters before it switches one.
  for (const each of letter !== undefined && shell.dialect === "bash" ? [letter] : switches) {
    if (!each.isKnown) refuse(shell, each);
    if (NOT_SIMULATED.has(each.name) && each.isOn) shell.notSimulated(`set ${each.shown}`);
    if (each.isOn) shell.options.add(each.name);
    else shell.options.delete(each.name);
  }
  return rest;
}

function refuse({ dialect }: Shell, { shown }: Switch): never {
  if (dialect === "dash") throw new ShellFault(`set: Illegal option ${shown}`);
  throw new ShellFault(`set: ${shown}: invalid option`, "plain");
}

/** The first option that a shell does not have. */
export const wrongOption = (dialect: Dialect, given: readonly string[]): string | undefined =>
  read(dialect, given).switches.find(({ isKnown }) => !isKnown)?.shown;

interface Switches {
  readonly switches: readonly Switch[];
  readonly rest: readonly string[] | undefined;
}

function read(dialect: Dialect, given: readonly string[]): Switches {
  const switches: Switch[] = [];
  const rest = [...given];
  while (/^[-+]./s.test(rest[0] ?? "")) {
    const flags = rest.shift() ?? "";
    if (flags === "--") return { switches, rest };
    for (const letter of flags.slice(1)) {
      const one = letter === "o" ? byName(dialect, rest.shift() ?? "") : byLetter(dialect, letter);
      switches.push({ ...one, isOn: flags.startsWith("-") });
    }
  }
  return { switches, rest: rest.length === 0 ? undefined : rest };
}

const byName = (dialect: Dialect, name: string): Omit<Switch, "isOn"> => ({
  name,
  shown: `-o ${name}`,
  isKnown: KNOWN[dialect][1].has(name),
});

const byLetter = (dialect: Dialect, letter: string): Omit<Switch, "isOn"> => ({
  name: BY_LETTER[letter] ?? letter,
  shown: `-${letter}`,
  isKnown: KNOWN[dialect][0].includes(letter),
});

/** `$-`: one letter an option, in the order of the shell. */
export const flagsOf = ({ options, dialect }: Shell): string =>
  Array.from(dialect === "bash" ? "aefhknptuvxBCEPT" : "efnxvECau")
    .filter((letter) => options.has(BY_LETTER[letter] ?? "") || (dialect === "bash" && /[hB]/.test(letter)))
    .join("");
