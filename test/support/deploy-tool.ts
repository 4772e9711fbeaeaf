/**
 * The real deploy tool, `s`, without a network: its home is a folder of its own in which the component fc3 is there
 * already, and the endpoints of the cloud are those of the local one.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Cloud } from "../cloud/index.ts";
import { json } from "./known.ts";

const ROOT = join(import.meta.dirname, "../..");
const COMPONENT = "fc3@0.1.22";
const TOOL = createRequire(import.meta.url).resolve("@serverless-devs/s/bin/s");

export interface ToolRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** `s` with nothing of the environment of this process. */
export class DeployTool {
  readonly #home = mkdtempSync(join(tmpdir(), "deploy-tool-"));

  /** Puts the component where the tool looks for what it has downloaded before. */
  async seed(): Promise<void> {
    const folder = join(this.#home, ".s/components/devsapp.cn/v3", COMPONENT);
    mkdirSync(folder, { recursive: true });
    await build({
      entryPoints: [join(ROOT, "test/deploy/component/index.ts")],
      outfile: join(folder, "dist/index.js"),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      packages: "external",
    });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "fc3", main: "dist/index.js" }));
    writeFileSync(
      join(folder, ".s.lock"),
      JSON.stringify({ version: COMPONENT, lastUpdateCheck: Date.now() }),
    );
  }

  /** The environment of the tool. */
  get environment(): Environment {
    return {
      PATH: process.env["PATH"] ?? "",
      serverless_devs_config_home: this.#home,
      // The component's packages are those of the repository.
      NODE_PATH: join(ROOT, "node_modules"),
      // Keeps it from reporting what it did.
      NODE_ENV: "test",
    };
  }

  /** Runs it from the root of the repository. */
  run(args: readonly string[], environment: Environment): Promise<ToolRun> {
    const env = { ...this.environment, ...environment };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [TOOL, ...args], {
        cwd: ROOT,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.once("error", reject);
      child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
    });
  }

  /** Props of each resource of a manifest as the tool's engine reads them. @throws Error with what it says. */
  async preview(text: string, environment: Environment): Promise<Readonly<Record<string, unknown>>> {
    // In a folder of its own: the engine also reads a `.env` beside the file.
    const manifest = join(this.#home, "s.yaml");
    writeFileSync(manifest, text);
    const { exitCode, stdout, stderr } = await this.run(
      ["preview", "-o", "json", "-t", manifest],
      environment,
    );
    const begin = stdout.indexOf("{");
    if (exitCode !== 0 || begin === -1) throw new Error(`s preview failed: ${stdout}${stderr}`);
    const { resources } = json<{ resources: Record<string, { props: unknown }> }>(stdout.slice(begin));
    return Object.fromEntries(Object.entries(resources).map(([name, { props }]) => [name, props]));
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** The variables that point the tool and the component at a local cloud. */
export const toolEnvironment = ({ urls, accountId, accessKey }: Cloud): Environment => ({
  AccountID: accountId,
  AccessKeyID: accessKey.id,
  AccessKeySecret: accessKey.secret,
  FC_CLIENT_CUSTOM_ENDPOINT: urls.fc,
  FC_CODE_TEMP_OSS_ENDPOINT: urls.oss,
});
