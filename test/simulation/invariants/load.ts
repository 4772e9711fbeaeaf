/** K7: the load of members, and how it makes trouble for idle checks: it rises at the last moment, or its metrics have gaps. */
import { hours, minutes } from "../../../shared/duration.ts";
import { BUSY } from "../../cloud/index.ts";
import { IDLE } from "../../support/idle.ts";
import type { Simulation } from "../simulation.ts";

/** Share of the last looks before a stop at which a member goes to work again. */
const RISES = 0.15;
/** Since when it has been busy then, longer than CloudMonitor takes to publish; and for how long it stays so. */
const RISEN_MS = minutes(12);
const BUSY_MS = minutes(20);

/**
 * Lets members that are about to be stopped go to work in the minutes before. Another delivery may have looked at them since
 * then, and has seen the truth of that time.
 */
export function loadRises({ kiln, draw, idleSince }: Simulation): () => void {
  const { world, time, faults } = kiln.cloud;
  const seenAt = new Map<string, number>();
  return faults.interleave({
    product: "cms",
    action: "DescribeMetricList",
    before: ({ Period, Dimensions = "" }) => {
      const now = time.now();
      const idle = [...idleSince].filter(([id, since]) => since <= now && Dimensions.includes(id));
      // Points of a minute are read right before a stop, and only then.
      if (Period !== "60" || idle.length === 0) return;
      const unseen = idle.filter(([id]) => now - (seenAt.get(id) ?? 0) > RISEN_MS);
      for (const [id] of idle) seenAt.set(id, now);
      if (draw() >= RISES || unseen.length === 0) return;
      const [id = ""] = unseen[Math.floor(draw() * unseen.length)] ?? [];
      world.load(id, () => BUSY, { fromAt: now - RISEN_MS, toAt: now + BUSY_MS });
      idleSince.set(id, now + BUSY_MS);
    },
  });
}

/** Lets members idle from now on. */
export function letIdle({ kiln, idleSince }: Simulation, ids: readonly string[]): void {
  const { world, time } = kiln.cloud;
  for (const id of ids) {
    world.load(id, () => IDLE, { fromAt: time.now() });
    idleSince.set(id, time.now());
  }
}

/** Share of the members whose metrics have a gap. */
const GAPS = 0.3;

/** The same, but the metrics of some lack their first full hour: they count as idle after it. */
export function letIdleWithGaps(simulation: Simulation, ids: readonly string[]): void {
  const { kiln, draw, idleSince } = simulation;
  const { world, time } = kiln.cloud;
  letIdle(simulation, ids);
  const fromAt = Math.ceil(time.now() / hours(1)) * hours(1);
  for (const id of ids.filter(() => draw() < GAPS)) {
    world.load(id, () => undefined, { fromAt, toAt: fromAt + hours(1) });
    idleSince.set(id, fromAt + hours(1));
  }
}
