/** `kiln` inside of the process of a test. */
import { join } from "node:path";
import type { Exit, Io } from "../../cli/command.ts";
import { main } from "../../cli/main.ts";

const ROOT = join(import.meta.dirname, "..", "..");

interface Ended {
  readonly exit: Exit;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line and answers all that it printed. */
export async function kiln(words: readonly string[], io: Partial<Io> = {}): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await main(words, {
    root: ROOT,
    cwd: ROOT,
    env: {},
    isTerminal: false,
    ask: () => Promise.resolve(undefined),
    sleep: () => Promise.resolve(),
    now: () => performance.timeOrigin + performance.now(),
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    ...io,
  });
  return { exit, out: out.join("\n"), err: err.join("\n") };
}
