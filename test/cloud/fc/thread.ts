/** A sandbox with a thread of its own: any code, a limit of memory, and an end that stops even a busy loop. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { InstanceData, InstanceMessage, StartSandbox } from "./messages.ts";

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

export const startThread: StartSandbox = async (definition, start, listener) => {
  const { codePath, handler, name, memoryMb } = definition;
  const workerData: InstanceData = { ...start, codePath, handler };
  const worker = new Worker(await bootstrapScript(), {
    eval: true,
    workerData,
    env: { ...start.variables },
    execArgv: [],
    argv: [],
    stdout: true,
    stderr: true,
    name,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  worker.on("message", (message: InstanceMessage) => listener(message));
  worker.on("error", (error: NodeJS.ErrnoException) => {
    const kind = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "out of memory" : "exit";
    listener({ kind, text: `${error.stack ?? error.message}\n` });
  });
  worker.on("exit", () => listener({ kind: "exit" }));
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    send: (message) => worker.postMessage(message),
    end: async () => {
      await worker.terminate();
    },
  };
};
