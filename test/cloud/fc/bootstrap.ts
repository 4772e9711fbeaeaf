/**
 * The first code of a function instance with a thread of its own: it installs the cloud's clock, loads the handler the
 * way the platform's Node runtime does and answers one invocation at a time.
 *
 * Built to one script by thread.ts: a thread cannot load TypeScript.
 */
import { existsSync, readFileSync } from "node:fs";
import Module from "node:module";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import timers from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { installClock } from "../core/time.ts";
import type { HostMessage, InstanceData } from "./messages.ts";
import { call, errorBody, type Handler, handlerIn, isModule, partsOf, type Say, Sleeper } from "./runtime.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- thread.ts sends it
const { shared, skewMs, codePath, handler: handlerName } = workerData as InstanceData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const say: Say = (message) => parentPort?.postMessage(message);

const skew = { ms: skewMs };
installClock(shared, skew);
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
  _nodeModulePaths(from: string): string[];
  _extensions: Record<
    string,
    (module: { _compile(source: string, file: string): void }, file: string) => void
  >;
}

/** In the cloud the code folder is the root: nothing above it lends modules or defines the type of `.js`. */
function isolate(): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's types leave these members out
  const loader = Module as unknown as Loader;
  const lookUp = loader._nodeModulePaths.bind(loader);
  loader._nodeModulePaths = (from) => lookUp(from).filter((path) => path.startsWith(codePath + sep));
  loader._extensions[".js"] = (module, file) => module._compile(readFileSync(file, "utf8"), file);
}

const sleeper = new Sleeper(say);

async function load(): Promise<Handler> {
  const { file } = partsOf(handlerName);
  const script = join(codePath, `${file}.js`);
  const exports: unknown =
    existsSync(script) && !isModule(codePath)
      ? Module.createRequire(script)(script)
      : await import(pathToFileURL(existsSync(script) ? script : join(codePath, `${file}.mjs`)).href);
  return handlerIn(exports, handlerName, codePath);
}

let handler: Handler | undefined;

async function begin(): Promise<void> {
  try {
    handler = await load();
    say({ kind: "ready" });
  } catch (error) {
    say({ kind: "broken", body: errorBody(error, codePath) });
  }
}

isolate();
timers.setTimeout = sleeper.sleep;
Module.syncBuiltinESMExports();
parentPort?.on("message", (message: HostMessage) => {
  if (message.kind === "wake") {
    skew.ms += message.aloneMs;
    sleeper.wake();
  } else if (handler !== undefined) {
    skew.ms = skewMs;
    void call(handler, message, { sleeper, say, codePath }).then(say);
  }
});
void begin();
