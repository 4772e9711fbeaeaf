/** Somebody followed the link of an announcement: the member is left alone for a while, then looked at again. */
import { loadFleet } from "../../shared/document-store.ts";
import { describeInstances } from "../../shared/cloud/instances.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import { markOf } from "../../shared/labels.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, type Outcome } from "../../shared/machine.ts";
import { isMember } from "../../shared/limits/members.ts";

export async function keepStep(
  event: Extract<IdleEvent, { phase: "keep" }>,
  { cloud }: Ports,
): Promise<Outcome<IdleEvent>> {
  const { instance: id, until } = event;
  const { fleet } = event.job;
  const found = await loadFleet(cloud, fleet);
  if ("problem" in found) return failed(found.problem);
  const { document } = found;
  const [instance] = await describeInstances(cloud, { ids: [id] });
  // The link was signed for a member; it may have been released, or given to somebody else, since.
  if (instance === undefined || !isMember(instance, fleet))
    return failed(`${id} is no member of fleet ${fleet}`);
  const tag = document.idle?.optOutTag ?? "kiln:keep";
  if (instance.tags[tag] !== undefined && Date.parse(instance.tags[tag]) > until)
    return done({ fleet, instance: id, keptUntil: instance.tags[tag] });
  await tagResources(cloud, "instance", [id], { [tag]: markOf(until) });
  return done({ fleet, instance: id, keptUntil: markOf(until) });
}
