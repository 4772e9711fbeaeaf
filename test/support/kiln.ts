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

/** A machine without a terminal, whose output is dropped. */
export const quietIo = (given: Partial<Io>): Io => ({
  root: ROOT,
  cwd: ROOT,
  env: {},
  isTerminal: false,
  ask: () => Promise.resolve(undefined),
  sleep: () => Promise.resolve(),
  now: () => performance.timeOrigin + performance.now(),
  out: () => undefined,
  err: () => undefined,
  ...given,
});

/** Runs a command line and answers all that it printed. */
export async function kiln(words: readonly string[], io: Partial<Io> = {}): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const lines: Partial<Io> = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  };
  const exit = await main(words, quietIo({ ...lines, ...io }));
  return { exit, out: out.join("\n"), err: err.join("\n") };
}
