/**
 * An ephemeral instance: launched from an image, given commands through Cloud Assistant (no SSH, no inbound port,
 * no key pair), and released on every path. A bake builds on one, a promotion tests on one.
 *
 *     launch → boot → command ⇄ watch, command ⇄ reboot, then the workflow's own phases up to `releaseInstance`
 *
 * INSTANCE-1. Tags and AutoReleaseTime are in the create call, so an instance whose run died ends by itself.
 * INSTANCE-2. An offering that does not work is left for the next one, which has a client token of its own.
 * INSTANCE-3. An instance counts as gone only some time after its launch: a list may lag behind it.
 */
import { hours, minutes } from "../duration.ts";
import type { Ports } from "../invocation.ts";
import { orderByCapacity } from "../offerings.ts";
import type { EventType } from "../workflow/envelope.ts";
import { next, phase, type Outcome, type Phase } from "../workflow/workflow.ts";
import { command, reboot, watch } from "./command.ts";
import { instanceEvents, type Instance, type InstanceEvent, type InstanceUse } from "./events.ts";
import { boot, launch } from "./launch.ts";
import { specOfferings } from "./spec.ts";

interface EphemeralInstance<I> {
  /** launch, boot, command, watch, reboot. */
  readonly phases: readonly Phase[];
  /** Goes on to the launch, with the order of its offerings; for the phase before it. */
  readonly start: (input: I, ports: Ports, note?: string) => Promise<Outcome>;
}

/** The phases of an ephemeral instance for one workflow, which releases it in a phase of its own. */
export function ephemeralInstance<I>(use: InstanceUse<I>): EphemeralInstance<I> {
  const types = instanceEvents(use.input);
  const instance: Instance<I> = { use, types };
  const { Launch, Boot, Command, Watch, Reboot } = types;
  return {
    phases: [
      { ...instancePhase(Launch, minutes(20), instance, launch<I>), creates: true as const },
      instancePhase(Boot, minutes(20), instance, boot<I>),
      instancePhase(Command, minutes(20), instance, command<I>),
      // Cloud Assistant ends a command at its time-out; this limit only catches one that it lost.
      instancePhase(Watch, hours(25), instance, watch<I>),
      instancePhase(Reboot, minutes(20), instance, reboot<I>),
    ],
    start: async (input, ports, note) => {
      const order = await orderByCapacity(specOfferings(use.spec(input)), ports);
      return next(
        Launch,
        { offering: 0, refusals: [], ...(order && { order: [...order] }) },
        { input, note },
      );
    },
  };
}

/** One phase: `run`, unless the workflow refuses to go on. */
function instancePhase<I, E extends InstanceEvent<I> & { readonly instanceId?: string }>(
  type: EventType<E>,
  limitMs: number,
  instance: Instance<I>,
  run: (instance: Instance<I>, event: E, ports: Ports) => Promise<Outcome>,
): Phase<E> {
  const { refuse, compensate } = instance.use;
  return phase(type, {
    limitMs,
    run: async (event, ports) => {
      const reason = refuse?.(event, ports.clock.now());
      return reason === undefined ? run(instance, event, ports) : compensate(event, reason, event.instanceId);
    },
    compensate: (event, reason) => compensate(event, reason, event.instanceId),
  });
}
