/** The commands of package.json: setup, deploy, undeploy, doctor. */
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { ownEnvironment } from "./config.ts";

process.exitCode = await runCommand(process.argv.slice(2), {
  root: join(import.meta.dirname, ".."),
  env: ownEnvironment(),
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
});
