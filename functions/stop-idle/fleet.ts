/** The fleet of a run: its document, its members, and how those that are left out are told. */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import { TAG } from "../../shared/labels.ts";
import type { Outcome } from "../../shared/machine.ts";
import type { Refused } from "../../shared/each.ts";
import { MOST_TOLD } from "./report.ts";

export const membersOf = (cloud: CloudClient, fleet: string): Promise<Instance[]> =>
  describeInstances(cloud, { tags: { [TAG.fleet]: fleet, [TAG.role]: "member" }, many: true });

/** Whether an instance that was found by its id belongs to the fleet. */
export const isMember = ({ tags }: Instance, fleet: string): boolean =>
  tags[TAG.fleet] === fleet && tags[TAG.role] === "member";

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
