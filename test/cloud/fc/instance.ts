/** One function instance: a thread with the code loaded, serving one invocation at a time. */
import type { Worker } from "node:worker_threads";
import { keepCompiled } from "./compiled.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import type { Ending } from "./ending.ts";
import type { InstanceMessage, InvokeMessage, StartData } from "./messages.ts";
import { keepThread, send, startThread } from "./threads.ts";

/** Real milliseconds the code of a function may take to load. */
const LOAD_MS = 20_000;

export class Instance {
  readonly id: string;
  readonly functionName: string;
  /** Key id of the credentials in its environment. */
  readonly environmentKeyId: string;
  /** Cloud time of the last answer, for the idle limit. */
  idleSince = 0;
  invocations = 0;
  readonly #definition: FunctionDefinition;
  readonly #worker: Worker;
  #finish: ((ending: Ending) => void) | undefined;
  #ended: Ending | undefined;
  #onLog: ((text: string) => void) | undefined;
  readonly #loaded: Promise<void>;

  private constructor(id: string, definition: FunctionDefinition, environmentKeyId: string, worker: Worker) {
    this.id = id;
    this.functionName = definition.name;
    this.environmentKeyId = environmentKeyId;
    this.#definition = definition;
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

  /** @param keyId of the credentials in `start.variables`. */
  static async start(
    id: string,
    definition: FunctionDefinition,
    start: StartData,
    keyId: string,
  ): Promise<Instance> {
    return new Instance(id, definition, keyId, await startThread(definition, start));
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
    const compensate = (): void => this.#settle({ kind: "hang" }, true);
    // Loading is this machine's business and may be slow; only what comes after it is the handler's.
    const loading = setTimeout(compensate, hangMs + LOAD_MS);
    await this.#loaded;
    clearTimeout(loading);
    const guard = setTimeout(compensate, hangMs);
    if (!this.isEnded) send(this.#worker, { kind: "invoke", ...message });
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

  /** Ends the instance and keeps its thread for another one. Only for an instance that is idle and has answered. */
  async leave(): Promise<void> {
    if (this.isEnded) return;
    this.#settle({ kind: "exit" }, true);
    await keepThread(this.#definition, this.#worker);
  }

  #settle(ending: Ending, isLast = false): void {
    if (isLast) this.#ended ??= ending;
    this.#finish?.(ending);
    this.#finish = undefined;
  }
}
