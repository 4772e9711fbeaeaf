/** One function instance: a thread with the code loaded, serving one invocation at a time. */
import type { Worker } from "node:worker_threads";
import { keepCompiled } from "./compiled.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import type { Ending } from "./ending.ts";
import type { HostMessage, InstanceMessage, InvokeMessage, StartData } from "./messages.ts";
import { keepThread, send, startThread } from "./threads.ts";

/** Real milliseconds the code of a function may take to load. */
const LOAD_MS = 20_000;

export interface InvocationListener {
  readonly onLog: (text: string) => void;
  /** The invocation sleeps for so many milliseconds of the cloud's time, until `wake` or `giveUp`. */
  readonly onSleep: (ms: number) => void;
}

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
  #listener: InvocationListener | undefined;
  /** Real time that the running invocation has left; starts again after a sleep. */
  #guard: NodeJS.Timeout | undefined;
  #hangMs = 0;
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
        else if (message.kind === "log") this.#listener?.onLog(message.text);
        else if (message.kind === "compiled") keepCompiled(definition.codePath, message.data);
        else if (message.kind === "sleep") {
          clearTimeout(this.#guard);
          this.#listener?.onSleep(message.ms);
        } else if (message.kind === "broken") {
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
        this.#listener?.onLog(`${error.stack ?? error.message}\n`);
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

  /** Runs the handler once. @param hangMs real milliseconds, sleeps left out, after which the instance is given up. */
  async invoke(message: InvokeMessage, hangMs: number, listener: InvocationListener): Promise<Ending> {
    this.invocations++;
    this.#listener = listener;
    this.#hangMs = hangMs;
    const ending = new Promise<Ending>((resolve) => {
      this.#finish = resolve;
      if (this.#ended !== undefined) resolve(this.#ended);
    });
    // Loading is this machine's business and may be slow; only what comes after it is the handler's.
    const loading = setTimeout(() => this.giveUp(), hangMs + LOAD_MS);
    await this.#loaded;
    clearTimeout(loading);
    this.#proceed({ kind: "invoke", ...message });
    const result = await ending;
    clearTimeout(this.#guard);
    this.#listener = undefined;
    // A thread that still runs something must not outlive its invocation's end.
    if (this.isEnded) await this.#worker.terminate();
    return result;
  }

  /** Lets the running invocation go on after a sleep. */
  wake(): void {
    this.#proceed({ kind: "wake" });
  }

  /** Ends the running invocation as one that does not answer, and the instance with it. */
  giveUp(): void {
    this.#settle({ kind: "hang" }, true);
  }

  #proceed(message: HostMessage): void {
    this.#guard = setTimeout(() => this.giveUp(), this.#hangMs);
    if (!this.isEnded) send(this.#worker, message);
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
