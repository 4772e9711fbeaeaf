/** Users and callers of a simulation: scripts whose waits pass in the cloud's time. */
import type { Cloud } from "../cloud/index.ts";

export interface Wait {
  /** Goes on so many milliseconds of the cloud's time later. */
  (ms: number): Promise<void>;
  /**
   * Waits for a call to a function, which holds the clock (`time.hold`). So time passes until its answer comes only while
   * the function sleeps or its own calls hang.
   */
  answer<T>(call: () => Promise<T>): Promise<T>;
}

/**
 * Runs a script beside the cloud. The clock stands still while the script does something, so that one seed gives one
 * history. @returns whether the script is over; `settle` throws its error.
 */
export function startUser(cloud: Cloud, script: (wait: Wait) => Promise<void>): () => boolean {
  const user = new User(cloud);
  user.start(script);
  return () => user.isOver;
}

class User {
  isOver = false;
  readonly #time: Cloud["time"];
  /** End the event in which the script does something. */
  #pause = (): void => {};
  #fail: (error: unknown) => void = () => {};

  constructor({ time }: Cloud) {
    this.#time = time;
  }

  start(script: (wait: Wait) => Promise<void>): void {
    const wait: Wait = Object.assign((ms: number) => this.#pass(ms), {
      answer: <T>(call: () => Promise<T>) => this.#answer(call),
    });
    const run = async (): Promise<void> => {
      try {
        await script(wait);
        this.isOver = true;
        this.#pause();
      } catch (error) {
        this.#fail(error);
      }
    };
    this.#goAfter(0, () => void run());
  }

  /** Lets the script go on in an event of its own. */
  #goAfter(ms: number, goOn: () => void): void {
    const go = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#pause = resolve;
        this.#fail = reject;
        goOn();
      });
    this.#time.after(Math.round(ms), { label: "user", background: true, alone: true }, go);
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#goAfter(ms, resolve);
      this.#pause();
    });
  }

  #answer<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void call().then(
        (value) => this.#goAfter(0, () => resolve(value)),
        (error: unknown) =>
          this.#goAfter(0, () => reject(error instanceof Error ? error : new Error(String(error)))),
      );
      this.#pause();
    });
  }
}
