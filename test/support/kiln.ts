/** `kiln` inside of the process of a test. */
import { join } from "node:path";
import type { Exit, Io } from "../../cli/command.ts";
import { main } from "../../cli/main.ts";
import type { Deployment } from "./deployment.ts";
import { answered } from "./runs.ts";

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

/** Runs a command line against a deployment while the world goes on. */
export const kilnOn = (on: Deployment, ...words: string[]): Promise<Ended> => {
  const env = {
    KILN_API: on.cloud.urls.http["kiln-api"],
    KILN_WEBHOOK: on.cloud.urls.http["kiln-webhook"],
    KILN_CALLER: on.caller.name,
    KILN_SECRET: on.caller.secret,
  };
  return answered(on, on.cloud.time.hold(kiln(words, { env })));
};

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
