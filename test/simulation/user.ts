/** Users and callers of a simulation: scripts whose waits pass in the cloud's time. */
import type { Cloud } from "../cloud/index.ts";

/** Goes on so many milliseconds of the cloud's time later. */
export type Wait = (ms: number) => Promise<void>;

/**
 * Runs a script beside the cloud. The clock stands still while the script does something, so that one seed gives one
 * history. @returns whether the script is over; `settle` throws its error.
 */
export function startUser({ time }: Cloud, script: (wait: Wait) => Promise<void>): () => boolean {
  let isOver = false;
  let pause = (): void => {};
  const go = (resume: () => void): Promise<void> =>
    new Promise((resolve, reject) => {
      pause = resolve;
      fail = reject;
      resume();
    });
  let fail: (error: unknown) => void = () => {};
  const wait: Wait = (ms) =>
    new Promise((resolve) => {
      time.after(Math.round(ms), { label: "user", background: true }, () => go(resolve));
      pause();
    });
  const begin = async (): Promise<void> => {
    try {
      await script(wait);
      isOver = true;
      pause();
    } catch (error) {
      fail(error);
    }
  };
  time.after(0, { label: "user", background: true }, () => go(() => void begin()));
  return () => isOver;
}
