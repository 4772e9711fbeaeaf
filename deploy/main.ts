/** The commands of package.json: setup, deploy, undeploy, doctor. */
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { ownEnvironment } from "./config.ts";
import { ownOutput } from "./output.ts";

process.exitCode = await runCommand(process.argv.slice(2), {
  root: join(import.meta.dirname, ".."),
  env: ownEnvironment(),
  ...ownOutput(),
});
