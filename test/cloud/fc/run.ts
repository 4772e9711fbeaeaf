/** An invocation in progress: whose it is, what it did and how long it took by the model. */
import type { FunctionDefinition } from "../core/functions.ts";
import type { Call } from "../core/kernel.ts";
import type { Cancel, Timeline } from "../core/time.ts";
import type { Instance } from "./instance.ts";
import { modelDurationMs, type Source } from "./invocation.ts";

interface Started {
  readonly instance: Instance;
  readonly keyId: string;
  readonly source: Source;
  readonly requestId: string;
}

export class Run {
  readonly calls: Call[] = [];
  readonly coldStart: boolean;
  readonly instance: Instance;
  /** Key id of its credentials. */
  readonly keyId: string;
  readonly requestId: string;
  readonly #time: Timeline;
  readonly timeoutMs: number;
  #sleptMs = 0;
  #stopSleep: Cancel = () => {};
  /** Whether a client waits for its answer. */
  readonly isAwaited: boolean;
  readonly startedAt: number;
  isAsleep = false;

  constructor(
    time: Timeline,
    { timeoutMs }: FunctionDefinition,
    { instance, keyId, source, requestId }: Started,
  ) {
    this.#time = time;
    this.timeoutMs = timeoutMs;
    this.startedAt = time.now();
    this.isAwaited = source === "sync" || source === "http";
    this.instance = instance;
    this.requestId = requestId;
    this.keyId = keyId;
    this.coldStart = instance.invocations === 0;
  }

  get durationMs(): number {
    return modelDurationMs(this.coldStart, this.calls.length) + this.#sleptMs;
  }

  /** Whether its time limit has passed, by the model. */
  get isOver(): boolean {
    return this.durationMs >= this.timeoutMs;
  }

  /** Sleeps by the cloud's clock, and is given up when the timeout of its function comes first. */
  sleep(askedMs: number): void {
    const ms = Math.max(0, Math.min(askedMs, this.timeoutMs - this.durationMs));
    const wake = (aloneMs: number): void => {
      this.#sleptMs += ms;
      this.isAsleep = false;
      if (ms < askedMs) this.instance.giveUp();
      else this.instance.wake(aloneMs);
    };
    this.isAsleep = true;
    if (this.isAwaited && this.#time.waitsAlone) {
      const soon = setImmediate(() => wake(ms));
      this.#stopSleep = () => clearImmediate(soon);
    } else this.#stopSleep = this.#time.sleep(ms, () => wake(0), this.isAwaited);
  }

  /** An invocation that ends in its sleep must not wake up. */
  end(): void {
    this.isAsleep = false;
    this.#stopSleep();
  }
}
