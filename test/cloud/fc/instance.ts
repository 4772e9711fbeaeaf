/** One function instance: a sandbox with the code loaded, serving one invocation at a time. */
import type { FunctionDefinition } from "../core/functions.ts";
import type { Ending } from "./ending.ts";
import type {
  HostMessage,
  InstanceMessage,
  InvokeMessage,
  Sandbox,
  SandboxEnd,
  StartData,
  StartSandbox,
} from "./messages.ts";

/** Real milliseconds the code of a function may take to load. */
const LOAD_MS = 20_000;

export interface InvocationListener {
  readonly onLog: (text: string) => void;
  /** The invocation sleeps for so many milliseconds of the cloud's time, until `wake` or `giveUp`. */
  readonly onSleep: (ms: number) => void;
  /** All it does is to wait for the turns of its requests. */
  readonly onHeld: () => void;
}

interface InstanceStart {
  readonly startSandbox: StartSandbox;
  readonly start: StartData;
  /** Of the credentials in `start.variables`. */
  readonly keyId: string;
}

interface InstanceName {
  readonly id: string;
  readonly build: string;
}

export class Instance {
  readonly id: string;
  readonly functionName: string;
  /** Identity of its code and settings among versions of the function. */
  readonly build: string;
  /** Key id of the credentials in its environment. */
  readonly environmentKeyId: string;
  /** Key id of the last invocation. */
  keyId = "";
  /** Cloud time of the last answer, for the idle limit. */
  idleSince = 0;
  invocations = 0;
  #sandbox: Sandbox | undefined;
  #finish: ((ending: Ending) => void) | undefined;
  #ended: Ending | undefined;
  #listener: InvocationListener | undefined;
  /** Real time that the running invocation has left; starts again after a sleep. */
  #guard: NodeJS.Timeout | undefined;
  #hangMs = 0;
  readonly #loaded: Promise<void>;
  #onLoaded: () => void = () => {};
  /** Whether the instance runs again, once that is known. */
  thaw: Promise<boolean> = Promise.resolve(false);
  #thaw: (isBack: boolean) => void = () => {};

  private constructor({ id, build }: InstanceName, { name }: FunctionDefinition, environmentKeyId: string) {
    this.id = id;
    this.build = build;
    this.functionName = name;
    this.environmentKeyId = environmentKeyId;
    this.#loaded = new Promise((resolve) => (this.#onLoaded = resolve));
  }

  static async start(
    name: InstanceName,
    definition: FunctionDefinition,
    { startSandbox, start, keyId }: InstanceStart,
  ): Promise<Instance> {
    const instance = new Instance(name, definition, keyId);
    instance.#sandbox = await startSandbox(definition, start, (message) => instance.#receive(message));
    return instance;
  }

  #receive(message: InstanceMessage | SandboxEnd): void {
    switch (message.kind) {
      case "ready":
        return this.#onLoaded();
      case "log":
        return this.#listener?.onLog(message.text);
      case "sleep":
      case "held":
        return this.#rest(message);
      case "broken":
        this.#onLoaded();
        return this.#settle(
          { kind: "answer", body: Buffer.from(message.body), errorType: "UnhandledInvocationError" },
          true,
        );
      case "answer": {
        const { body, errorType } = message;
        return this.#settle({ kind: "answer", body: Buffer.from(body), ...(errorType && { errorType }) });
      }
      default:
        this.#listener?.onLog(message.text ?? "");
        this.#onLoaded();
        return this.#settle({ kind: message.kind }, true);
    }
  }

  /** The real time that passes until it goes on is not its own. */
  #rest(message: Extract<InstanceMessage, { readonly kind: "sleep" | "held" }>): void {
    clearTimeout(this.#guard);
    if (message.kind === "held") this.#listener?.onHeld();
    else this.#listener?.onSleep(message.ms);
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
    // Code that still runs must not outlive its invocation.
    if (this.isEnded) await this.#sandbox?.end();
    return result;
  }

  /** Notes the credentials of an invocation that begins. */
  begin(keyId: string): void {
    this.keyId = keyId;
    this.#thaw(true);
    this.thaw = new Promise((resolve) => (this.#thaw = resolve));
  }

  keptBack(connection: string): void {
    this.#sandbox?.keptBack?.(connection);
  }

  /** The request on this connection waits for its turn; whether it is one of this instance. */
  holdBack(connection: string): boolean {
    return this.#sandbox?.turns?.holdBack(connection) === true;
  }

  letGo(connection: string): void {
    clearTimeout(this.#guard);
    this.#guard = setTimeout(() => this.giveUp(), this.#hangMs);
    this.#sandbox?.turns?.letGo(connection);
  }

  /** The connections of requests that wait for their turn; none while its code does anything else. */
  get held(): readonly string[] {
    return this.#sandbox?.turns?.held ?? [];
  }

  /** Lets the running invocation go on after a sleep, of which `aloneMs` did not pass for the cloud. */
  wake(aloneMs = 0): void {
    this.#proceed({ kind: "wake", aloneMs });
  }

  /** Ends the running invocation as one that does not answer, and the instance with it. */
  giveUp(): void {
    this.#settle({ kind: "hang" }, true);
  }

  #proceed(message: HostMessage): void {
    this.#guard = setTimeout(() => this.giveUp(), this.#hangMs);
    if (!this.isEnded) this.#sandbox?.send(message);
  }

  /** Ends the instance at once; a running invocation ends with `exit`. */
  async end(): Promise<void> {
    this.#thaw(false);
    this.#settle({ kind: "exit" }, true);
    await this.#sandbox?.end();
  }

  #settle(ending: Ending, isLast = false): void {
    if (isLast) this.#ended ??= ending;
    this.#finish?.(ending);
    this.#finish = undefined;
  }
}
