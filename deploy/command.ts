/**
 * `npm run setup -- [--stage <name>] [--plan]`, `npm run deploy -- [--stage <name>] [--plan] [--unset <variable>]`,
 * `npm run undeploy -- [--stage <name>] [--plan] [--all] [--force]`. Exit code 0 when it is done, 1 when it was refused
 * or failed, 2 for a wrong command line.
 */
import { parseArgs } from "node:util";
import { CloudError, messageOf } from "../shared/errors.ts";
import { ApiError } from "./api.ts";
import { readEnvironment, readSettings, type Settings, type Surroundings } from "./config.ts";
import { deploy } from "./deploy.ts";
import { Plan } from "./plan.ts";
import { Refusal, UsageError } from "./refusal.ts";
import { setup } from "./setup.ts";
import { undeploy } from "./undeploy.ts";

const OPTIONS = {
  stage: { type: "string" },
  plan: { type: "boolean" },
  unset: { type: "string", multiple: true },
  all: { type: "boolean" },
  force: { type: "boolean" },
} as const;

interface Options {
  readonly stage?: string | undefined;
  readonly plan?: boolean;
  readonly unset?: string[];
  readonly all?: boolean;
  readonly force?: boolean;
}

interface Command {
  readonly usage: string;
  readonly options: readonly (keyof typeof OPTIONS)[];
  run(settings: Settings, options: Options, around: Surroundings): Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  setup: {
    usage: "npm run setup -- [--stage <name>] [--plan]",
    options: ["stage", "plan"],
    run: (settings, { plan = false }, { out }) => setup(settings, new Plan(plan, out)),
  },
  deploy: {
    usage: "npm run deploy -- [--stage <name>] [--plan] [--unset <variable>]…",
    options: ["stage", "plan", "unset"],
    run: (settings, { plan = false, unset = [] }, around) => deploy(settings, { plan, unset }, around),
  },
  undeploy: {
    usage: "npm run undeploy -- [--stage <name>] [--plan] [--all] [--force]",
    options: ["stage", "plan", "all", "force"],
    run: (settings, { plan = false, all = false, force = false }, around) =>
      undeploy(settings, { plan, all, force }, around),
  },
};

/** Runs a command. Answers its exit code. */
export async function runCommand(argv: readonly string[], around: Surroundings): Promise<number> {
  const [name = "", ...rest] = argv;
  const command = COMMANDS[name];
  try {
    if (command === undefined)
      throw new UsageError(`no command ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
    const options = readOptions(command, rest);
    await command.run(readSettings(readEnvironment(around), options.stage), options, around);
    return 0;
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
  if (error instanceof Refusal) {
    for (const problem of error.problems) err(`refused: ${problem}`);
    return 1;
  }
  if (!(error instanceof ApiError) && !(error instanceof CloudError)) throw error;
  err(error.message);
  return 1;
}
