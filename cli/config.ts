/** The machine of this process. */
import { setTimeout } from "node:timers/promises";
import { ownOutput } from "../deploy/output.ts";
import type { Io } from "./command.ts";

/** Its streams, variables, folders and clock. `npm run` changes the folder and keeps the one it was typed in. */
export function ownIo(root: string): Io {
  return {
    root,
    ...ownOutput(),
    env: process.env,
    cwd: (process.env["npm_lifecycle_event"] === "kiln" && process.env["INIT_CWD"]) || process.cwd(),
    isTerminal: process.stdout.isTTY,
    now: () => Date.now(),
    sleep: (ms) => setTimeout(ms),
  };
}
