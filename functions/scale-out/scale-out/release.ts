/** `release`: deletes instances that CreateInstance created and that were never started. */
import * as z from "zod/mini";
import { deleteInstance, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { plannedEvent, Progress, withNotes, type PlannedEvent } from "./events.ts";
import { Finish } from "./finish.ts";
import { canRelease, launchedBy, summarize } from "./launched.ts";

/** `reason`: why the run ends early. */
const Release = plannedEvent("release", { progress: Progress, reason: z.optional(z.string()) });
type Release = EventOf<typeof Release>;

/** The end of a run, for a `reason` when it ends early. Only CreateInstance leaves instances that were never started. */
export function toRelease({ input, progress }: PlannedEvent, reason?: string, note?: string): Outcome {
  const type = input.document.via === "CreateInstance" ? Release : Finish;
  return next<Release | EventOf<typeof Finish>>(type, { progress, reason }, { note });
}

/** One a step. A subscription cannot be released and is only reported. */
async function releaseUnstarted(event: Release, { cloud, clock }: Ports): Promise<Outcome> {
  const { run, progress, reason } = event;
  const unstarted = (await launchedBy(run, cloud)).filter(isUnstarted);
  const first = unstarted.find(canRelease);
  if (first?.status === "Pending")
    return poll(event, clock, PACE.step, `${first.id} cannot be released while it is created`);
  if (first) {
    await deleteInstance(cloud, first.id);
    return poll(event, clock, PACE.step, `${first.id} was never started and is released`);
  }
  const paid = summarize(unstarted.map(({ id }) => id));
  const note = `${paid}: a subscription is paid to its end and cannot be released; start it or let it be refunded in the console`;
  return next(Finish, { progress: paid === "" ? progress : withNotes(progress, note), reason });
}

const isUnstarted = ({ startedAt, status }: Instance): boolean =>
  startedAt === undefined && (status === "Stopped" || status === "Pending");

export const release = phase(Release, {
  limitMs: minutes(30),
  run: releaseUnstarted,
  cancel: ({ progress, reason: earlier }, reason) => next(Release, { progress, reason: earlier ?? reason }),
  compensate: ({ progress, reason: earlier }, reason) =>
    next(Finish, { progress, reason: earlier ?? reason }),
});
