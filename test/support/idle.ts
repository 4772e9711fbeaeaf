/** Idle machines without a wait for them; no fixture of a test in it, so benches and rehearsals can use it too. */
import { BUSY, type Load } from "../cloud/index.ts";
import type { Deployment } from "./deployment.ts";

/** Past the timer of the hour, so that the only check is the one a test asks for. A Monday, 16:16 in Shanghai. */
export const QUIET = { at: Date.UTC(2026, 0, 5, 8, 16) };

export const IDLE: Load = { ...BUSY, cpuAverage: 0.5, cpuMaximum: 2 };
export const POLICY = { signals: { cpuAverage: 5 }, window: "2h", grace: "1h", cap: { percent: 100 } };

/** Makes instances look as if they had started `agoMs` ago, so that no test has to wait. */
export function age(kiln: Deployment, agoMs: number): void {
  for (const instance of kiln.cloud.world.instances.values()) {
    kiln.cloud.world.ageInstance(instance.instanceId, agoMs);
  }
}
