/**
 * `npm run setup`, `deploy`, `undeploy` and `doctor`, with the options of scripts.ts. Exit code 0 when it is done, 1 when it was refused or failed or something is wrong, 2 for a wrong command
 * line or a setting that is missing, 130 when it was interrupted.
 */
import { parseArgs } from "node:util";
import { CommandError, jsonOf } from "../cli/command.ts";
import { readSecrets } from "../shared/config.ts";
import { CloudError, messageOf } from "../shared/errors.ts";
import { real } from "../shared/ports.ts";
import { knowOnly, redactShown } from "../shared/redact.ts";
import { ApiError } from "./api.ts";
import { changeCaller, type CallerOptions } from "./callers.ts";
import { readEnvironment, readSettings, type Settings, type Surroundings } from "./config.ts";
import { deploy } from "./deploy.ts";
import { examine } from "./doctor/command.ts";
import { checkOnline } from "./online.ts";
import { Plan } from "./plan.ts";
import { Interrupted, Refusal, UsageError, WrongSettings } from "./refusal.ts";
import { CHANGES, DEPLOY, DOCTOR, SETUP, STAGE, UNDEPLOY, type Script } from "./scripts.ts";
import { setup } from "./setup.ts";
import { undeploy } from "./undeploy.ts";

interface Options extends CallerOptions {
  readonly recipe: readonly string[];
  readonly fleet: readonly string[];
  readonly stage: string | undefined;
  readonly plan: boolean;
  readonly unset: readonly string[];
  readonly all: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly launch: boolean;
  readonly wait: boolean;
  readonly yes: boolean;
}

interface Command extends Script {
  /** Whether it prints its own document with `--json`. */
  readonly printsFacts?: true;
  /** Answers the exit code. */
  run(settings: Settings, options: Options, around: Surroundings): Promise<number>;
}

async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}

const FILES = { value: "FILE", multiple: true, help: "a sound document" } as const;

const COMMANDS: readonly Command[] = [
  { ...SETUP, run: (settings, { plan }, { out }) => done(setup(settings, new Plan(plan, out))) },
  { ...DEPLOY, run: (settings, options, around) => done(deploy(settings, options, around)) },
  { ...UNDEPLOY, run: (settings, options, around) => done(undeploy(settings, options, around)) },
  {
    name: "check-online",
    summary: "of kiln check --online",
    options: { stage: STAGE, recipe: FILES, fleet: FILES },
    shape: "",
    printsFacts: true,
    run: (settings, { json, recipe: recipes, fleet: fleets }, { out }) =>
      checkOnline(settings, { recipes, fleets, json, now: real.clock.now() }, out),
  },
  {
    name: "change-caller",
    summary: "of kiln caller",
    options: {
      stage: STAGE,
      add: { value: "NAME", help: "of a new caller" },
      rotate: { value: "NAME", help: "of a caller that gets a new secret" },
      route: { value: "ROUTE", multiple: true, help: "what a new caller may ask for" },
      "no-deploy": { help: "only change .env" },
    },
    shape: CHANGES,
    run: (settings, options, around) => done(changeCaller(settings, options, around)),
  },
  {
    ...DOCTOR,
    printsFacts: true,
    run: (settings, { json, launch, wait }, around) =>
      examine(settings, { json, mayLaunch: launch, mayWait: wait }, around),
  },
];

const COMMON: Script["options"] = {
  json: { help: "print one JSON document" },
  help: { help: "print this help" },
};

const optionsOf = ({ options }: Script) => Object.entries({ ...options, ...COMMON });

const usageOf = (script: Script): string => {
  const words = optionsOf(script).map(
    ([name, { value, multiple }]) => `[--${name}${value ? ` ${value}` : ""}]${multiple ? "…" : ""}`,
  );
  return `usage: npm run ${script.name} -- ${words.join(" ")}`;
};

