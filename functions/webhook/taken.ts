/**
 * A job that is not queued any more: it launches nothing, and the machine of one that is completed may go. That a runner has
 * begun a job is written down: the end of an earlier one may come late, or once more.
 */
import { inBatches } from "../../shared/in-batches.ts";
import { answer, type HttpAnswer } from "../../shared/http/answer.ts";
import { putObject } from "../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../shared/invocation.ts";
import { begunFolder, begunJob, begunKey, digest } from "../../shared/keys.ts";
import { taskId } from "../../shared/names.ts";
import { send } from "../../shared/send.ts";
import type { Send } from "../../shared/workflow/workflow.ts";
import { accept, withdraw } from "./accept.ts";
import { accepted } from "./answer.ts";
import { documentRefusal } from "./documents.ts";
import { enqueueEnd, enqueueLaunch } from "./senders/parse-webhook.ts";
import type { LaunchRequest, RunnerOfJob, TakenJob } from "./senders/sender.ts";

/** The answer to the delivery. @throws CloudError when it cannot be written down */
export async function takeJob(
  sender: string,
  { job, reason, mayLaunch, begun, ended }: TakenJob,
  ports: Ports,
): Promise<HttpAnswer> {
  if (begun !== undefined && ended === undefined) await writeBegun(begun, job, ports);
  const by = { reason, ...(begun && { takenBy: begun }) };
  const launch = mayLaunch ? await withdraw(enqueueLaunch(sender, job), by, ports) : { hasMachine: false };
  if ("hasMachine" in launch && begun !== undefined && ended === undefined)
    await send(machineTaken(sender, begun, launch.hasMachine ? job.fleet : undefined), ports);
  const cancelled = "cancelled" in launch ? launch : {};
  const end = ended && (await endMachine(sender, job, ended, ports));
  return end === undefined
    ? answer(200, { ignored: reason, ...cancelled })
    : answer(202, { runs: [end], ...cancelled });
}

const writeBegun = ({ fleets, runner, at }: RunnerOfJob, { delivery }: LaunchRequest, { cloud }: Ports) =>
  inBatches(fleets, (fleet) =>
    putObject(cloud, begunKey(begunFolder(fleet, runner), at, begunJob(delivery)), JSON.stringify(delivery)),
  );

/** The machine may be that of another job, which then has none: scale-out sees that. */
const machineTaken = (
  sender: string,
  { runner, at, fleets }: RunnerOfJob,
  fleet: string | undefined,
): Send => ({
  to: "scale-out",
  taskId: taskId.taken(digest(JSON.stringify([sender, runner, at]))),
  event: {
    v: 1,
    request: "machine-taken",
    by: `sender:${sender}`,
    runner,
    at,
    fleets,
    ...(fleet && { fleet }),
  },
});

/** Undefined when all of its fleets are known to keep their machines; a document with mistakes says nothing about that. */
async function endMachine(sender: string, job: LaunchRequest, ended: RunnerOfJob, ports: Ports) {
  const { request, ...rest } = enqueueEnd(sender, job, ended);
  const refusals = await inBatches(ended.fleets, (fleet) =>
    documentRefusal({ ...rest, request: { ...request, fleet } }, ports),
  );
  if (refusals.every((refusal) => refusal !== undefined && refusal.status !== 422)) return undefined;
  const { run, repeated } = await accept({ ...rest, request }, ports);
  return { ...accepted(run), ...(repeated && { repeated }) };
}
