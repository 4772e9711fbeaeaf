/**
 * A runner that takes a job while it is the machine of another job that still waits: one more is launched for that one, of the
 * fleet of the machine. Runners take jobs that ask for fewer labels than they have, so the job that is taken may be of another
 * fleet, or of none. It is a machine of the fleets that the sender of the job may use: others may have runners of the same name.
 *
 * OTHER-JOB-1. A job of the same fleet whose launch is not cancelled, and has not failed, has a machine of its own, which the
 *     other job can take.
 * OTHER-JOB-2. A machine has one replacement, whoever took it and however often that is announced; one that is taken itself is
 *     replaced like the first.
 */
import * as z from "zod/mini";
import type { Ports } from "../../../shared/invocation.ts";
import { lastStartAt, ownerOf } from "../../../shared/instance-tags.ts";
import { membersNamed } from "../../../shared/limits/members.ts";
import { isRunId } from "../../../shared/names.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { TAG } from "../../../shared/tags.ts";
import { takenByShape, type TakenBy, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { replacementOf } from "../../../shared/workflow/run-id.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import type { Completion, RunRequest } from "../../../shared/workflow/workflow.ts";

/** Says that a runner has begun a job, whose launch is not cancelled; `fleet` is that of the machine which the job has or may get. */
export const TakenRequest = z.strictObject({
  ...requestShape,
  request: z.literal("machine-taken"),
  fleet: z.optional(z.string()),
  ...takenByShape,
});

const Result = z.looseObject({ count: z.int() });

/** The run that launches for the other job, after the launch of the job that took its machine is cancelled. */
export async function launchForOther(
  { run, by, cancelled }: WorkflowEvent,
  { kind, result }: Completion,
  ports: Pick<Ports, "cloud">,
): Promise<readonly RunRequest[]> {
  const { takenBy } = cancelled ?? {};
  const hasLaunched = (Result.safeParse(result).data?.count ?? 0) > 0;
  if (kind !== "cancelled" || takenBy === undefined || hasLaunched) return [];
  return replacement(takenBy, by, (one) => one.owner !== run, ports);
}

/** The run that launches for the other job, when a job of another fleet, or of none, has taken its machine (OTHER-JOB-1). */
export const replaceTaken = (
  { fleet, ...taken }: z.infer<typeof TakenRequest>,
  by: string,
  ports: Pick<Ports, "cloud">,
): Promise<readonly RunRequest[]> => replacement(taken, by, (one) => one.fleet !== fleet, ports);

/** None unless the log of the launch, or of the start, of the machine shows that its job waits. */
async function replacement(
  { runner, at, fleets }: TakenBy,
  by: string,
  isOther: (machine: { readonly fleet: string; readonly owner: string }) => boolean,
  { cloud }: Pick<Ports, "cloud">,
): Promise<readonly RunRequest[]> {
  const [machine, ...others] = (await membersNamed(cloud, runner, fleets)).filter(
    (one) => lastStartAt(one) <= at,
  );
  if (machine === undefined || others.length > 0) return [];
  const { [TAG.fleet]: fleet = "" } = machine.tags;
  const owner = ownerOf(machine) ?? "";
  if (!isRunId(owner) || !isOther({ fleet, owner })) return [];
  const job = await waitingJob(owner, cloud);
  if (job === undefined) return [];
  const run = replacementOf(owner, fleet, job.at);
  return [{ run, by, request: { v: 1, request: "scale-out", fleet, count: 1, forJob: job.run } }];
}

/** The run that was asked for by the job of a launch, while no runner has taken that job, as far as is known; and when. */
async function waitingJob(
  run: string,
  cloud: Ports["cloud"],
): Promise<{ readonly run: string; readonly at: number } | undefined> {
  const { lines } = await readRunLog(cloud, run);
  const [first] = lines.flatMap(({ line }) => (line.kind === "input" ? [line] : []));
  if (first === undefined) return undefined;
  const { forJob } = first.input;
  if (typeof forJob === "string") return waitingJob(forJob, cloud);
  const isOver = lines.some(({ line }) => line.kind === "taken" || line.kind === "cancel");
  return "announcedAt" in first.input && !isOver ? { run, at: first.at } : undefined;
}
