/** The lock of a family: one promotion or rollback of it changes regions at a time. */
import type { Ports } from "../../../shared/invocation.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { acquireLock, holderOf, releaseLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { SEEN_MS, servedIn } from "./served.ts";

type FamilyEvent = WorkflowEvent & { readonly input: { readonly family: string } };

const subjectOf = (family: string): string => `family-${family}`;

/** Acquires the lock for the run of `event`. Returns undefined on success, else a wait for its holder. */
export async function lockFamily(event: FamilyEvent, ports: Ports) {
  const { family } = event.input;
  const holder = await acquireLock(subjectOf(family), event.run, ports);
  return holder === undefined
    ? undefined
    : poll(event, ports.clock, PACE.lock, `family ${family} is being changed by ${holder}`);
}

export const unlockFamily = ({ input, run }: FamilyEvent, ports: Ports): Promise<void> =>
  releaseLock(subjectOf(input.family), run, ports);

/**
 * Makes a change while no promotion, rollback or undo moves the families: under their locks, and once lists show what the last
 * holder changed. Does not wait for a holder. @returns why the change is not made
 */
export async function whileAtRest<T>(
  families: readonly string[],
  run: string,
  ports: Ports,
  change: () => Promise<T>,
): Promise<Result<T>> {
  const subjects = [...new Set(families)].toSorted().map(subjectOf);
  try {
    for (const subject of subjects) {
      const holder = await acquireLock(subject, run, ports, SEEN_MS);
      if (holder !== undefined) return problem(`${subject.replace("-", " ")} is being changed by ${holder}`);
    }
    return ok(await change());
  } finally {
    for (const subject of subjects) await releaseLock(subject, run, ports);
  }
}

/** For dry runs: what the family answers with in each region, and the run that the real one would wait for. */
export async function familyNow(family: string, regions: readonly string[], ports: Ports) {
  const holder = await holderOf(subjectOf(family), ports);
  const serves = await servedIn(family, regions, ports);
  return { serves, ...(holder !== undefined && { waitsFor: holder }) };
}
