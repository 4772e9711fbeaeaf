/** Releasing an ephemeral instance, in a phase of the workflow, which has more to clean up than the instance. */
import * as z from "zod/mini";
import { deleteInstance, setAutoRelease } from "../cloud/ecs/instances.ts";
import type { Ports } from "../invocation.ts";
import { utcMinute } from "../duration.ts";
import { ok } from "../result.ts";
import { Verdict, type WorkflowEvent } from "../workflow/envelope.ts";
import { PACE, poll } from "../workflow/poll.ts";
import { failed, type Outcome } from "../workflow/workflow.ts";
import { InstanceId } from "./events.ts";
import { launchedBy, ownInstance } from "./own.ts";
import { EXPIRY_MIN_MS, type EphemeralRole } from "./spec.ts";

/** State of the workflow's phase that releases its instance. */
export const releasing = { instanceId: z.optional(InstanceId), verdict: Verdict };

interface Releasing extends WorkflowEvent {
  readonly instanceId?: string | undefined;
  readonly verdict: Verdict;
}

interface Options {
  readonly role: EphemeralRole;
  /** Keeps the instance of a failed run this long for debugging; undefined releases it at once. */
  readonly keepFailedMs?: number | undefined;
}

/** `outcome` while there is something left to do; `kept`: the instance that is kept, and until when, for the reason. */
interface Released {
  readonly outcome?: Outcome;
  readonly kept?: string;
}

/** Releases the instance of the run, or keeps it for debugging. */
export async function releaseInstance(
  event: Releasing,
  { role, keepFailedMs }: Options,
  { cloud, clock }: Ports,
): Promise<Released> {
  const { run, instanceId, verdict, phaseStartedAt } = event;
  const known = instanceId === undefined ? ok(undefined) : await ownInstance(cloud, run, instanceId);
  if (!known.ok) return { outcome: failed(`${verdict.ok ? "" : `${verdict.reason}; `}${known.problem}`) };
  // By its tags as well: a launch whose answer was lost made an instance that no event names.
  const tagged = await launchedBy(cloud, run, role);
  const left = known.value ?? tagged[0];
  if (left === undefined) return {};
  if (!verdict.ok && keepFailedMs !== undefined) {
    const until = phaseStartedAt + Math.max(keepFailedMs, EXPIRY_MIN_MS);
    await setAutoRelease(cloud, left.id, until);
    return { kept: `${left.id} is kept until ${utcMinute(until)}` };
  }
  await deleteInstance(cloud, left.id, { force: true });
  return { outcome: poll(event, clock, PACE.step, `${left.id} is being released`) };
}

/** The reason of a failed run, with the instance that is kept. */
export const withKept = (reason: string, { kept }: Released): string =>
  kept === undefined ? reason : `${reason}; ${kept}`;

/** The message about an instance that could not be released. The janitor keeps instances of failed runs. */
export const leftInstance = (instanceId: string): string =>
  `${instanceId} is left; it releases itself at its AutoReleaseTime`;
