/**
 * Time that passes by itself, for clients outside of this process.
 *
 * PACE-1. The cloud's time is real time times a factor, but it never outruns the work that is due: it stands still while an
 *     invocation runs, and catches up afterwards. So no event is late or lost because the factor is large.
 * PACE-2. One thing moves the clock at a time: the pace, or a skip.
 */
import type { Timeline } from "./time.ts";

/** Real milliseconds between two looks at the clock, and the most that one of them makes up for. */
const TICK_MS = 10;
const STEP_MS = 250;

export class Pace {
  readonly #time: Timeline;
  #speed = 0;
  /** The cloud's time when the real clock showed `#realFrom`. */
  #from = 0;
  #realFrom = 0;
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(time: Timeline) {
    this.#time = time;
  }

  /** @param speed how much faster than real time the cloud's passes from now on; 0: it stands still but for skips */
  run(speed: number): void {
    this.#speed = speed;
    this.#from = this.#time.now();
    this.#realFrom = performance.now();
    clearTimeout(this.#timer);
    if (speed > 0) this.#wait();
  }

  /**
   * Lets so many milliseconds of the cloud's time pass at once. When it resolves, every event due by then has been sent, and
   * no invocation runs: time goes on for those that would sleep longer. @throws what an event throws
   */
  skip(forMs: number): Promise<void> {
    return this.#take(async () => {
      const before = this.#time.now();
      await this.#time.settle({ forMs, maxEvents: Number.POSITIVE_INFINITY });
      if (this.#time.isWorking) await this.#time.settle({ until: () => !this.#time.isWorking });
      this.#from += this.#time.now() - before;
    });
  }

  #take(work: () => Promise<void>): Promise<void> {
    const taken = this.#turn.then(work);
    this.#turn = taken.catch(() => {});
    return taken;
  }

  #wait(): void {
    // An event that throws is a bug of the local cloud: left uncaught, it ends the process.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#take(() => this.#step()), TICK_MS);
  }

  async #step(): Promise<void> {
    const dueAt = this.#from + (performance.now() - this.#realFrom) * this.#speed;
    const forMs = Math.min(Math.floor(dueAt - this.#time.now()), STEP_MS * this.#speed);
    if (forMs > 0) await this.#time.settle({ forMs, maxEvents: Number.POSITIVE_INFINITY });
    if (this.#speed > 0) this.#wait();
  }
}
