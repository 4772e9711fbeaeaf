/** Kiln deployed on the local cloud, or the local cloud alone, for programs outside of this process. */
import { parseArgs } from "node:util";
import { mountControl } from "./control.ts";
import { Posts } from "./posts.ts";
import { messageOf } from "../core/message-of.ts";
import { type Cloud, type CloudOptions, startCloud } from "../index.ts";
import { ManifestError } from "../manifest/problem.ts";

/** An error the caller can correct; reported without a stack. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

const USAGE = "usage: npm run cloud -- [--port <n>] [--speed <factor>] [--no-functions] [--hints]";

/** `--speed -1` as `--speed=-1`: `parseArgs` takes a value that begins with a dash for an option that was forgotten. */
const joined = (args: readonly string[]): string[] =>
  args.flatMap((arg, place) => {
    const isNumber = /^-\d/.test(arg) && /^--[a-z]+$/.test(args[place - 1] ?? "");
    const next = args[place + 1] ?? "";
    if (isNumber) return [];
    return /^--[a-z]+$/.test(arg) && /^-\d/.test(next) ? [`${arg}=${next}`] : [arg];
  });

function readOptions() {
  try {
    const { values } = parseArgs({
      args: joined(process.argv.slice(2)),
      options: {
        port: { type: "string", default: "0" },
        speed: { type: "string", default: "1" },
        "no-functions": { type: "boolean", default: false },
        hints: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { port, speed, "no-functions": isBare, hints: hasHints, help } = values;
    if (help) return undefined;
    return {
      isBare,
      hasHints,
      port: number(
        "port",
        port,
        (value) => Number.isInteger(value) && value >= 0 && value < 65_000,
        "a port",
      ),
      speed: number("speed", speed, (value) => value >= 0 && value < Infinity, "0 or more"),
    };
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function number(option: string, text: string, test: (value: number) => boolean, what: string): number {
  const value = Number(text);
  if (text.trim() !== "" && test(value)) return value;
  throw new Error(`--${option} ${text} is not ${what}: give another value`);
}

/** Time is the real one when it begins, and clients outside keep clocks of their own. */
const optionsFor = (port: number, speed: number): CloudOptions => ({
  port,
  speed,
  at: Date.now(),
  ownClock: false,
  waitsAlone: speed === 0,
});

/** The addresses of a cloud and the account's own key. */
const describe = ({ urls, region, accountId, accessKey }: Cloud) => ({
  ...urls,
  region,
  accountId,
  accessKeyId: accessKey.id,
  accessKeySecret: accessKey.secret,
});

/** Of the bare cloud. The default one stands in examples, where a program may refuse it as a placeholder. */
const BARE_ACCOUNT = "1987654321098765";

async function startKiln(options: CloudOptions) {
  // The clients of a deployment take a while to load.
  const { startKiln: deploy } = await import("../../support/local-kiln.ts");
  return deploy(options, (ecs) => Posts.urlOf(ecs, "ops"));
}

async function start(): Promise<void> {
  const given = readOptions();
  if (given === undefined) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const { port, speed, isBare, hasHints } = given;
  const options = optionsFor(port, speed);
  const { cloud, ready, hints } = isBare
    ? {
        cloud: await startCloud({ ...options, accountId: BARE_ACCOUNT }),
        ready: {},
        hints: () => Promise.resolve([]),
      }
    : await startKiln(options);
  mountControl(cloud, new Posts());
  process.stdout.write(`${JSON.stringify({ ...describe(cloud), ...ready })}\n`);
  // Programs read the line of JSON and want no other; a user at a terminal, or one who asks, wants these too.
  if (process.stdout.isTTY || hasHints) for (const hint of await hints()) process.stderr.write(`${hint}\n`);
}

/** Whether the user can correct it; then it needs no stack. */
const isExpected = (error: unknown): boolean =>
  error instanceof ManifestError ||
  error instanceof UsageError ||
  (error instanceof Error &&
    (error.name === "ConfigError" || ("code" in error && error.code === "EADDRINUSE")));

/** Starts a cloud as the options of this process say, and prints one line of JSON when it is ready. */
export async function serve(): Promise<void> {
  try {
    await start();
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    process.stderr.write(`${isExpected(error) ? messageOf(error) : (stack ?? String(error))}\n`);
    process.exit(1);
  }
}
