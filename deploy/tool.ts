/**
 * The deploy tool of the vendor, `s`, as a child process.
 *
 * TOOL-1. It has a home of its own in the project, and reports nothing of its use from there: on a machine without a way to
 *     the address of its reports, each report that fails starts another one, without end.
 * TOOL-2. It reads a `.env` in its folder and beside s.yaml, and expands `$name` there and in the variables of these names:
 *     https://github.com/Serverless-Devs/Serverless-Devs/blob/master/packages/parse-spec/src/index.ts
 *     So it runs in a folder without one: a value is deployed as it was checked.
 */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** A folder with s.yaml and the built functions of `root`, and nothing else (TOOL-2). */
function folderFor(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), "kiln-deploy-"));
  copyFileSync(join(root, "s.yaml"), join(folder, "s.yaml"));
  // On Windows, links to folders that need no privilege are junctions.
  symlinkSync(join(root, "dist"), join(folder, "dist"), "junction");
  return folder;
}

/** Runs the tool with the s.yaml of `root`. */
export const toolIn =
  (root: string): Tool =>
  async (args, { environment, say }) => {
    const folder = folderFor(root);
    try {
      const env = environment[HOME] === undefined ? { ...environment, ...homeIn(root) } : environment;
      return await run(args, { folder, env, say });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

interface Run {
  readonly folder: string;
  readonly env: Environment;
  readonly say: ToolOptions["say"];
}

const run = (args: readonly string[], { folder, env, say }: Run): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TOOL, ...args], {
      cwd: folder,
      env,
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
