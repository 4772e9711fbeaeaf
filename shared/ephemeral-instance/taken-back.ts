/** A spot instance that the cloud takes back: the work begins again on an instance that is paid for. */
import { describeInstances } from "../cloud/ecs/instances.ts";
import type { Ports } from "../invocation.ts";
import { next, type Outcome } from "../workflow/workflow.ts";
import type { Instance, InstanceEvent } from "./events.ts";
import { specOfferings } from "./spec.ts";

/**
 * The launch of another instance, once the one of `event` is locked for its release; undefined while it is not. Spot
 * offerings are passed over: what is taken back once may be again, and the work is done twice by then.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/query-interruption-events-of-preemptible-instances
 */
export async function elsewhere<I>(
  { use, types }: Instance<I>,
  event: InstanceEvent<I> & { readonly instanceId: string },
  { cloud }: Ports,
): Promise<Outcome | undefined> {
  const spec = use.spec(event.input);
  if (!spec.spot.wanted) return undefined;
  const [instance] = await describeInstances(cloud, { ids: [event.instanceId] });
  if (instance?.locks.includes("Recycling") !== true) return undefined;
  const offering = specOfferings(spec).findIndex(({ payment }) => payment !== "spot");
  const note = `${event.instanceId} is taken back by the cloud, so all commands run again on another instance`;
  return next(types.Launch, { offering, refusals: [note] }, { note });
}
