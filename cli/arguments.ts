/** The words of a command line, and the help that lists them. */
import { parseArgs } from "node:util";
import { nearest } from "../shared/documents/spelling.ts";
import { padded, widthOf } from "./format.ts";
import { t } from "./language.ts";
import { CommandError, EXIT, type Command, type Input, type Option } from "./command.ts";

const COMMON: Readonly<Record<string, Option>> = {
  json: { help: "print one JSON document (its field version grows when a field changes its meaning)" },
  lang: { value: "LANGUAGE", help: "language of the output, en or zh; that of the locale without it" },
  help: { short: "h", help: "print this help" },
};

type Values = Readonly<Record<string, unknown>>;

/** Reads the words behind the name of a command. @throws CommandError that names the wrong word */
export function readInput(command: Command, words: readonly string[]): Input {
  const { values, positionals } = parsed(command, words);
  const [least, most] = command.count;
  const asksHelp = values["help"] === true;
  if (!asksHelp && (positionals.length < least || positionals.length > most)) {
    const problem =
      positionals.length < least
        ? "an argument is missing: {usage}"
        : "there are too many arguments: {usage}";
    throw new CommandError(EXIT.usage, t(problem, { usage: usage(command) }));
  }
  const list = (option: string): readonly string[] => texts(values[option]);
  return {
    args: positionals,
    has: (option) => values[option] === true,
    one: (option) => list(option).at(-1),
    all: list,
    json: values["json"] === true,
  };
}

const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string");

function parsed(
  command: Command,
  words: readonly string[],
): { readonly values: Values; readonly positionals: string[] } {
  const known = { ...command.options, ...COMMON };
  const options = Object.entries(known).map(([name, option]) => [
    name,
    {
      type: option.value === undefined ? ("boolean" as const) : ("string" as const),
      ...(option.short !== undefined && { short: option.short }),
      ...(option.multiple === true && { multiple: true }),
    },
  ]);
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(options),
    allowPositionals: true,
    // The sentences about wrong options are those below.
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    const problem = token.kind === "option" ? optionProblem(token, known) : undefined;
    if (problem !== undefined) throw new CommandError(EXIT.usage, `${problem}\n${usage(command)}`);
  }
  return { values, positionals };
}

interface GivenOption {
  readonly name: string;
  /** As it is written, with its dashes. */
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** What is wrong with an option of a command line. */
function optionProblem(
  { name, rawName, value, inlineValue }: GivenOption,
  known: Readonly<Record<string, Option>>,
): string | undefined {
  if (!Object.hasOwn(known, name)) return unknownOption(rawName, Object.keys(known));
  const { value: kind } = known[name] ?? {};
  if (kind === undefined)
    return inlineValue === true ? t("{option} takes no value", { option: rawName }) : undefined;
  if (value === undefined) return t("{option} needs a value: {option} {kind}", { option: rawName, kind });
  return inlineValue === false && value.startsWith("-")
    ? t("{option} needs a value; one that begins with - is written {option}={value}", {
        option: rawName,
        value,
      })
    : undefined;
}

function unknownOption(option: string, known: readonly string[]): string {
  if (/^-\d/.test(option)) return t("{option} is no option, and no argument is less than 0", { option });
  const near = nearest(option.replace(/^-+/, ""), known);
  return near === undefined
    ? t("there is no option {option}", { option })
    : t("there is no option {option}; did you mean --{near}?", { option, near });
}

/** The name that users type; the npm name kiln is not this one's. */
const PROGRAM = "npm run kiln --";

const usage = ({ name, args }: Command): string =>
  t("usage: {usage}", { usage: `${PROGRAM} ${name} ${args} ${t("[options]")}` });

/** The help of one command. */
export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, ...COMMON }).map(
    ([name, { short, value, help, among }]) => [
      `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
      among === undefined ? t(help) : `${t(help)}: ${among.join(", ")}`,
    ],
  );
  return [
    usage(command),
    "",
    t(command.summary),
    ...detailsOf(command),
    "",
    t("options:"),
    ...table(rows),
  ].join("\n");
}

function detailsOf({ details, route, shape }: Command): readonly string[] {
  const lines = [
    ...(details === undefined ? [] : [t(details)]),
    ...(route === undefined ? [] : [t("The caller needs the route {route}.", { route })]),
    ...(shape === undefined ? [] : [`--json: { version, command, ${shape} }`]),
  ];
  return lines.length === 0 ? [] : ["", ...lines];
}

/** The help of the program. */
export function overview(commands: readonly Command[]): string {
  return [
    t("usage: {usage}", {
      usage: `${PROGRAM} ${t("COMMAND")} …, ${t("or")}: npx --no-install kiln ${t("COMMAND")} …`,
    }),
    "",
    ...table(commands.map(({ name, args, summary }) => [`${name} ${args}`.trim(), t(summary)])),
    "",
    t("{program} COMMAND --help describes a command.", { program: PROGRAM }),
    t("exit codes: 0 ok, 1 failed, 2 wrong command line, 3 refused by validation, 4 not authenticated"),
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left = ""]) => widthOf(left)));
  return rows.map(([left = "", right = ""]) => `  ${padded(left, width)}  ${right}`);
}
