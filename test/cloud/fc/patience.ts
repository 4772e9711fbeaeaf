/**
 * How an instance inside this process waits for calls that are never answered: in the cloud's time, at no real time.
 *
 * PATIENCE-1. While all its requests are kept back by a fault, the invocation sleeps by the cloud's clock until the first of
 *     its `AbortSignal.timeout`s is due. Without one it sleeps until its function times out.
 * PATIENCE-2. A timeout counts sleeps by the cloud's clock, and calls as the model does (invocation.ts). Between sleeps it
 *     counts by the real clock too, because a request to any other server may stay without an answer.
 */
import { MODEL } from "./invocation.ts";
import type { Sleeper } from "./runtime.ts";

/** Turns of the event loop without a new request, after which the code waits for those it has sent. */
export const QUIET_TURNS = 3;

interface Deadline {
  /** The instance's time, epoch milliseconds. */
  readonly at: number;
  readonly abort: () => void;
  readonly timer: NodeJS.Timeout;
}

/** The requests of an instance. */
interface Requests {
  /** How many it has ever sent. */
  readonly sent: number;
  /** Whether some wait for their turn: other invocations take the real time that passes. */
  readonly areHeld: boolean;
  /** Whether there are requests, and all of them are kept back. */
  isStuck(): boolean;
}

export class Patience {
  readonly #clock: () => number;
  readonly #sleeper: Sleeper;
  readonly #requests: Requests;
  readonly #deadlines = new Set<Deadline>();
  #looks = 0;

  /** @param clock the instance's time, epoch milliseconds */
  constructor(clock: () => number, sleeper: Sleeper, requests: Requests) {
    this.#clock = clock;
    this.#sleeper = sleeper;
    this.#requests = requests;
  }

  /** As late as it would be if calls took time. */
  #now(): number {
    return this.#clock() + this.#requests.sent * MODEL.cloudCallMs;
  }

  /** The AbortSignal of the instance. */
  readonly signals: typeof AbortSignal = new Proxy(AbortSignal, {
    get: (target, key): unknown => (key === "timeout" ? this.#timeout : Reflect.get(target, key)),
  });

  readonly #timeout = (ms: number): AbortSignal => {
    const controller = new AbortController();
    const abort = (): void => {
      clearTimeout(deadline.timer);
      this.#deadlines.delete(deadline);
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    };
    const onReal = (): void => {
      if (this.#requests.areHeld) deadline.timer.refresh();
      else if (!this.#sleeper.isAsleep) abort();
    };
    const deadline = { at: this.#now() + ms, abort, timer: setTimeout(onReal, ms).unref() };
    this.#deadlines.add(deadline);
    return controller.signal;
  };

  /** To be called when a request ends or is kept back. */
  readonly look = (): void => this.#wait(++this.#looks, QUIET_TURNS);

  /** To be called after every sleep. */
  wake(): void {
    const now = this.#now();
    const due = [...this.#deadlines].filter(({ at }) => at <= now);
    for (const { abort } of due.toSorted((a, b) => a.at - b.at)) abort();
    for (const { timer } of this.#deadlines) timer.refresh();
    this.look();
  }

  /** The end of one request often starts another, a few turns later. */
  #wait(look: number, turns: number): void {
    const isLast = look === this.#looks && this.#sleeper.isRunning && !this.#sleeper.isAsleep;
    if (!isLast || !this.#requests.isStuck()) return;
    if (turns > 0) setImmediate(() => this.#wait(look, turns - 1));
    else void this.#sleeper.sleep(this.#leftMs());
  }

  #leftMs(): number {
    const firstAt = Math.min(...[...this.#deadlines].map(({ at }) => at));
    return Math.max(0, firstAt - this.#now());
  }

  /** Timeouts that an earlier invocation has left never end: its instance was frozen. */
  forget(): void {
    for (const { timer } of this.#deadlines) clearTimeout(timer);
    this.#deadlines.clear();
  }
}
