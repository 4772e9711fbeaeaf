/** The options of `setup`, `deploy`, `doctor` and `undeploy`: as npm scripts, and as commands of `kiln`. */
import { YES } from "../cli/command.ts";

/** An option, written `--name` or `--name VALUE`. */
interface ScriptOption {
  /** Of its value, in capitals; absent for a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly help: string;
}

export const STAGE: ScriptOption = { value: "NAME", help: "of one of several deployments" };
const PLAN: ScriptOption = { help: "only say what would be changed" };

/** A script of package.json. */
export interface Script {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, ScriptOption>>;
  /** The fields that `--json` prints behind the version and the command. */
  readonly shape: string;
}

/** Of a command that changes something. */
export const CHANGES = "lines: what was or would be changed, or stays; error: why it was refused";

export const SETUP: Script = {
  name: "setup",
  summary: "make the roles and policies of a deployment",
  options: { stage: STAGE, plan: PLAN },
  shape: CHANGES,
};

export const DEPLOY: Script = {
  name: "deploy",
  summary: "deploy the functions with the variables of .env",
  options: {
    stage: STAGE,
    plan: PLAN,
    unset: { value: "VARIABLE", multiple: true, help: "remove a variable of the functions" },
  },
  shape: CHANGES,
};

export const DOCTOR: Script = {
  name: "doctor",
  summary: "examine a deployment and say what is wrong and what to do",
  options: {
    stage: STAGE,
    launch: { help: "launch an instance too, which costs a little" },
    wait: { help: "wait for slow answers" },
  },
  shape: "checks: [{ name, state, found, todo }], wrong, unknown; or error: why it was refused",
};

export const UNDEPLOY: Script = {
  name: "undeploy",
  summary: "delete the functions, triggers, roles and policies of a deployment",
  options: {
    stage: STAGE,
    plan: PLAN,
    all: {
      help: "delete the objects of Kiln too, such as the logs of all runs, and the bucket when nothing else is in it",
    },
    force: { help: "delete it while runs are at work" },
    yes: YES,
  },
  shape: CHANGES,
};
