/**
 * `npm run cloud -- --port 9100 [--speed 60] [--no-functions]`: only the local cloud, in real time.
 * Prints one line of JSON when it is ready and runs until it is interrupted.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Endpoints, startCloud } from "./index.ts";
import { envNames } from "./manifest/interpolation.ts";
import { ManifestError } from "./manifest/problem.ts";
import { messageOf } from "./core/message-of.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MANIFEST = join(ROOT, "s.yaml");

/** An error the caller can correct; reported without a stack. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

const USAGE = "usage: npm run cloud -- [--port <n>] [--speed <factor>] [--no-functions]";

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "0" },
        speed: { type: "string", default: "1" },
        "no-functions": { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function number(option: string, text: string, test: (value: number) => boolean, what: string): number {
  const value = Number(text);
  if (text.trim() !== "" && test(value)) return value;
  throw new UsageError(`--${option} ${text} is not ${what}: give another value\n${USAGE}`);
}

/** A manifest asks for endpoints under names of its own that end like these. */
const SUFFIXES = [
  ["ECS_ENDPOINT", "ecs"],
  ["CMS_ENDPOINT", "cms"],
  ["FC_ENDPOINT", "fc"],
  ["OSS_ENDPOINT", "oss"],
] as const;

/** The caller's environment, and the local cloud's addresses where the manifest asks for endpoints. */
function environmentFor(endpoints: Endpoints): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of envNames(readFileSync(MANIFEST, "utf8"))) {
    const product = SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1];
    const value = process.env[name] ?? (product && endpoints[product]);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

async function main(): Promise<void> {
  const { port, speed, "no-functions": withoutFunctions } = readOptions();
  const isBuilt = existsSync(MANIFEST) && existsSync(join(ROOT, "dist"));
  const hasFunctions = !withoutFunctions && isBuilt;
  if (!withoutFunctions && !isBuilt) {
    process.stderr.write("no functions: they are not built yet; npm run build, then start this again\n");
  }
  const cloud = await startCloud({
    ...(hasFunctions && { manifest: MANIFEST }),
    env: environmentFor,
    at: Date.now(),
    speed: number("speed", speed, (value) => value > 0 && value < Infinity, "above 0"),
    port: number("port", port, (value) => Number.isInteger(value) && value >= 0 && value < 65_000, "a port"),
    ownClock: false,
  });
  // A bucket exists before a trigger can be set on it.
  for (const { triggers } of cloud.fc.functions.values()) {
    for (const trigger of triggers) if (trigger.kind === "oss") cloud.oss.createBucket(trigger.bucket);
  }
  const stop = (): void => void cloud.close().then(() => process.exit(0));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const { urls, region, accountId, accessKey } = cloud;
  const ready = { ...urls, region, accountId, accessKeyId: accessKey.id, accessKeySecret: accessKey.secret };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

try {
  await main();
} catch (error) {
  const isExpected =
    error instanceof ManifestError ||
    error instanceof UsageError ||
    (error instanceof Error && "code" in error && error.code === "EADDRINUSE");
  const stack = error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${isExpected ? messageOf(error) : (stack ?? String(error))}\n`);
  process.exitCode = 1;
}
