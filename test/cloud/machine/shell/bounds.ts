/**
 * How much one step may do. A loop without an end, a text that doubles or a function that calls itself would stop the
 * world's time and take the memory of the process it runs in; a real machine only becomes slow.
 */

/** What one step may spend: so many commands, or so many characters read, written and looked through. */
const MAX_COMMANDS = 200_000;
const COMMAND = 250;
/** Calls of functions within one another; a bit beyond it the stack of this process is full. */
const MAX_NESTED = 80;

/** A step went beyond a bound. It ends there, and what it did is reported as not simulated. */
export class Exceeded extends Error {}

export class Bounds {
  #left = MAX_COMMANDS * COMMAND;

  /** Pays for one command. */
  command(): void {
    this.spend(COMMAND);
  }

  /** Pays for characters, or for entries that are looked through, before they are made. */
  spend(count: number): void {
    this.#left -= count;
    if (this.#left >= 0) return;
    const megabytes = (MAX_COMMANDS * COMMAND) / 1_000_000;
    throw new Exceeded(`more than ${MAX_COMMANDS} commands or ${megabytes} MB in one step`);
  }

  nested(calls: number): void {
    if (calls > MAX_NESTED) throw new Exceeded(`more than ${MAX_NESTED} calls within one another`);
  }
}

/** What a step did too much of, if that is how it ended; the engine's own bounds count, too. */
export function excessOf(error: unknown): string | undefined {
  if (error instanceof Exceeded) return error.message;
  if (!(error instanceof RangeError)) return undefined;
  return /call stack/i.test(error.message)
    ? "commands nested too deep, or a list that is too long"
    : "a text or a list that is too long";
}
