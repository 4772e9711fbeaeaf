/** The lock of a family: one promotion or rollback of it changes regions at a time. */
import type { Ports } from "../../../shared/invocation.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { acquireLock, holderOf, releaseLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { servedIn } from "./served.ts";

type FamilyEvent = WorkflowEvent & { readonly input: { readonly family: string } };

const subjectOf = (family: string): string => `family-${family}`;

/** Acquires the lock for the run of `event`. Returns undefined on success, else a wait for its holder. */
export async function lockFamily(event: FamilyEvent, { cloud, clock }: Ports) {
  const { family } = event.input;
  const holder = await acquireLock(cloud, subjectOf(family), event.run, clock.now());
  return holder === undefined
    ? undefined
    : poll(event, clock, PACE.lock, `family ${family} is being changed by ${holder}`);
}

export const unlockFamily = ({ input, run }: FamilyEvent, { cloud }: Ports): Promise<void> =>
  releaseLock(cloud, subjectOf(input.family), run);

/** For dry runs: what the family answers with in each region, and the run that the real one would wait for. */
export async function familyNow(family: string, regions: readonly string[], ports: Ports) {
  const holder = await holderOf(ports.cloud, subjectOf(family), ports.clock.now());
  const serves = await servedIn(family, regions, ports);
  return { serves, ...(holder !== undefined && { waitsFor: holder }) };
}
