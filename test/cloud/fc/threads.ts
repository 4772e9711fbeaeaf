/**
 * The threads behind function instances.
 *
 * THREAD-1. A new thread costs about as much as loading the code. Where the host allows it, an idle thread of a
 *     closed cloud is kept, and the next cold start of the same code evaluates its bundle again in that thread.
 *     Module state, environment and clock are new; the state of Node's own modules is not.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { FunctionDefinition } from "../core/functions.ts";
import { codeKey, compiledOf } from "./compiled.ts";
import type { HostMessage, InstanceData, StartData } from "./messages.ts";

/** Each holds some 20 MB. */
const KEPT_MAX = 12;

let bootstrap: Promise<string> | undefined;

/** The bootstrap as one script, built once per process. */
const bootstrapScript = (): Promise<string> =>
  (bootstrap ??= build({
    entryPoints: [fileURLToPath(new URL("bootstrap.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? ""));

interface Kept {
  readonly key: string;
  readonly worker: Worker;
}

const kept: Kept[] = [];

const keyOf = ({ codePath, handler, memoryMb }: FunctionDefinition): string =>
  `${codeKey(codePath)} ${handler} ${memoryMb}`;

/** Starts the code of a function in a thread that knows nothing of this process but the clock. */
export async function startThread(definition: FunctionDefinition, start: StartData): Promise<Worker> {
  const place = kept.findLastIndex(({ key }) => key === keyOf(definition));
  const [found] = place === -1 ? [] : kept.splice(place, 1);
  if (found !== undefined) {
    found.worker.ref();
    send(found.worker, { kind: "restart", ...start });
    return found.worker;
  }
  const { codePath, handler } = definition;
  const workerData: InstanceData = { ...start, codePath, handler, compiled: compiledOf(codePath) };
  return new Worker(await bootstrapScript(), {
    eval: true,
    workerData,
    env: { ...start.variables },
    execArgv: [],
    argv: [],
    stdout: true,
    stderr: true,
    name: definition.name,
    resourceLimits: { maxOldGenerationSizeMb: definition.memoryMb },
  });
}

/** Keeps an idle thread for a later cold start of the same code, and ends the oldest one when there are too many. */
export async function keepThread(definition: FunctionDefinition, worker: Worker): Promise<void> {
  const forget = (): void => {
    const place = kept.findIndex((one) => one.worker === worker);
    if (place !== -1) kept.splice(place, 1);
  };
  for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
  worker.on("error", forget).on("exit", forget);
  worker.unref();
  kept.push({ key: keyOf(definition), worker });
  if (kept.length > KEPT_MAX) await kept.shift()?.worker.terminate();
}

export function send(worker: Worker, message: HostMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(message);
}
