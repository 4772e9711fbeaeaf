/** The lock of a family: one promotion or rollback of it changes regions at a time. */
import type { Ports } from "../../../shared/invocation.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { acquireLock, holderOf, releaseLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { servedIn } from "./served.ts";

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

/** For dry runs: what the family answers with in each region, and the run that the real one would wait for. */
export async function familyNow(family: string, regions: readonly string[], ports: Ports) {
  const holder = await holderOf(subjectOf(family), ports);
  const serves = await servedIn(family, regions, ports);
  return { serves, ...(holder !== undefined && { waitsFor: holder }) };
}
