/**
 * The deploy tool of the vendor, `s`, as a child process.
 *
 * TOOL-1. It has a home of its own in the project, and reports nothing of its use from there: on a machine without a way to
 *     the address of its reports, each report that fails starts another one, without end.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Environment } from "./config.ts";

const TOOL = createRequire(import.meta.url).resolve("@serverless-devs/s/bin/s");

interface ToolOptions {
  readonly environment: Environment;
  /** Gets every line as it comes; without it they are only in the result. */
  readonly say?: (line: string) => void;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Tool = (args: readonly string[], options: ToolOptions) => Promise<Ended>;

/** The variable that names the folder of the tool's `.s`, with its components and settings. */
const HOME = "serverless_devs_config_home";

function homeIn(root: string): Environment {
  const home = join(root, ".kiln");
  mkdirSync(join(home, ".s"), { recursive: true });
  writeFileSync(join(home, ".s", "set-config.yml"), "analysis: disable\n");
  return { [HOME]: home };
}

/** Runs the tool in `root`. */
export const toolIn =
  (root: string): Tool =>
  (args, { environment, say }) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [TOOL, ...args], {
        cwd: root,
        env: environment[HOME] === undefined ? { ...environment, ...homeIn(root) } : environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const said = { stdout: "", stderr: "" };
      child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
      if (say !== undefined)
        for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", say);
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 1, ...said }));
    });
