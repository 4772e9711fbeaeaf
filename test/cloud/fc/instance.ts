/** One function instance: a thread with the code loaded, serving one invocation at a time. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { compiledOf, keepCompiled } from "./compiled.ts";
import type { FunctionDefinition } from "./definition.ts";
import type { Ending } from "./ending.ts";
import type { InstanceData, InstanceMessage, InvokeMessage } from "./messages.ts";

/** Real milliseconds the code of a function may take to load. */
const LOAD_MS = 20_000;

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

export class Instance {
  readonly id: string;
  readonly functionName: string;
  /** Key id of the credentials in its environment. */
  readonly environmentKeyId: string;
  /** Cloud time of the last answer, for the idle limit. */
  idleSince = 0;
  invocations = 0;
  readonly #worker: Worker;
  #finish: ((ending: Ending) => void) | undefined;
  #ended: Ending | undefined;
  #onLog: ((text: string) => void) | undefined;
  readonly #loaded: Promise<void>;

  private constructor(id: string, definition: FunctionDefinition, environmentKeyId: string, worker: Worker) {
    this.id = id;
    this.functionName = definition.name;
    this.environmentKeyId = environmentKeyId;
    this.#worker = worker;
    this.#loaded = new Promise((resolve) => {
      worker.on("message", (message: InstanceMessage) => {
        if (message.kind === "ready") resolve();
        else if (message.kind === "log") this.#onLog?.(message.text);
        else if (message.kind === "compiled") keepCompiled(definition.codePath, message.data);
        else if (message.kind === "broken") {
          resolve();
          this.#settle(
            { kind: "answer", body: Buffer.from(message.body), errorType: "UnhandledInvocationError" },
            true,
          );
        } else {
          const { body, errorType } = message;
          this.#settle({ kind: "answer", body: Buffer.from(body), ...(errorType && { errorType }) });
        }
      });
      worker.on("error", (error: NodeJS.ErrnoException) => {
        this.#onLog?.(`${error.stack ?? error.message}\n`);
        const kind = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "out of memory" : "exit";
        this.#settle({ kind }, true);
      });
      worker.on("exit", () => {
        resolve();
        this.#settle({ kind: "exit" }, true);
      });
    });
  }

  /** Starts a thread that knows nothing of this process but the clock. */
  static async start(
    id: string,
    definition: FunctionDefinition,
    shared: SharedArrayBuffer,
    environment: { readonly keyId: string; readonly variables: Readonly<Record<string, string>> },
  ): Promise<Instance> {
    const { codePath, handler } = definition;
    const workerData: InstanceData = { shared, codePath, handler, compiled: compiledOf(codePath) };
    const worker = new Worker(await bootstrapScript(), {
      eval: true,
      workerData,
      env: { ...environment.variables },
      execArgv: [],
      argv: [],
      stdout: true,
      stderr: true,
      name: definition.name,
      resourceLimits: { maxOldGenerationSizeMb: definition.memoryMb },
    });
    return new Instance(id, definition, environment.keyId, worker);
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Runs the handler once. @param hangMs real milliseconds after which the instance is given up. */
  async invoke(message: InvokeMessage, hangMs: number, onLog: (text: string) => void): Promise<Ending> {
    this.invocations++;
    this.#onLog = onLog;
    const ending = new Promise<Ending>((resolve) => {
      this.#finish = resolve;
      if (this.#ended !== undefined) resolve(this.#ended);
    });
    const giveUp = (): void => this.#settle({ kind: "hang" }, true);
    // Loading is this machine's business and may be slow; only what comes after it is the handler's.
    const loading = setTimeout(giveUp, hangMs + LOAD_MS);
    await this.#loaded;
    clearTimeout(loading);
    const guard = setTimeout(giveUp, hangMs);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    if (!this.isEnded) this.#worker.postMessage(message);
    const result = await ending;
    clearTimeout(guard);
    this.#onLog = undefined;
    // A thread that still runs something must not outlive its invocation's end.
    if (this.isEnded) await this.#worker.terminate();
    return result;
  }

  /** Ends the thread at once; a running invocation ends with `exit`. */
  async end(): Promise<void> {
    this.#settle({ kind: "exit" }, true);
    await this.#worker.terminate();
  }

  #settle(ending: Ending, isLast = false): void {
    if (isLast) this.#ended ??= ending;
    this.#finish?.(ending);
    this.#finish = undefined;
  }
}
