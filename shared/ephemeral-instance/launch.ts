/** Launching an ephemeral instance, offering by offering, until its Cloud Assistant answers. */
import { agentsOnline } from "../cloud/ecs/commands.ts";
import { describeInstances, runInstances } from "../cloud/ecs/instances.ts";
import { clientToken } from "../cloud/ecs/token.ts";
import { minutes } from "../duration.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { isLate } from "../late.ts";
import { noteNoCapacity } from "../offerings.ts";
import { redactedStart } from "../redact.ts";
import { FIRST_BOOT_MS, PACE, poll } from "../workflow/poll.ts";
import { next, type Outcome } from "../workflow/workflow.ts";
import { command, firstIndex } from "./command.ts";
import type { At, Instance } from "./events.ts";
import { launchedBy } from "./own.ts";
import { launchParams, noInstance, recipeFields, specOfferings } from "./spec.ts";

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
  const refused = await use.refuseLaunch(event, ports);
  if (refused !== undefined) return use.compensate(event, refused);
  // LATE-1.
  const [earlier] = isLate(event, clock) ? await launchedBy(cloud, event.run, spec.role) : [];
  if (earlier !== undefined)
    return next(
      types.Boot,
      { ...placeOf(event), instanceId: earlier.id },
      { note: `${earlier.id} is there` },
    );
  const params = launchParams(event, spec, offering, cloud);
  const token = clientToken(event.run, `launch-${spec.role}`, event.offering, params);
  try {
    const [instanceId] = (await runInstances(cloud, params, token)).instanceIds;
    if (instanceId === undefined)
      return poll(event, clock, PACE.instance, "RunInstances answered without an instance");
    const state = { ...placeOf(event), instanceId };
    return next(types.Boot, state, {
      afterMs: FIRST_BOOT_MS,
      note: `${instanceId} ${offering.name}`,
    });
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    error.in(recipeFields(spec));
    if (error.kind !== "change") throw error;
    if (error.capacity) await noteNoCapacity(offering, ports);
    const note = `${offering.name}: ${error.short}`;
    return next(types.Launch, nextPlace(event, note), { note });
  }
}

/** An instance that is not listed this long after its launch is gone (INSTANCE-3). */
const ABSENT_MS = minutes(2);

/** Waits until the instance runs and takes commands, and sends the first one. */
export async function boot<I>(of: Instance<I>, event: At<I, "Boot">, ports: Ports): Promise<Outcome> {
  const { types } = of;
  const { cloud, clock } = ports;
  const { instanceId } = event;
  const [instance] = await describeInstances(cloud, { ids: [instanceId] });
  if (instance === undefined) {
    return clock.now() - event.phaseStartedAt < ABSENT_MS
      ? poll(event, clock, PACE.instance, `${instanceId} is not listed yet`)
      : next(types.Launch, nextPlace(event, `${instanceId} vanished`), { note: `${instanceId} vanished` });
  }
  if (instance.status !== "Running")
    return poll(event, clock, PACE.instance, `${instanceId} is ${instance.status}`);
  if (!(await agentsOnline(cloud, [instanceId])).has(instanceId))
    return poll(event, clock, PACE.instance, `${instanceId} runs, Cloud Assistant is not online yet`);
  return command(
    of,
    { ...event, index: firstIndex(of), tried: 0 },
    ports,
    `${instanceId} is ready for commands`,
  );
}

interface Place {
  readonly offering: number;
  readonly order?: number[] | undefined;
  readonly refusals: string[];
}

const placeOf = ({ offering, order, refusals }: Place) => ({ offering, ...(order && { order }), refusals });

/** The refusals that travel in the event; a recipe may name a hundred offerings. */
const REFUSALS_MAX = 12;

function nextPlace({ offering, refusals, ...rest }: Place, why: string) {
  const kept = [...refusals, redactedStart(why, 120)].slice(0, REFUSALS_MAX);
  return placeOf({ ...rest, offering: offering + 1, refusals: kept });
}

function refusalsOf({ offering, refusals }: Place): string[] {
  const more = offering - refusals.length;
  return [...refusals, ...(more > 0 ? [`${more} more`] : [])];
}