const helpOf = (script: Script): string =>
  [
    usageOf(script),
    "",
    script.summary,
    "",
    ...optionsOf(script).map(
      ([name, { value, help }]) => `  --${`${name}${value ? ` ${value}` : ""}`.padEnd(20)}${help}`,
    ),
    "",
    `--json: { version, command, ${script.shape} }`,
  ].join("\n");

/** Lines without known secrets: the deploy tool prints every variable of a function. */
const guarded = (given: Surroundings): Surroundings => ({
  ...given,
  out: (line) => given.out(redactShown(line)),
  err: (line) => given.err(redactShown(line)),
});

/** Runs a command. Answers its exit code. */
export async function runCommand(argv: readonly string[], given: Surroundings): Promise<number> {
  const [name = "", ...rest] = argv;
  const around = guarded(given);
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    around.err(`no command ${name}; there are ${COMMANDS.map((one) => one.name).join(", ")}`);
    return 2;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    around.out(helpOf(command));
    return 0;
  }
  return rest.includes("--json") ? asJson(command, rest, around) : attempt(command, rest, around, around.err);
}

/** JSON stays alone on standard output; lines for people go beside it. */
async function asJson(command: Command, rest: readonly string[], around: Surroundings): Promise<number> {
  const lines: string[] = [];
  const problems: string[] = [];
  const { printsFacts } = command;
  const out = (line: string): void => {
    if (printsFacts) return around.out(line);
    lines.push(line);
    around.err(line);
  };
  const exit = await attempt(command, rest, { ...around, out }, (problem) => {
    problems.push(problem);
    around.err(problem);
  });
  const error = problems.length > 0 && { error: problems.join("\n") };
  if (!printsFacts || (error && command.name === DOCTOR.name))
    around.out(jsonOf(command.name, { ...(!printsFacts && { lines }), ...error }));
  return exit;
}

async function attempt(
  command: Command,
  rest: readonly string[],
  around: Surroundings,
  fail: (problem: string) => void,
): Promise<number> {
  try {
    const options = readOptions(command, rest);
    const environment = readEnvironment(options.json ? { ...around, out: around.err } : around);
    knowOnly(readSecrets(environment));
    return await command.run(readSettings(environment, options.stage), options, around);
  } catch (error) {
    return report(error, fail);
  }
}

function readOptions(command: Command, args: readonly string[]): Options {
  const known = optionsOf(command).map(([name, { value, multiple = false }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple },
  ]);
  try {
    const parsed = parseArgs({ args: [...args], options: Object.fromEntries(known) });
    const values: Readonly<Record<string, unknown>> = parsed.values;
    const has = (name: string): boolean => values[name] === true;
    const list = (name: string): readonly string[] =>
      [values[name]].flat().filter((one): one is string => typeof one === "string");
    return {
      recipe: list("recipe"),
      fleet: list("fleet"),
      stage: list("stage").at(-1),
      plan: has("plan"),
      unset: list("unset"),
      all: has("all"),
      force: has("force"),
      json: has("json"),
      launch: has("launch"),
      wait: has("wait"),
      yes: has("yes"),
      add: list("add").at(-1),
      rotate: list("rotate").at(-1),
      route: list("route"),
      noDeploy: has("no-deploy"),
    };
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${usageOf(command)}`, { cause: error });
  }
}

/** An expected error is its message, any other one is thrown. */
function report(error: unknown, fail: (problem: string) => void): number {
  if (error instanceof UsageError || error instanceof Interrupted) {
    fail(error.message);
    return error instanceof UsageError ? 2 : 130;
  }
  if (error instanceof CommandError) {
    fail(error.message);
    return error.exit;
  }
  if (error instanceof Refusal) {
    for (const problem of error.problems) fail(`refused: ${problem}`);
    return error instanceof WrongSettings ? 2 : 1;
  }
  if (!(error instanceof ApiError) && !(error instanceof CloudError)) throw error;
  fail(error.message);
  return 1;
}
