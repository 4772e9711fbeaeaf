/**
 * A job whose launch is cancelled because a runner took it, while that runner is the machine of another job that still waits:
 * this one launches instead of it, or the other one gets no machine.
 */
import * as z from "zod/mini";
import type { Ports } from "../../../shared/invocation.ts";
import { lastStartAt } from "../../../shared/instance-tags.ts";
import { membersNamed } from "../../../shared/limits/members.ts";
import { TAG } from "../../../shared/tags.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId, subjectOf } from "../../../shared/workflow/run-id.ts";
import { readRunLog, type RunLog } from "../../../shared/workflow/run-log.ts";
import type { Completion, RunRequest } from "../../../shared/workflow/workflow.ts";

const Result = z.looseObject({ count: z.int() });

/** The run that launches for the other job; none unless the log of its own launch shows that it waits. */
export async function launchForOther(
  { run, by, startedAt, cancelled }: WorkflowEvent,
  { kind, result }: Completion,
  { cloud }: Pick<Ports, "cloud">,
): Promise<readonly RunRequest[]> {
  const { takenBy } = cancelled ?? {};
  const hasLaunched = (Result.safeParse(result).data?.count ?? 0) > 0;
  if (kind !== "cancelled" || takenBy === undefined || hasLaunched) return [];
  const fleet = subjectOf(run);
  const [machine, ...others] = (await membersNamed(cloud, takenBy.runner)).filter(
    (one) => one.tags[TAG.fleet] === fleet && lastStartAt(one) <= takenBy.at,
  );
  const owner = others.length > 0 ? undefined : machine?.tags[TAG.run];
  if (owner === undefined || owner === run || !isWaiting(await readRunLog(cloud, owner))) return [];
  const request = { v: 1, request: "scale-out", fleet, count: 1 } as const;
  return [{ run: runId("scale", fleet, startedAt, ["instead of", run]), by, request }];
}

/** Whether a run was asked for by a job that no runner has taken, as far as is known. */
function isWaiting({ lines }: RunLog): boolean {
  const isOfJob = lines.some(({ line }) => line.kind === "input" && "announcedAt" in line.input);
  return isOfJob && !lines.some(({ line }) => line.kind === "taken" || line.kind === "cancel");
}
