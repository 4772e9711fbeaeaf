/**
 * Spot instances that the cloud takes back: their fleets are notified. The notice is a lock, five minutes before the end, so
 * the resend timer sees it. https://www.alibabacloud.com/help/en/ecs/user-guide/query-the-interruption-events-of-preemptible-instances
 *
 * SPOT-1. A run for each fleet names the members that are taken back together. The same members since the same start are the
 *     same run, however often they are seen.
 * SPOT-2. Nothing changes here: a fleet whose size is kept is reconciled, and in others the sender of system events decides.
 */
import * as z from "zod/mini";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import { beginRun } from "../../../shared/workflow/begin.ts";
import { eventsWith, firstEvent, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId, subjectOf } from "../../../shared/workflow/run-id.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { done, phase, type RunRequest, type Workflow } from "../../../shared/workflow/workflow.ts";

const input = { fleet: Name, instances: z.array(z.string()) };
const Note = eventsWith(z.strictObject(input))("note", {});
const NoteRequest = z.strictObject({ ...requestShape, request: z.literal("note-spot"), ...input });

/** Begins a run for each fleet with members that are taken back. Returns the new runs. */
export async function watchSpot(ports: Ports): Promise<readonly string[]> {
  const { cloud } = ports;
  const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
  const found = await describeInstances(cloud, { tags, lock: "Recycling" });
  const fleets = found.flatMap((instance) => Name.safeParse(instance.tags[TAG.fleet]).data ?? []);
  const runs: string[] = [];
  for (const fleet of new Set(fleets)) {
    const members = found.filter((instance) => isMember(cloud, instance, fleet));
    const instances = members.map(({ id }) => id).toSorted();
    const startedAt = Math.max(...members.map(({ startedAt: at, createdAt }) => at ?? createdAt));
    const run = runId("spot", fleet, startedAt, [cloud.access.bucket, startedAt, ...instances]);
    if ((await readRunLog(cloud, run)).end > 0) continue;
    const request = { v: 1, request: "note-spot", fleet, instances };
    await beginRun({ run, by: "timer:resend", request }, ports);
    runs.push(run);
  }
  return runs;
}

/** A fleet whose size is kept gets others at once. */
async function reconciles({ run, startedAt }: WorkflowEvent, { cloud }: Ports): Promise<RunRequest[]> {
  const fleet = subjectOf(run);
  const loaded = await loadFleet(cloud, fleet);
  if ("problem" in loaded || !isSized(loaded.document)) return [];
  const request = { v: 1, request: "reconcile", fleet } as const;
  return [{ run: runId("size", fleet, startedAt, ["spot", run]), by: run, request }];
}

export const spot: Workflow = {
  kind: "spot",
  phases: [
    phase(Note, {
      limitMs: minutes(30),
      run: ({ input: { fleet, instances } }) => Promise.resolve(done({ fleet, lost: instances })),
    }),
  ],
  begin: (event) => {
    const { fleet, instances } = parse(NoteRequest, event.input, "notice of spot instances");
    return firstEvent(Note, event, { fleet, instances }, {});
  },
  onComplete: async (event, completion, ports) => ({
    ...(await afterFleetRun(event, completion, ports)),
    runs: await reconciles(event, ports),
  }),
};
