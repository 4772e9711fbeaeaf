/**
 * `npm start [-- --story <name>] [--json] [--keep] [--help]`: builds Kiln, deploys it on the local cloud and plays a
 * story. Exit code 0 when everything in it held, 1 when something did not, 2 for a wrong command line.
 */
import { build } from "../../build.ts";
import { ownOutput } from "../../deploy/output.ts";
import { runCommand } from "./command.ts";

process.exitCode = await runCommand(process.argv.slice(2), {
  ...ownOutput(),
  isLive: process.stdout.isTTY && process.env["CI"] === undefined,
  // The machine's own clock, which the local cloud's does not replace.
  now: () => performance.timeOrigin + performance.now(),
  build: () => build(),
});
