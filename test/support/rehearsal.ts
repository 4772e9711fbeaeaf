/** `npm start` inside of a test, with the bundles that are there. */
import { runCommand } from "../rehearsal/command.ts";
import type { DeployOptions } from "./deployment.ts";

/** Runs `npm start -- <args>` and gathers what it prints. */
export async function start(args: readonly string[], deploy?: DeployOptions) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    isLive: false,
    now: () => performance.timeOrigin + performance.now(),
    build: () => Promise.resolve(),
    ...(deploy && { deploy }),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
