/** Refusals of the commands: everything that is wrong at once, each with what to do. */

/** Reasons to refuse a command before its first change. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Settings that are missing or wrong, as a command line may be. */
export class WrongSettings extends Refusal {}

/** A command that was ended from outside. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A command line that cannot be read. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws Refusal unless there is no problem. */
export function refuseAny(problems: readonly string[]): void {
  if (problems.length > 0) throw new Refusal(problems);
}
