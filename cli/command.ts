/** The shape of a command of `kiln`, its exit codes, and what it may use of the machine. */

import { t } from "./language.ts";

/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not work. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A document or a request is wrong. */
  invalid: 3,
  /** The webhook does not accept the caller. */
  authentication: 4,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** Version of the JSON that `--json` prints. It grows when a field is renamed, removed or changes its meaning. */
export const JSON_VERSION = 1;

/** An option of a command, written `--name` or `--name VALUE`. */
export interface Option {
  /** Of its value, in capitals, for the help; absent for a switch. */
  readonly value?: string;
  /** One letter. */
  readonly short?: string;
  readonly multiple?: boolean;
  readonly help: string;
  /** The words that its value may be, behind the help; no language changes them. */
  readonly among?: readonly string[];
}

/** The values of a command line. */
export interface Input {
  readonly args: readonly string[];
  /** Whether a switch is given. */
  has(option: string): boolean;
  /** The last value of an option. */
  one(option: string): string | undefined;
  /** Every value of an option. */
  all(option: string): readonly string[];
  readonly json: boolean;
}

/** The machine that a command runs on. Lines come without their end. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Variables by name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the repository. */
  readonly root: string;
  /** The folder that relative paths begin at. */
  readonly cwd: string;
  /** Whether `out` is a terminal. */
  readonly isTerminal: boolean;
  /** The answer of a person to a question; undefined where there is none to ask, such as in CI. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Real time, epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A command. Its modules are loaded for every start, so those that are large are imported inside of `run`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Its arguments for the usage, such as `FILE…`. */
  readonly args: string;
  /** How many arguments it takes. */
  readonly count: readonly [least: number, most: number];
  /** Besides `--json` and `--help`, which every command has. */
  readonly options: Readonly<Record<string, Option>>;
  /** Further lines of the help, in the language of the user. */
  readonly details?: string;
  /** The route that the caller needs, where it is another one than GET. */
  readonly route?: string;
  /** The fields that `--json` prints behind the version and the command; no language changes their names. */
  readonly shape?: string;
  run(input: Input, io: Io): Promise<Exit>;
}

/** The option of commands that read documents. */
export const AS: Option = {
  value: "KIND",
  help: "recipe, fleet or component; without it the folder recipes/, fleets/ or components/<name>/ says, or the content",
};

/** The option of commands that take something away. */
export const YES: Option = { help: "do not ask; needed where there is no terminal, such as in CI" };

/** Asks before something is taken away. @throws CommandError unless the answer is yes */
export async function confirm(
  changes: readonly string[],
  input: Pick<Input, "has">,
  io: Pick<Io, "ask" | "err">,
): Promise<void> {
  if (input.has("yes")) return;
  for (const line of changes) io.err(line);
  const answer = await io.ask(t("Go on? [y/N] "));
  if (answer === undefined)
    throw new CommandError(EXIT.usage, t("there is no terminal to ask on; add --yes, nothing was changed"));
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandError(EXIT.failed, t("nothing was changed"));
}

/** Ends a command with an exit code and a sentence for the user. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exit: Exit;
  constructor(exit: Exit, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** The text of `--json`: one document with the version, the command and its facts, harmless on a terminal. */
export const jsonOf = (command: string, facts: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ version: JSON_VERSION, command, ...facts }, undefined, 2).replaceAll(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
