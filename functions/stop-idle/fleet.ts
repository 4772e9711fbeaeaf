/** What a run knows of its fleet, and how those that are left out are told. */
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Outcome } from "../../shared/machine.ts";
import type { Refused } from "../../shared/each.ts";
import { MOST_TOLD } from "./report.ts";

/** Adds to the refusals of a run; each is a line a person can read. */
export function withRefusals(
  { refused, refusals }: { readonly refused: readonly string[]; readonly refusals: number },
  more: readonly Refused[],
): { refused: string[]; refusals: number } {
  const lines = more.map(({ id, code, message }) => `${id}: ${code} ${message}`.slice(0, 300));
  return { refused: [...refused, ...lines].slice(0, MOST_TOLD), refusals: refusals + more.length };
}

/** The object whose holder looks after a fleet. */
export const claimOf = (fleet: string): string => `idle-${fleet}`;

export function policyOf({ job, phase }: IdleEvent): IdlePolicy {
  if (job.policy === undefined) throw new TypeError(`phase ${phase} of an idle check has no policy`);
  return job.policy;
}

export type Phase<K extends IdleEvent["phase"]> = Extract<IdleEvent, { phase: K }>;
export type IdleOutcome = Outcome<IdleEvent>;
