/**
 * `earlier`: a job that is announced again, after an approval, needs an instance only if the one of its earlier announcement is
 * gone. One that is stopped takes no job; the run goes on, and starts it again where the fleet allows that.
 */
import * as z from "zod/mini";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { hours } from "../../../shared/duration.ts";
import { isDown } from "../../../shared/instance-tags.ts";
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
  { after, input, ...event }: Earlier,
  { cloud, clock }: Ports,
): Promise<Outcome> {
  const now = standing(after, await readRunLog(cloud, after));
  if (now === undefined) return failed(`${after} of the same job has no log, so its instances are not known`);
  if (!isEnded(now))
    return poll({ ...event, input }, clock, PACE.lock, `${after} of the same job is at work`);
  const ids = Result.safeParse(now.completion.result ?? {}).data?.running ?? [];
  const found = [...(await describeInstances(cloud, { ids })), ...(await launchedBy(after, cloud))];
  const there = found.filter((one) => isMember(cloud, one, input.fleet) && !isDown(one));
  const running = [...new Set(there.map(({ id }) => id))];
  if (running.length === 0) return next(Plan, {}, { note: `no instance of ${after} is running` });
  const why = `${after} of the same job has ${running.join(", ")}`;
  return done({ fleet: input.fleet, asked: input.count, count: 0, running, why });
}

export const earlier = phase(Earlier, { limitMs: hours(2), run: lookForEarlier });
