/** `setup`, `deploy`, `doctor`, `undeploy`: the npm scripts of these names, which need a key of the cloud. */
import { DEPLOY, DOCTOR, SETUP, UNDEPLOY, type Script } from "../../deploy/scripts.ts";
import type { Command, Exit, Input, Io } from "../command.ts";
import { played } from "../script.ts";

const script = (shown: Script): Command => ({
  ...shown,
  args: "",
  count: [0, 0],
  details: `It needs a key of the cloud (ALIBABA_CLOUD_ACCESS_KEY_ID and …_SECRET) and the variables of the deployment, as the npm
script of the same name.`,
  run: (input, io) => play(shown, input, io),
});

const play = ({ name, options }: Script, input: Input, { root }: Io): Promise<Exit> =>
  played([name, ...wordsOf(options, input), ...(input.json ? ["--json"] : [])], root);

/** The options as the script takes them. */
const wordsOf = (options: Script["options"], input: Input): readonly string[] =>
  Object.keys(options).flatMap((name) => [
    ...(input.has(name) ? [`--${name}`] : []),
    ...input.all(name).flatMap((value) => [`--${name}`, value]),
  ]);

export const setup = script(SETUP);
export const deploy = script(DEPLOY);
export const doctor = script(DOCTOR);

export const undeploy = script(UNDEPLOY);
