/** `npm run kiln -- COMMAND …`: the program of authors and operators. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../shared/errors.ts";
import { readJson } from "../shared/json.ts";
import { nearest } from "../shared/documents/spelling.ts";
import { helpOf, overview, readInput } from "./arguments.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Io } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { ownIo } from "./config.ts";
import { speak, t, type Language } from "./language.ts";
import { harmless } from "./format.ts";

/** Runs a command line on this machine. `root` is the folder of the repository. */
export const start = (words: readonly string[], root: string): Promise<Exit> => main(words, ownIo(root));

/** Runs a command line. Answers its exit code. */
export async function main(words: readonly string[], own: Io): Promise<Exit> {
  const [name = "", ...rest] = withoutLeading(words);
  const isJson = words.includes("--json");
  const io: Io = {
    ...own,
    out: (line) => own.out(isJson ? line : harmless(line)),
    err: (line) => own.err(harmless(line)),
  };
  try {
    const language = languageOf(words, own.env);
    // LANGUAGE-1.
    await speak(isJson ? "en" : language);
    return await answerTo([name, ...rest], io);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (isJson) io.out(jsonOf(name, { error: error.message }));
    io.err(error.message);
    return error.exit;
  } finally {
    await speak("en");
  }
}

/** The version of the checkout. */
const versionIn = (root: string): string =>
  String(Object(readJson(readFileSync(join(root, "package.json"), "utf8"))).version);

async function answerTo([name = "", ...rest]: readonly string[], io: Io): Promise<Exit> {
  if (["", "help", "--help", "-h"].includes(name)) {
    io.out(overview(COMMANDS));
    return name === "" ? EXIT.usage : EXIT.ok;
  }
  if (["--version", "-v", "version"].includes(name)) {
    io.out(versionIn(io.root));
    return EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    if (rest.includes("--json")) io.out(jsonOf(name, { error: unknown(name) }));
    io.err(unknown(name));
    return EXIT.usage;
  }
  return run(command, rest, io);
}

const OPTION = "--lang";

/** The language that a command line or the locale asks for. @throws CommandError for one that there is not */
function languageOf(words: readonly string[], env: Readonly<Record<string, string | undefined>>): Language {
  const at = words.findIndex((word) => word === OPTION || word.startsWith(`${OPTION}=`));
  const asked = at < 0 ? undefined : (words[at]?.split("=")[1] ?? words[at + 1] ?? "");
  if (asked !== undefined && asked !== "en" && asked !== "zh")
    throw new CommandError(EXIT.usage, `--lang ${asked} is none of en and zh`);
  // The first that is set counts: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
  const locale = [env["LC_ALL"], env["LC_MESSAGES"], env["LANG"]].find(Boolean) ?? "";
  return asked ?? (/^zh(?:[_.@-]|$)/i.test(locale) ? "zh" : "en");
}

/** `--lang` and `--json` may stand before the command as well. */
function withoutLeading(words: readonly string[]): readonly string[] {
  const [first = "", ...rest] = words;
  if (first === "--json") return [...withoutLeading(rest), first];
  if (first === OPTION) return withoutLeading(rest.slice(1));
  return first.startsWith(`${OPTION}=`) ? withoutLeading(rest) : words;
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
    ? t("there is no command {name}; there are {names}", { name, names: names.join(", ") })
    : t("there is no command {name}; did you mean {near}?", { name, near });
}
