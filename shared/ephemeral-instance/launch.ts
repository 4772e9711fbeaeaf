/** Launching an ephemeral instance, offering by offering, until its Cloud Assistant answers. */
import { agentsOnline } from "../cloud/ecs/commands.ts";
import { describeInstances, runInstances } from "../cloud/ecs/instances.ts";
import { clientToken } from "../cloud/ecs/token.ts";
import { minutes } from "../duration.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { noteNoCapacity } from "../offerings.ts";
import { PACE, poll } from "../workflow/poll.ts";
import { next, type Outcome } from "../workflow/workflow.ts";
import type { At, Instance } from "./events.ts";
import { launchParams, noInstance, specOfferings } from "./spec.ts";

/** INSTANCE-2. An offering that does not work is left for the next one, which has a client token of its own. */
export async function launch<I>(
  { use, types }: Instance<I>,
  event: At<I, "Launch">,
  ports: Ports,
): Promise<Outcome> {
  const { cloud, clock } = ports;
  const spec = use.spec(event.input);
  const place = event.order?.[event.offering] ?? event.offering;
  const offering = specOfferings(spec)[place];
  if (offering === undefined) return use.compensate(event, noInstance(spec, refusalsOf(event)));
  const params = launchParams(event, spec, offering, cloud);
  const token = clientToken(event.run, `launch-${spec.role}`, event.offering, params);
  try {
    const [instanceId] = (await runInstances(cloud, params, token)).instanceIds;
    if (instanceId === undefined)
      return poll(event, clock, PACE.instance, "RunInstances answered without an instance");
    const state = { ...placeOf(event), instanceId };
    return next(types.Boot, state, {
      afterMs: PACE.instance.firstMs,
      note: `${instanceId} ${offering.name}`,
    });
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== "change") throw error;
    if (error.capacity) await noteNoCapacity(offering, ports);
    return next(types.Launch, nextPlace(event), { note: `${offering.name}: ${error.code}` });
  }
}

/** An instance that is not listed this long after its launch is gone (INSTANCE-3). */
const ABSENT_MS = minutes(2);

/** Waits until the instance runs and takes commands. */
export async function boot<I>(
  { types }: Instance<I>,
  event: At<I, "Boot">,
  { cloud, clock }: Ports,
): Promise<Outcome> {
  const { instanceId } = event;
  const [instance] = await describeInstances(cloud, { ids: [instanceId] });
  if (instance === undefined) {
    return clock.now() - event.phaseStartedAt < ABSENT_MS
      ? poll(event, clock, PACE.instance, `${instanceId} is not listed yet`)
      : next(types.Launch, nextPlace(event), { note: `${instanceId} vanished` });
  }
  if (instance.status !== "Running")
    return poll(event, clock, PACE.instance, `${instanceId} is ${instance.status}`);
  if (!(await agentsOnline(cloud, [instanceId])).has(instanceId))
    return poll(event, clock, PACE.instance, `${instanceId} runs, Cloud Assistant is not online yet`);
  return next(types.Command, { instanceId, index: 0 }, { note: `${instanceId} is ready for commands` });
}

interface Place {
  readonly offering: number;
  readonly order?: number[] | undefined;
}

const placeOf = ({ offering, order }: Place) => ({ offering, ...(order && { order }) });
const nextPlace = (place: Place) => placeOf({ ...place, offering: place.offering + 1 });

/** Why each offering was refused, from the notes of the history, which drops some of a very long list. */
function refusalsOf<I>({ history, offering }: At<I, "Launch">): string[] {
  const notes = history.flatMap(({ phase, note }) =>
    phase === "launch" && note !== undefined ? [note] : [],
  );
  const more = offering - notes.length;
  return [...notes, ...(more > 0 ? [`${more} more`] : [])];
}
