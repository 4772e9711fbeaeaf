/** How long a phase waits before it looks again. */
import { minutes, seconds } from "../duration.ts";
import type { Clock } from "../ports.ts";
import type { WorkflowEvent } from "./envelope.ts";
import { wait } from "./workflow.ts";

/**
 * First and longest wait, milliseconds. In between, a wait is a part of the time the phase has taken so far, a tenth by
 * default. None is longer than an event can be delayed.
 */
interface Pace {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly part?: number;
}

export const PACE = {
  /** The change is made one by one, and the next can follow at once. */
  step: { firstMs: seconds(3), maxMs: seconds(10) },
  /** A command inside an instance. */
  command: { firstMs: seconds(10), maxMs: seconds(30) },
  /** An instance that starts, stops or reboots. */
  instance: { firstMs: seconds(15), maxMs: minutes(1) },
  /** A builder that shuts down, with what it still writes. */
  shutdown: { firstMs: seconds(30), maxMs: minutes(1) },
  /** An image, a copy, an import. */
  image: { firstMs: seconds(30), maxMs: minutes(5) },
  /** A family that does not answer with another image yet. */
  family: { firstMs: seconds(15), maxMs: minutes(1) },
  /** The answer of an operator, which sends an event of its own: a look only ends the wait in time. */
  approval: { firstMs: minutes(10), maxMs: minutes(55), part: 0.5 },
  /** A lock that another run holds. */
  lock: { firstMs: minutes(1), maxMs: minutes(10) },
} as const satisfies Record<string, Pace>;

/** The first look at an instance that boots for the first time: most are not ready for commands before. */
export const FIRST_BOOT_MS = seconds(30);

/** The first look at an image that is made of a disk: it takes minutes. */
export const FIRST_IMAGE_MS = minutes(1);

/** Waits for the world, longer the longer this phase has waited. */
export function poll({ phaseStartedAt }: WorkflowEvent, clock: Clock, pace: Pace, note: string) {
  const { firstMs, maxMs, part = 0.1 } = pace;
  const partMs = Math.round((clock.now() - phaseStartedAt) * part);
  return wait(Math.min(maxMs, Math.max(firstMs, partMs)), note);
}
