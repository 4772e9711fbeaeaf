/** `setup`, `deploy`, `doctor`, `undeploy`: the npm scripts of these names, which need a key of the cloud. */
import { DEPLOY, DOCTOR, SETUP, UNDEPLOY, type Script } from "../../deploy/scripts.ts";
import { confirm, EXIT, YES, type Command, type Exit, type Input, type Io } from "../command.ts";
import { t } from "../language.ts";
import { played, scripted } from "../script.ts";

const script = (shown: Script, run: Command["run"] = (input, io) => play(shown, input, io)): Command => ({
  ...shown,
  args: "",
  count: [0, 0],
  details: `It needs a key of the cloud (ALIBABA_CLOUD_ACCESS_KEY_ID and …_SECRET) and the variables of the deployment, as the npm
script of the same name.`,
  run,
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

export const undeploy: Command = {
  ...script(UNDEPLOY, async (input, io) => {
    if (!input.has("yes") && !input.has("plan")) {
      const asked = [...wordsOf(UNDEPLOY.options, input), "--plan", ...(input.json ? ["--json"] : [])];
      const { exit, text } = await scripted([UNDEPLOY.name, ...asked], io.root);
      // With --json a person has seen the lines beside it.
      if (!input.json || exit !== EXIT.ok) io.out(text.trimEnd());
      if (exit !== EXIT.ok) return exit;
      await confirm([t("the deployment above will be deleted")], input, io);
    }
    return play(UNDEPLOY, input, io);
  }),
  options: { ...UNDEPLOY.options, yes: YES },
};
