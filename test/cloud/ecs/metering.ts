/** The instances of a world as CloudMonitor sees them. */
import type { InstanceReader, MeteredInstance } from "../core/metering.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

export function meteringOf(world: World): InstanceReader {
  const metered = (instance: Instance): MeteredInstance => ({
    instanceId: instance.instanceId,
    publicIp: instance.publicIp,
    runs: instance.runs,
    load: world.loadOf(instance),
  });
  return {
    all: () => [...world.instances.values()].map(metered),
    find: (instanceId) => {
      const instance = world.instances.get(instanceId);
      return instance && metered(instance);
    },
    get metricDelayMs() {
      return world.delays.metricMs;
    },
  };
}
