/** Builds the bundles under test once, before any test file starts; nothing to do when they are current. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build, functionNames } from "../build.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = ["functions", "shared", "build.ts", "package-lock.json"];

/** Builds the bundles unless they are current. @throws AggregateError when one does not compile */
export async function buildOnce(): Promise<void> {
  if (existsSync(join(ROOT, "functions")) && !areCurrent()) await build();
}

/** Tests that need no bundle must run even when one does not compile, so that is said and not thrown. */
export async function setup(): Promise<void> {
  await buildOnce().catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`the bundles are not built, tests that run them will fail: ${text}\n`);
  });
}

function areCurrent(): boolean {
  const bundles = functionNames().map((name) => join(ROOT, "dist", name, "index.js"));
  const builtAt = Math.min(...bundles.map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)));
  return SOURCES.every((name) => newestAt(join(ROOT, name)) < builtAt);
}

/** The latest change of a file or of anything below a folder, epoch milliseconds. */
function newestAt(path: string): number {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestAt(join(path, name))));
}
