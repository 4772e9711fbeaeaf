/** Keeps one member running: a user followed the link of an announcement, so idle checks leave it alone for a while. */
import * as z from "zod/mini";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { minutes, readInstant } from "../../../shared/duration.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { Name } from "../../../shared/names.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { TAG, tagInstant } from "../../../shared/tags.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { done, failed, phase, type Outcome, type Workflow } from "../../../shared/workflow/workflow.ts";

const InstanceId = z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/));

const event = eventsWith(z.strictObject({ fleet: Name }));

const Keep = event("keep", { instance: InstanceId, until: z.int() });
type Keep = EventOf<typeof Keep>;

async function keepInstance({ input, instance: id, until }: Keep, { cloud }: Ports): Promise<Outcome> {
  const { fleet } = input;
  const found = await loadFleet(cloud, fleet);
  if ("problem" in found) return failed(found.problem);
  const [instance] = await describeInstances(cloud, { ids: [id] });
  // The link was signed for a member, which may have been released or moved to another fleet since.
  if (instance === undefined || !isMember(cloud, instance, fleet))
    return failed(`${id} is not a member of fleet ${fleet}`);
  const tag = found.document.idle?.optOutTag ?? TAG.keep;
  const longer = instance.tags[tag];
  if (longer !== undefined && readInstant(longer) > until)
    return done({ fleet, instance: id, keptUntil: longer });
  await tagResources(cloud, "instance", [id], { [tag]: tagInstant(until) });
  return done({ fleet, instance: id, keptUntil: tagInstant(until) });
}

/** Keeps one instance running until `until`, epoch ms. */
export const KeepRequest = z.strictObject({
  ...requestShape,
  request: z.literal("keep"),
  fleet: Name,
  instance: InstanceId,
  until: z.int(),
});

export const keep: Workflow = {
  kind: "keep",
  onComplete: afterFleetRun,
  phases: [
    phase(Keep, {
      limitMs: minutes(30),
      run: keepInstance,
      compensate: (_event, reason) => failed(reason),
    }),
  ],
  begin: (request) => {
    const { fleet, instance, until } = parse(KeepRequest, request.input, "keep");
    return firstEvent(Keep, request, { fleet }, { instance, until });
  },
};
