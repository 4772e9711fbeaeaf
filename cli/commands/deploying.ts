/** `setup`, `deploy`, `doctor`, `undeploy`: the npm scripts of these names, which need a key of the cloud. */
import { confirm, EXIT, YES, type Command, type Exit, type Input, type Io, type Option } from "../command.ts";
import { t } from "../language.ts";
import { played } from "../script.ts";

const STAGE: Option = { value: "NAME", help: "of one of several deployments" };
const PLAN: Option = { help: "only say what would be changed" };

type Script = Pick<Command, "name" | "summary" | "options">;

const script = (shown: Script, run: Command["run"] = (input, io) => play(shown, input, io)): Command => ({
  ...shown,
  args: "",
  count: [0, 0],
  details: `It needs a key of the cloud (ALIBABA_CLOUD_ACCESS_KEY_ID and …_SECRET) and the variables of the deployment, as the npm
script of the same name.`,
  run,
});

function play(
  { name, options }: Script,
  input: Input,
  { root }: Io,
  more: readonly string[] = [],
): Promise<Exit> {
  return played([name, ...wordsOf(options, input), ...more], root);
}

/** The options as the script takes them. */
const wordsOf = (options: Command["options"], input: Input): readonly string[] => [
  ...Object.keys(options).flatMap((name) => [
    ...(input.has(name) && name !== "yes" ? [`--${name}`] : []),
    ...input.all(name).flatMap((value) => [`--${name}`, value]),
  ]),
  ...(input.json ? ["--json"] : []),
];

export const setup = script({
  name: "setup",
  summary: "make the roles and policies of a deployment",
  options: { stage: STAGE, plan: PLAN },
});

export const deploy = script({
  name: "deploy",
  summary: "deploy the functions with the variables of .env",
  options: {
    stage: STAGE,
    plan: PLAN,
    unset: { value: "VARIABLE", multiple: true, help: "remove a variable of the functions" },
  },
});

export const doctor = script({
  name: "doctor",
  summary: "examine a deployment and say what is wrong and what to do",
  options: {
    stage: STAGE,
    launch: { help: "launch an instance too, which costs a little" },
    wait: { help: "wait for slow answers" },
  },
});

const UNDEPLOY: Script = {
  name: "undeploy",
  summary: "delete a deployment",
  options: {
    stage: STAGE,
    plan: PLAN,
    all: { help: "delete its roles too" },
    force: { help: "delete it while runs are at work" },
    yes: YES,
  },
};

export const undeploy = script(UNDEPLOY, async (input, io) => {
  if (!input.has("yes") && !input.has("plan")) {
    const planned = await play(UNDEPLOY, input, io, ["--plan"]);
    if (planned !== EXIT.ok) return planned;
    await confirm([t("the deployment above will be deleted")], input, io);
  }
  return play(UNDEPLOY, input, io);
});
