/**
 * `npm run setup -- [--stage <name>] [--plan]`, `npm run deploy -- [--stage <name>] [--plan] [--unset <variable>]`,
 * `npm run undeploy -- [--stage <name>] [--plan] [--all] [--force]`, `npm run doctor -- [--stage <name>] [--json]
 * [--launch] [--wait]`. Exit code 0 when it is done, 1 when it was refused or failed or something is wrong, 2 for a wrong command
 * line or a setting that is missing, 130 when it was interrupted.
 */
import { parseArgs } from "node:util";
import { readSecrets } from "../shared/config.ts";
import { CloudError, messageOf } from "../shared/errors.ts";
import { real } from "../shared/ports.ts";
import { knowOnly, redactShown } from "../shared/redact.ts";
import { ApiError } from "./api.ts";
import { readEnvironment, readSettings, type Settings, type Surroundings } from "./config.ts";
import { deploy } from "./deploy.ts";
import { examine } from "./doctor/command.ts";
import { checkOnline } from "./online.ts";
import { Plan } from "./plan.ts";
import { Interrupted, Refusal, UsageError, WrongSettings } from "./refusal.ts";
import { setup } from "./setup.ts";
import { undeploy } from "./undeploy.ts";

const OPTIONS = {
  recipe: { type: "string", multiple: true },
  fleet: { type: "string", multiple: true },
  stage: { type: "string" },
  plan: { type: "boolean" },
  unset: { type: "string", multiple: true },
  all: { type: "boolean" },
  force: { type: "boolean" },
  json: { type: "boolean" },
  launch: { type: "boolean" },
  wait: { type: "boolean" },
} as const;

interface Options {
  readonly recipe?: string[];
  readonly fleet?: string[];
  readonly stage?: string | undefined;
  readonly plan?: boolean;
  readonly unset?: string[];
  readonly all?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly launch?: boolean;
  readonly wait?: boolean;
}

interface Command {
  readonly usage: string;
  readonly options: readonly (keyof typeof OPTIONS)[];
  /** Answers the exit code. */
  run(settings: Settings, options: Options, around: Surroundings): Promise<number>;
}

async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  setup: {
    usage: "npm run setup -- [--stage <name>] [--plan]",
    options: ["stage", "plan"],
    run: (settings, { plan = false }, { out }) => done(setup(settings, new Plan(plan, out))),
  },
  deploy: {
    usage: "npm run deploy -- [--stage <name>] [--plan] [--unset <variable>]…",
    options: ["stage", "plan", "unset"],
    run: (settings, { plan = false, unset = [] }, around) => done(deploy(settings, { plan, unset }, around)),
  },
  undeploy: {
    usage: "npm run undeploy -- [--stage <name>] [--plan] [--all] [--force]",
    options: ["stage", "plan", "all", "force"],
    run: (settings, { plan = false, all = false, force = false }, around) =>
      done(undeploy(settings, { plan, all, force }, around)),
  },
  // Of kiln check --online.
  "check-online": {
    usage: "npm run kiln -- check --online FILE…",
    options: ["stage", "json", "recipe", "fleet"],
    run: (settings, { json = false, recipe: recipes = [], fleet: fleets = [] }, { out }) =>
      checkOnline(settings, { recipes, fleets, json, now: real.clock.now() }, out),
  },
  doctor: {
    usage: "npm run doctor -- [--stage <name>] [--json] [--launch] [--wait]",
    options: ["stage", "json", "launch", "wait"],
    run: (settings, { json = false, launch = false, wait = false }, around) =>
      examine(settings, { json, mayLaunch: launch, mayWait: wait }, around),
  },
};

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
  const command = COMMANDS[name];
  try {
    if (command === undefined)
      throw new UsageError(`no command ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
    const options = readOptions(command, rest);
    // JSON stays alone on standard output.
    const notes = options.json === true ? { ...around, out: around.err } : around;
    const environment = readEnvironment(notes);
    knowOnly(readSecrets(environment));
    return await command.run(readSettings(environment, options.stage), options, around);
  } catch (error) {
    return report(error, around);
  }
}

function readOptions({ usage, options: known }: Command, args: readonly string[]): Options {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const other = Object.keys(values).find((name) => !known.some((one) => one === name));
    if (other === undefined) return values;
    throw new UsageError(`--${other} is an option of another command`);
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\nusage: ${usage}`, { cause: error });
  }
}

/** An expected error is its message, any other one is thrown. */
function report(error: unknown, { err }: Surroundings): number {
  if (error instanceof UsageError) {
    err(error.message);
    return 2;
  }
  if (error instanceof Interrupted) {
    err(error.message);
    return 130;
  }
  if (error instanceof Refusal) {
    for (const problem of error.problems) err(`refused: ${problem}`);
    return error instanceof WrongSettings ? 2 : 1;
  }
  if (!(error instanceof ApiError) && !(error instanceof CloudError)) throw error;
  err(error.message);
  return 1;
}
