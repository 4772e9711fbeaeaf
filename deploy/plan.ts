/** The changes of a command, in order: each is printed, and made unless the command only plans. */

export class Plan {
  /** Changes said so far. */
  changes = 0;
  readonly #isDry: boolean;
  readonly #out: (line: string) => void;

  constructor(isDry: boolean, out: (line: string) => void) {
    this.#isDry = isDry;
    this.#out = out;
  }

  get isDry(): boolean {
    return this.#isDry;
  }

  /** `what` begins with a verb: "create role x". */
  async change(what: string, make: () => Promise<unknown>): Promise<void> {
    this.changes++;
    this.#out(this.#isDry ? `would ${what}` : what);
    if (!this.#isDry) await make();
  }

  note(line: string): void {
    this.#out(line);
  }
}

/** Does work that is safe to repeat. When it ends early after its first change, it says how to go on. */
export async function goingOn(plan: Plan, command: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!plan.isDry && plan.changes > 0)
      plan.note(
        `not finished, for the reason below; then run ${command} again, which goes on where it stopped`,
      );
    throw error;
  }
}

/**
 * Walks twice: first without a change and without a word, so that a refusal comes before the first change.
 * Answers how many changes there were.
 */
export async function inTwoPasses(plan: Plan, walk: (plan: Plan) => Promise<void>): Promise<number> {
  await walk(new Plan(true, () => {}));
  await walk(plan);
  return plan.changes;
}
