/** How many machines of each fleet ran in the last days: the counts in the drifts that the hourly timer has written. */
import type { FleetCount } from "../../shared/drift.ts";
import { days, hours } from "../../shared/duration.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { countsAt } from "./drift.ts";

/** Drifts are kept for a week. */
const BACK_MS = days(6);
/** Reads of an answer: one for each step. */
const STEP_MS = hours(3);
/** Fewer than Node takes for a leak of listeners. */
const AT_A_TIME = 8;

/** The counts at an instant, epoch ms. A fleet that is missing had no members. */
export interface HistoryPoint {
  readonly at: number;
  readonly fleets: Readonly<Record<string, FleetCount>>;
}

/** @throws CloudError */
export async function history({
  cloud,
  clock,
}: Ports): Promise<{ readonly points: readonly HistoryPoint[] }> {
  const now = clock.now();
  const count = Math.floor(BACK_MS / STEP_MS) + 1;
  const instants = Array.from({ length: count }, (_, step) => now - (count - 1 - step) * STEP_MS);
  const points = await inBatches(instants, (at) => pointAt(at, cloud), AT_A_TIME);
  return { points: points.flat() };
}

async function pointAt(at: number, cloud: Ports["cloud"]): Promise<HistoryPoint[]> {
  const found = await countsAt(cloud, at);
  // The object of the same hour a week ago is not of this one.
  return found?.fleets && Math.abs(found.at - at) < STEP_MS ? [{ at: found.at, fleets: found.fleets }] : [];
}
