/**
 * `earlier`: a job that is announced again, after an approval, needs an instance only if the one of its earlier announcement is
 * gone. One that is stopped takes no job; the run goes on, and starts it again where the fleet allows that.
 *
 * EARLIER-1. A machine that runs is not free when it was started for another run since, or has begun another job. Whether that
 *     one is over nothing says, and a machine too many costs less than a job that waits for ever.
 */
import * as z from "zod/mini";
import { hasBegunOther } from "../../../shared/begun-jobs.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { hours } from "../../../shared/duration.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import { isDown, wakeOf } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { isEnded, readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { launchedBy } from "./launched.ts";
import { Earlier, Plan } from "./start.ts";

/** The instances in the result of a scale-out, woken ones included. */
const Result = z.looseObject({ running: z._default(z.array(z.string()), []) });

async function lookForEarlier(
  { after, job, input, ...event }: Earlier,
  { cloud, clock }: Ports,
): Promise<Outcome> {
  const now = standing(after, await readRunLog(cloud, after));
  if (now === undefined) return failed(`${after} of the same job has no log, so its instances are not known`);
  if (!isEnded(now))
    return poll({ ...event, input }, clock, PACE.lock, `${after} of the same job is at work`);
  const ids = Result.safeParse(now.completion.result ?? {}).data?.running ?? [];
  const found = [...(await describeInstances(cloud, { ids })), ...(await launchedBy(after, cloud))];
  const there = found.filter((one) => isMember(cloud, one, input.fleet) && !isDown(one));
  const since = now.event.startedAt;
  const free = await inBatches(there, (one) => isFree(one, { after, job, input, since }, cloud));
  const running = [...new Set(there.filter((_, n) => free[n]).map(({ id }) => id))];
  if (running.length === 0) return next(Plan, {}, { note: `no instance of ${after} is free` });
  const why = `${after} of the same job has ${running.join(", ")}`;
  return done({ fleet: input.fleet, asked: input.count, count: 0, running, why });
}

/** EARLIER-1. `since`: the begin of the earlier run, before which the machine was not started for it. */
async function isFree(
  machine: Instance,
  { after, job, input, since }: Pick<Earlier, "after" | "job" | "input"> & { readonly since: number },
  cloud: CloudClient,
): Promise<boolean> {
  const woken = wakeOf(machine.tags);
  if (woken?.run !== undefined && woken.run !== after && (woken.at ?? since) >= since) return false;
  const { id, name, hostName = id } = machine;
  const begun = await inBatches([...new Set([id, name, hostName])], (runner) =>
    hasBegunOther({ fleet: input.fleet, runner }, { after: since, own: job }, cloud),
  );
  return !begun.includes(true);
}

export const earlier = phase(Earlier, { limitMs: hours(2), run: lookForEarlier });
