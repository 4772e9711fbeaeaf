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

/** Releases the instance of the run, or keeps it for debugging. Undefined when there is nothing left to do. */
export async function releaseInstance(
  event: Releasing,
  { role, keepFailedMs }: Options,
  { cloud, clock }: Ports,
): Promise<Outcome | undefined> {
  const { run, instanceId, verdict, phaseStartedAt } = event;
  const known = instanceId === undefined ? ok(undefined) : await ownInstance(cloud, run, instanceId);
  if (!known.ok) return failed(`${verdict.ok ? "" : `${verdict.reason}; `}${known.problem}`);
  // By its tags as well: a launch whose answer was lost made an instance that no event names.
  const tagged = await launchedBy(cloud, run, role);
  const left = known.value ?? tagged[0];
  if (left === undefined) return undefined;
  if (!verdict.ok && keepFailedMs !== undefined) {
    await setAutoRelease(cloud, left.id, keptUntil(phaseStartedAt, keepFailedMs));
    return undefined;
  }
  await deleteInstance(cloud, left.id, { force: true });
  return poll(event, clock, PACE.step, `${left.id} is being released`);
}

const keptUntil = (from: number, keepFailedMs: number): number =>
  from + Math.max(keepFailedMs, EXPIRY_MIN_MS);

/** The reason of a failed run, with the instance that is kept for debugging. */
export function reasonWithKept(
  { instanceId, phaseStartedAt }: Releasing,
  reason: string,
  keepFailedMs: number | undefined,
): string {
  if (instanceId === undefined || keepFailedMs === undefined) return reason;
  return `${reason}; ${instanceId} is kept until ${utcMinute(keptUntil(phaseStartedAt, keepFailedMs))}`;
}

/** The message about an instance that could not be released. The janitor keeps instances of failed runs. */
export const leftInstance = (instanceId: string): string =>
  `${instanceId} is left; it releases itself at its AutoReleaseTime`;
