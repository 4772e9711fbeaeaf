/** `try FILE`: a recipe on the local cloud of the repository. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";

export const tryRecipe: Command = {
  name: "try",
  summary: "bake, test and promote a recipe on the local cloud, in seconds and without an account",
  args: "FILE",
  count: [1, 1],
  options: {},
  shape:
    "ok, scenes: [{ title, ok, simulatedMs, steps }], summary; or ok, problems: [{ path, line, column, rule, suggestion }]",
  details: `Objects that the recipe names (scripts/…) lie beside the folder recipes/, as in the bucket. vSwitches, groups, types and
base images that the local cloud does not have are made or replaced, and listed. Parameters take the variables of your shell.`,
  run,
};

async function run({ args, json }: Input, io: Io): Promise<Exit> {
  const { checkFile } = await import("../documents.ts");
  const { listed, rowsOf } = await import("../problems.ts");
  const [file = ""] = args;
  const checked = await checkFile(file, io.cwd);
  if (checked.kind !== "recipe")
    throw new CommandError(
      EXIT.usage,
      `try takes a recipe, and ${file} is a ${checked.kind}; npm run kiln -- check ${file} finds its mistakes`,
    );
  if (checked.problems.length > 0) {
    io.out(json ? jsonOf("try", { ok: false, problems: rowsOf(checked.problems) }) : listed(checked));
    return EXIT.invalid;
  }
  return play([resolve(io.cwd, file), ...(json ? ["--json"] : [])], io);
}

/** The local cloud is TypeScript and large, so it runs in a process of its own. */
function play(args: readonly string[], { root }: Io): Promise<Exit> {
  const script = join(root, "test", "rehearsal", "try.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) =>
      done(code === 0 ? EXIT.ok : code === EXIT.invalid ? EXIT.invalid : EXIT.failed),
    );
  });
}
