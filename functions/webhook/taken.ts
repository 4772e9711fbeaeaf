/** A job that is not queued any more: it launches nothing, and the machine of one that is completed may go. */
import type { Ports } from "../../shared/invocation.ts";
import { accept, withdraw } from "./accept.ts";
import { documentRefusal } from "./documents.ts";
import { enqueueEnd, enqueueLaunch } from "./senders/parse-webhook.ts";
import type { ParsedWebhook } from "./senders/sender.ts";

type Taken = Extract<ParsedWebhook, { kind: "taken" }>;

/** The answer to the delivery. @throws CloudError when it cannot be written down */
export async function takeJob(sender: string, { job, reason, ended }: Taken, ports: Ports) {
  const cancelled = await withdraw(enqueueLaunch(sender, job), reason, ports);
  const said = { ignored: reason, ...(cancelled !== undefined && { cancelled }) };
  if (ended === undefined) return said;
  const request = enqueueEnd(sender, job, ended);
  const refusals = await Promise.all(
    ended.fleets.map((fleet) =>
      documentRefusal({ ...request, request: { ...request.request, fleet } }, ports),
    ),
  );
  if (refusals.every((refusal) => refusal !== undefined)) return said;
  const { run, repeated } = await accept(request, ports);
  return { ...said, runs: [{ run, status: `/runs/${run}`, ...(repeated && { repeated }) }] };
}
