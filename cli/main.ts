/** `npm run kiln -- COMMAND …`: the program of authors and operators. */
import { messageOf } from "../shared/errors.ts";
import { nearest } from "../shared/documents/spelling.ts";
import { helpOf, overview, readInput } from "./arguments.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Io } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { ownIo } from "./config.ts";
import { harmless } from "./format.ts";

/** Runs a command line on this machine. `root` is the folder of the repository. */
export const start = (words: readonly string[], root: string): Promise<Exit> => main(words, ownIo(root));

/** Runs a command line. Answers its exit code. */
export async function main(words: readonly string[], own: Io): Promise<Exit> {
  const [name = "", ...rest] = words;
  const isJson = rest.includes("--json");
  const io: Io = {
    ...own,
    out: (line) => own.out(isJson ? line : harmless(line)),
    err: (line) => own.err(harmless(line)),
  };
  if (["", "help", "--help", "-h"].includes(name)) {
    io.out(overview(COMMANDS));
    return name === "" ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    if (isJson) io.out(jsonOf(name, { error: unknown(name) }));
    io.err(unknown(name));
    return EXIT.usage;
  }
  return run(command, rest, io);
}

async function run(command: Command, words: readonly string[], io: Io): Promise<Exit> {
  try {
    const input = readInput(command, words);
    if (input.has("help")) {
      io.out(helpOf(command));
      return EXIT.ok;
    }
    return await command.run(input, io);
  } catch (error) {
    const exit = error instanceof CommandError ? error.exit : EXIT.failed;
    if (words.includes("--json")) io.out(jsonOf(command.name, { error: messageOf(error) }));
    io.err(messageOf(error));
    return exit;
  }
}

function unknown(name: string): string {
  const names = COMMANDS.map((command) => command.name);
  const near = nearest(name, names);
  return near === undefined
    ? `there is no command ${name}; there are ${names.join(", ")}`
    : `there is no command ${name}; did you mean ${near}?`;
}
