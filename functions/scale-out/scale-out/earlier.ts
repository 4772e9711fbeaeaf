/**
 * `earlier`: a job that is announced again, after an approval, needs an instance only if the one of its earlier announcement is
 * gone. One that is stopped takes no job; the run goes on, and starts it again where the fleet allows that.
 *
 * EARLIER-1. A machine that runs is not free when it was started for another run since, or has begun another job. Whether that
 *     one is over nothing says, and a machine too many costs less than a job that waits for ever.
 * EARLIER-2. A machine that another job took may have been replaced (OTHER-JOB-2): the replacement is one of this job.
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
import { replacementOf, subjectOf } from "../../../shared/workflow/run-id.ts";
import {
  isEnded,
  readRunLog,
  standing,
  type Ended,
  type Standing,
} from "../../../shared/workflow/run-log.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { launchedBy } from "./launched.ts";
import { Earlier, Plan } from "./start.ts";

/** The instances in the result of a scale-out, woken ones included. */
const Result = z.looseObject({ running: z._default(z.array(z.string()), []) });

async function lookForEarlier(event: Earlier, { cloud, clock }: Ports): Promise<Outcome> {
  const { after, input } = event;
  const runs = await runsOfJob(after, cloud);
  if (runs.length === 0) return failed(`${after} of the same job has no log, so its instances are not known`);
  const found: string[] = [];
  for (const [run, now] of runs) {
    if (!isEnded(now)) return poll(event, clock, PACE.lock, `${run} of the same job is at work`);
    found.push(...(await freeOf(run, now, event, cloud)));
  }
  const running = [...new Set(found)];
  if (running.length === 0) return next(Plan, {}, { note: `no instance of ${after} is free` });
  const why = `${after} of the same job has ${running.join(", ")}`;
  return done({ fleet: input.fleet, asked: input.count, count: 0, running, why });
}

const Asked = z.looseObject({ after: z.optional(z.string()) });

/** The runs of a job: `run`, those of its earlier announcements, and those that replaced a machine which was taken (EARLIER-2). */
async function runsOfJob(run: string, cloud: CloudClient, askedAt?: number): Promise<[string, Standing][]> {
  const log = await readRunLog(cloud, run);
  const now = standing(run, log);
  const [first] = log.lines;
  if (now === undefined || first?.line.kind !== "input") return [];
  const at = askedAt ?? first.line.at;
  const { after } = Asked.safeParse(first.line.input).data ?? {};
  return [
    [run, now],
    ...(await runsOfJob(replacementOf(run, subjectOf(run), at), cloud, at)),
    ...(after === undefined ? [] : await runsOfJob(after, cloud)),
  ];
}

/** The machines of a run that can take the job. */
async function freeOf(
  run: string,
  now: Ended,
  { job, input }: Earlier,
  cloud: CloudClient,
): Promise<string[]> {
  const ids = Result.safeParse(now.completion.result ?? {}).data?.running ?? [];
  const found = [...(await describeInstances(cloud, { ids })), ...(await launchedBy(run, cloud))];
  const there = found.filter((one) => isMember(cloud, one, input.fleet) && !isDown(one));
  const since = now.event.startedAt;
  const free = await inBatches(there, (one) => isFree(one, { run, job, input, since }, cloud));
  return there.filter((_, n) => free[n]).map(({ id }) => id);
}

/** EARLIER-1. `since`: the begin of the earlier run, before which the machine was not started for it. */
async function isFree(
  machine: Instance,
  { run, job, input, since }: Pick<Earlier, "run" | "job" | "input"> & { readonly since: number },
  cloud: CloudClient,
): Promise<boolean> {
  const woken = wakeOf(machine.tags);
  if (woken?.run !== undefined && woken.run !== run && (woken.at ?? since) >= since) return false;
  const { id, name, hostName = id } = machine;
  const begun = await inBatches([...new Set([id, name, hostName])], (runner) =>
    hasBegunOther({ fleet: input.fleet, runner }, { after: since, own: job }, cloud),
  );
  return !begun.includes(true);
}

export const earlier = phase(Earlier, { limitMs: hours(2), run: lookForEarlier });
