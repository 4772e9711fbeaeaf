/**
 * Spot instances that the cloud takes back: their fleets are notified. The notice is a lock, five minutes before the end, so
 * the resend timer sees it. https://www.alibabacloud.com/help/en/ecs/user-guide/query-the-interruption-events-of-preemptible-instances
 *
 * SPOT-1. A run for each fleet names the members that are taken back together, and tags them, so that the next look does
 *     not name them again. A tag that cannot be written costs a second notification at most.
 * SPOT-2. Nothing else changes: whether another instance is launched, the sender of system events decides.
 */
import * as z from "zod/mini";
import { tagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { minutes } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { ownTags, ROLE, TAG, tagInstant } from "../../../shared/tags.ts";
import { beginRun } from "../../../shared/workflow/begin.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { done, phase, type Outcome, type Workflow } from "../../../shared/workflow/workflow.ts";

const Ids = z.array(z.string());
const Note = eventsWith(z.strictObject({ fleet: Name }))("note", { instances: Ids });
type Note = EventOf<typeof Note>;
const NoteRequest = z.strictObject({
  ...requestShape,
  request: z.literal("note-spot"),
  fleet: Name,
  instances: Ids,
});

/** Begins a run for each fleet with members that are taken back. Returns the runs. */
export async function watchSpot(ports: Ports): Promise<readonly string[]> {
  const { cloud } = ports;
  const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
  const fresh = (await describeInstances(cloud, { tags, lock: "Recycling" })).filter(isUnnoted);
  const runs: string[] = [];
  for (const fleet of new Set(
    fresh.flatMap((instance) => Name.safeParse(instance.tags[TAG.fleet]).data ?? []),
  )) {
    const members = fresh.filter((instance) => isMember(cloud, instance, fleet));
    const instances = members.map(({ id }) => id).toSorted();
    // Of the day of the last start, so that two looks around midnight are one run.
    const at = Math.max(...members.map(({ startedAt, createdAt }) => startedAt ?? createdAt));
    const run = runId("spot", fleet, at, [cloud.access.bucket, at, ...instances]);
    const request = { v: 1, request: "note-spot", fleet, instances };
    await beginRun({ run, by: "timer:resend", request }, ports);
    runs.push(run);
  }
  return runs;
}

/** A tag of before the last start is of an earlier notice. */
const isUnnoted = ({ tags, startedAt = 0 }: Instance): boolean =>
  !(Date.parse(tags[TAG.takenBackAt] ?? "") >= startedAt);

async function note({ instances, input, startedAt }: Note, { cloud }: Ports): Promise<Outcome> {
  const { fleet } = input;
  const found = await describeInstances(cloud, { ids: instances });
  const at = tagInstant(startedAt);
  const isOfOther = (one: Instance): boolean => !isUnnoted(one) && one.tags[TAG.takenBackAt] !== at;
  const others = new Set(found.filter(isOfOther).map(({ id }) => id));
  const own = found.filter((one) => !others.has(one.id) && isMember(cloud, one, fleet));
  await tagEach(
    cloud,
    own.map(({ id }) => id),
    { [TAG.takenBackAt]: at },
  );
  // Those that are gone by now were members when they were seen.
  return done({ fleet, lost: instances.filter((id) => !others.has(id)) });
}

export const spot: Workflow = {
  kind: "spot",
  phases: [phase(Note, { limitMs: minutes(30), run: note })],
  begin: (event) => {
    const { fleet, instances } = parse(NoteRequest, event.input, "notice of spot instances");
    return firstEvent(Note, event, { fleet }, { instances });
  },
  onComplete: afterFleetRun,
};
