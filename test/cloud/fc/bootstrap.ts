/**
 * The first code of a function instance: it runs in a thread of its own, puts the cloud's clock in,
 * loads the handler the way the platform's Node runtime does and answers one invocation at a time.
 *
 * Built to one script by instance.ts: a thread cannot load TypeScript.
 */
import { existsSync, readFileSync } from "node:fs";
import Module from "node:module";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import timers from "node:timers/promises";
import { format } from "node:util";
import { Script } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { installClock } from "../core/time.ts";
import type {
  ContextData,
  ErrorType,
  HostMessage,
  InstanceData,
  InstanceMessage,
  InvokeMessage,
  StartData,
} from "./messages.ts";

type Handler = (
  event: Buffer,
  context: object,
  callback?: (error: unknown, result?: unknown) => void,
) => unknown;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- instance.ts sends it
const { shared, codePath, handler: handlerName, compiled } = workerData as InstanceData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const say = (message: InstanceMessage): void => parentPort?.postMessage(message);

let restoreClock = installClock(shared);
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    say({ kind: "log", text: typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8") });
    const done = rest.findLast((item) => typeof item === "function");
    done?.();
    return true;
  };
}

/** Node's loader, seen from its inside. */
interface Loader {
  _extensions: Record<
    string,
    (module: { exports: unknown; _compile(source: string, file: string): void }, file: string) => void
  >;
  _nodeModulePaths(from: string): string[];
}

/** In the cloud the code folder is the root: nothing above it says what `.js` means or lends modules. */
function isolate(): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's types leave these members out
  const loader = Module as unknown as Loader;
  const lookUp = loader._nodeModulePaths.bind(loader);
  loader._nodeModulePaths = (from) => lookUp(from).filter((path) => path.startsWith(codePath + sep));
  loader._extensions[".js"] = (module, file) => {
    const source = readFileSync(file, "utf8");
    if (file !== join(codePath, "index.js")) return module._compile(source, file);
    // As module._compile does it, but from what an earlier instance has compiled.
    const options = compiled === undefined ? {} : { cachedData: Buffer.from(compiled) };
    main ??= new Script(Module.wrap(source), { filename: file, ...options });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Module.wrap makes this function
    const run = main.runInThisContext() as (...args: unknown[]) => void;
    run.call(module.exports, module.exports, Module.createRequire(file), module, file, codePath);
  };
}

/** Ends the sleep of the running invocation; undefined while it is awake. */
let wake: (() => void) | undefined;
let isRunning = false;

/**
 * `await setTimeout(ms)` of node:timers/promises is a sleep by the cloud's clock. With a signal it is a limit for other
 * work and stays real, as do the callbacks of the global setTimeout: libraries time their calls with them.
 */
function installSleep(): void {
  const real = timers.setTimeout;
  const sleep: typeof real = (ms = 0, value, options) => {
    if (!isRunning || options?.signal !== undefined) return real(ms, value, options);
    if (wake !== undefined) throw new Error("the local cloud knows one sleep at a time in an invocation");
    say({ kind: "sleep", ms });
    return new Promise((resolve) => {
      wake = () => {
        wake = undefined;
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a value T is void
        resolve(value as NonNullable<typeof value>);
      };
    });
  };
  timers.setTimeout = sleep;
  Module.syncBuiltinESMExports();
}

let main: Script | undefined;
let answers = 0;

/** Most functions of a bundle are compiled when they are first called, so a few calls are waited for. */
function offerCompiled(): void {
  if (++answers === OFFERED_AFTER && main !== undefined && compiled === undefined) {
    say({ kind: "compiled", data: main.createCachedData() });
  }
}

const OFFERED_AFTER = 6;

async function load(): Promise<Handler> {
  const [file = "index", name = "handler"] = handlerName.split(/\.(?=[^.]+$)/);
  const isModule = (): boolean => {
    const manifest = join(codePath, "package.json");
    return existsSync(manifest) && /"type":\s*"module"/.test(readFileSync(manifest, "utf8"));
  };
  const script = join(codePath, `${file}.js`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a module may export anything
  const exports = (
    existsSync(script) && !isModule()
      ? Module.createRequire(script)(script)
      : await import(pathToFileURL(existsSync(script) ? script : join(codePath, `${file}.mjs`)).href)
  ) as Record<string, unknown>;
  const exported = exports[name];
  if (typeof exported !== "function") throw new Error(`${handlerName} is not a function in ${codePath}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is a function, and the platform calls it like this
  return exported as Handler;
}

/** A handler may throw or hand over anything. */
const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(typeof error === "string" ? error : JSON.stringify(error));

/** Where the cloud keeps code and runtime: a document must not tell where this machine does. */
const inCloud = (text: string): string =>
  text.replaceAll(codePath, "/code").replaceAll("[worker eval]", "/var/fc/runtime/nodejs20/bootstrap.mjs");

const errorBody = (error: unknown): string => {
  const { message, name, stack } = asError(error);
  const stackTrace = (stack ?? "").split("\n").map((line) => line.trim());
  return inCloud(JSON.stringify({ errorMessage: message, errorType: name, stackTrace }));
};

function withLogger(context: ContextData): object {
  const write = (...parts: unknown[]): void => void process.stdout.write(`${format(...parts)}\n`);
  return { ...context, logger: { debug: write, info: write, warn: write, error: write, log: write } };
}

const toBytes = (result: unknown): Uint8Array =>
  Buffer.isBuffer(result)
    ? result
    : Buffer.from(typeof result === "string" ? result : (JSON.stringify(result) ?? ""));

async function call(run: Handler, { event, context }: InvokeMessage): Promise<InstanceMessage> {
  const buffer = Buffer.from(event.buffer, event.byteOffset, event.byteLength);
  let errorType: ErrorType = "UnhandledInvocationError";
  isRunning = true;
  // What an earlier invocation left asleep stays so: its instance was frozen.
  wake = undefined;
  try {
    const result = await new Promise((resolve, reject) => {
      const callback = (error: unknown, value?: unknown): void => {
        if (error === null || error === undefined) return resolve(value);
        errorType = "HandledInvocationError";
        reject(asError(error));
      };
      const returned = run(buffer, withLogger(context), callback);
      // A handler that takes the third argument answers through it.
      if (run.length < 3 || returned instanceof Promise) Promise.resolve(returned).then(resolve, reject);
    });
    return { kind: "answer", body: toBytes(result) };
  } catch (error) {
    return { kind: "answer", body: Buffer.from(errorBody(error)), errorType };
  } finally {
    isRunning = false;
  }
}

let handler: Handler | undefined;

async function begin(): Promise<void> {
  try {
    handler = await load();
    say({ kind: "ready" });
  } catch (error) {
    say({ kind: "broken", body: errorBody(error) });
  }
}

/** Becomes a new instance of the same code: a new clock, a new environment, and the code evaluated again. */
function restart(start: StartData): Promise<void> {
  restoreClock();
  restoreClock = installClock(start.shared);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, start.variables);
  const { cache } = Module.createRequire(join(codePath, "index.js"));
  for (const file of Object.keys(cache)) delete cache[file];
  return begin();
}

isolate();
installSleep();
parentPort?.on("message", (message: HostMessage) => {
  if (message.kind === "restart") void restart(message);
  else if (message.kind === "wake") wake?.();
  else if (handler !== undefined) void call(handler, message).then(say).then(offerCompiled);
});
void begin();
