/** `caller add|rotate NAME`: changes KILN_CALLERS of the deployment and of `.env`, and shows the new secret once. */
import { readDotEnv } from "../../deploy/dot-env.ts";
import { readJson } from "../../shared/json.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { scripted } from "../script.ts";

export const caller: Command = {
  name: "caller",
  summary: "add a caller of the webhook and the API, or give one a new secret, and deploy",
  args: "add|rotate NAME",
  count: [2, 2],
  options: {
    route: {
      value: "ROUTE",
      multiple: true,
      help: 'what a new caller may ask for, such as "GET /*"; may be repeated',
    },
    "no-deploy": { help: "only change .env, after the checks of a deploy" },
  },
  details: `After a rotation the new secret and the one before it are accepted; a second rotation ends the older one. The secret is printed once.
The callers of the deployment count: where .env has others, nothing is changed and both are named.`,
  shape: "caller, secret",
  run,
};

async function run(input: Input, io: Io): Promise<Exit> {
  const [action = "", name = ""] = input.args;
  if (action !== "add" && action !== "rotate")
    throw new CommandError(EXIT.usage, `${action} is neither add nor rotate`);
  const words = [
    `--${action}=${name}`,
    ...input.all("route").map((route) => `--route=${route}`),
    ...(input.has("no-deploy") ? ["--no-deploy"] : []),
  ];
  // Its lines go beside the output, which is the secret alone.
  const { exit, text } = await scripted(["change-caller", ...words, "--json"], io.root);
  if (exit !== EXIT.ok) {
    const { error }: { readonly error?: unknown } = Object(readJson(text));
    if (input.json) io.out(jsonOf("caller", { error: error ?? `the deploy ended with exit code ${exit}` }));
    return exit;
  }
  const { readCallers } = await import("../../shared/http/config.ts");
  const secret = readCallers(readDotEnv(io.root))[name]?.secrets[0] ?? "";
  io.out(
    input.json ? jsonOf("caller", { caller: name, secret }) : `KILN_CALLER=${name}\nKILN_SECRET=${secret}`,
  );
  return EXIT.ok;
}
