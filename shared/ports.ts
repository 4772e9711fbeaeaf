/**
 * Ports to the machine: clock, random numbers, log.
 * Only this file and the config.ts files may touch the real ones.
 */
import { redactShown } from "./redact.ts";

import { setTimeout } from "node:timers/promises";

/** The time in epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Aborts once so many milliseconds have passed. For calls that do not answer: waiting is an event with a delay. */
  after(ms: number): AbortSignal;
  /** Waits inside the invocation; only for delays that the platform does not keep. */
  sleep(ms: number): Promise<void>;
}

/** A random number in [0, 1). */
export interface Random {
  next(): number;
}

/** Writes one line of the function's log. Known secrets, and values under keys that look like secrets, are left out. */
export type Log = (line: Readonly<Record<string, unknown>>) => void;

/** The ports of `connect` and of every phase. */
export interface BasePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const SECRET_KEY =
  /secret|password|passwd|credential|authorization|signature|securitytoken|accesskey|userdata/i;

/** JSON of `line` on one line, with "[hidden]" for known secrets and for every value whose key looks like a secret. */
export function logLine(line: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(line, (key, value: unknown) => {
    // `{ secretName: undefined }` and the like stay silent instead of hinting at a secret.
    if (value !== undefined && SECRET_KEY.test(key)) return "[hidden]";
    if (value instanceof Error) return { name: value.name, message: value.message };
    return typeof value === "string" ? redactShown(value) : value;
  });
}

/** The machine's clock and random numbers, and the log that the platform collects from standard output. */
export const real: BasePorts = {
  clock: {
    now: () => Date.now(),
    after: (ms) => AbortSignal.timeout(Math.round(ms)),
    sleep: (ms) => setTimeout(ms),
  },
  random: { next: () => Math.random() },
  // oxlint-disable-next-line no-console -- the one place that writes: the platform reads stdout
  log: (line) => console.log(logLine(line)),
};
