/** The machine of this process. */
import { setTimeout } from "node:timers/promises";
import type { Io } from "./command.ts";

/** Its streams, variables, folders and clock. `npm run` changes the folder and keeps the one it was typed in. */
export const ownIo = (root: string): Io => ({
  root,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
  cwd: (process.env["npm_lifecycle_event"] === "kiln" && process.env["INIT_CWD"]) || process.cwd(),
  isTerminal: process.stdout.isTTY,
  now: () => Date.now(),
  sleep: (ms) => setTimeout(ms),
});
