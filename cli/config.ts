/** The machine of this process. */
import { createInterface } from "node:readline/promises";
import { setTimeout } from "node:timers/promises";
import { ownOutput } from "../deploy/output.ts";
import type { Io } from "./command.ts";

/** Asks on the terminal; the question goes beside the output, which may be a pipe. */
async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Its streams, variables, folders and clock. `npm run` changes the folder and keeps the one it was typed in. */
export function ownIo(root: string): Io {
  return {
    root,
    ...ownOutput(),
    env: process.env,
    cwd: (process.env["npm_lifecycle_event"] === "kiln" && process.env["INIT_CWD"]) || process.cwd(),
    isTerminal: process.stdout.isTTY,
    ask,
    now: () => Date.now(),
    sleep: (ms) => setTimeout(ms),
  };
}
